"""Which of two pictures is the real one: two-alternative forced choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.review.agreement.proportion import Proportion, exact_proportion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ForcedChoice", "forced_choice"]


class ForcedChoice(FrozenModel):
    """How a rater chose between two pictures side by side.

    Parameters
    ----------
    correct : Proportion
        Choices of the real picture; one half is guessing.
    left : Proportion
        Choices of the picture on the left, whichever it was. Far from one half it is a habit, if the real picture was on the left
        in about half of the trials.
    real_on_left : int
        Trials in which it was.
    """

    correct: Proportion
    left: Proportion
    real_on_left: Annotated[int, Field(ge=0)]


def _answers(given: ArrayLike, what: str) -> NDArray[np.bool_]:
    answers = np.asarray(given)
    if answers.ndim != 1 or (answers.size and answers.dtype != np.bool_):
        msg = f"{what} must be one True or False for each trial; leave trials out that were not answered."
        raise WrongUseError(msg)
    return answers.astype(np.bool_)


def forced_choice(real_on_left: ArrayLike, chose_left: ArrayLike) -> ForcedChoice:
    """Count correct choices, and choices of the left.

    Both proportions come with an exact interval and an exact two-sided p-value against one half (see `exact_proportion`), which
    take the trials as independent: give the trials of one rater, each pair of pictures once. Trials with
    two real pictures have no correct choice and do not belong here.

    Parameters
    ----------
    real_on_left, chose_left : array-like
        (trials,) bool: where the real picture was, and what was chosen.

    Raises
    ------
    WrongUseError
        If these are not truth values, or not equally many.
    """
    truth, choice = _answers(real_on_left, "Where the real picture was"), _answers(chose_left, "What was chosen")
    if len(truth) != len(choice):
        msg = f"There are {len(truth)} trials and {len(choice)} choices: give one choice for each trial."
        raise WrongUseError(msg)
    return ForcedChoice(
        correct=exact_proportion("correct", int((truth == choice).sum()), len(truth)),
        left=exact_proportion("chose the left", int(choice.sum()), len(truth)),
        real_on_left=int(truth.sum()),
    )
