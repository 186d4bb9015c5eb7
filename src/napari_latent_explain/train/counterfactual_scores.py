"""The counterfactuals of a scoreboard: those that change the decision just so, and those that a classifier is sure of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from napari_latent_explain.explain.pivot import Pivot, changed_fraction
from napari_latent_explain.latent import reconstruct
from napari_latent_explain.model.batches import in_batches
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer
    from napari_latent_explain.model.second_opinion import SecondOpinion

__all__ = ["SURE", "Counterfactuals", "make_counterfactuals", "second_odds", "second_verdict"]

SURE = 0.9  # probability of the other class from which a classifier counts as sure of it
Values: TypeAlias = "NDArray[Any]"


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """For each of N photographs: the composite (N, 3, R, R), the other class and its log odds there, and what it took.

    `targets` (N,) are classes; `reached` (N,) says whether the target has the probability that was asked for; `directions`
    (N,) is how many were moved; `changed` (N,) the changed share of the field; `reverted` (N,) whether the composite, taken as
    a photograph of its own and encoded anew, is decided as before when the edit is undone.
    """

    composites: Tensor
    targets: NDArray[np.int64]
    margins: Values
    reached: NDArray[np.bool_]
    directions: Values
    changed: Values
    reverted: NDArray[np.bool_]
    seconds_render: Values


def make_counterfactuals(
    explainer: Explainer, pivots: list[Pivot], progress: Progress, *, probability: float | None = None
) -> Counterfactuals:
    """The smallest counterfactual of each photograph towards the most probable other class, and back again.

    Parameters
    ----------
    explainer : Explainer
        The model.
    pivots : list of Pivot
        Photographs at their codes.
    progress : Progress
        Told once a photograph, from 0 to 1.
    probability : float, optional
        That the other class is to have; if not given, more than any other.
    """
    composites, rows = [], []
    for k, pivot in enumerate(pivots):
        progress("Looking for counterfactuals", k / len(pivots))
        with torch.no_grad():
            logits = explainer.classifier(pivot.picture)[0]
        decision = int(logits.argmax())
        target = int(
            logits.masked_fill(torch.arange(len(logits), device=logits.device) == decision, -torch.inf).argmax()
        )
        found = pivot.search(target, probability=probability)
        edit = found.edit
        began = time.perf_counter()
        made = pivot.composites([edit])
        spent = time.perf_counter() - began
        with torch.no_grad():
            after = float(margin(explainer.classifier(made.picture), target))
            code = explainer.encode(made.picture)
            anew = Pivot(explainer, made.picture, pivot.mask, code, reconstruct(explainer, code, pivot.mask))
            back = int(explainer.classifier(anew.composites([-edit]).picture)[0].argmax())
        composites.append(made.picture)
        changed = changed_fraction(made.difference, pivot.mask)
        reached = after > 0 and (probability is None or found.reached)
        rows.append((target, after, reached, len(edit.strengths), changed, back == decision, spent))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Counterfactuals(torch.cat(composites), *columns)


def second_odds(oracle: SecondOpinion, pictures: Tensor) -> Values:
    """Log odds (N,) that an independent classifier gives pictures (N, 3, R, R)."""
    with torch.no_grad():
        odds: Values = in_batches(oracle, pictures.cpu()).double().numpy()
    return odds


def second_verdict(oracle: SecondOpinion, before: Values, made: Counterfactuals) -> NDArray[np.bool_]:
    """Whether an independent classifier, with log odds `before` (N,) of the photographs, follows.

    For each photograph on which it agrees with the classifier: whether its decision, too, is the target after; an answer that
    was not reached counts as one that it does not follow.
    """
    after = second_odds(oracle, made.composites)
    agreed = (before > 0) == (made.targets == 0)
    convinced: NDArray[np.bool_] = (made.reached & ((after > 0) == (made.targets == 1)))[agreed]
    return convinced
