"""How much two answers disagree, for Cohen's kappa.

Cohen, "Weighted kappa", Psychological Bulletin 70 (1968), 213-220: any weights will do that are 0 on the diagonal; they are
chosen before the data are seen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KappaWeights", "QuadraticWeights", "Unweighted"]


class KappaWeights(FrozenModel, ABC):
    """What two answers' disagreement counts."""

    name: str

    @abstractmethod
    def disagreement(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the disagreement (K, K) of answers (K,) with one another: 0 on the diagonal, else above 0."""


class Unweighted(KappaWeights):
    """Answers are the same or not: for categories without order."""

    name: Literal["unweighted"] = "unweighted"

    def disagreement(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 1 wherever answers differ."""
        differ: NDArray[np.float64] = (values[:, None] != values).astype(np.float64)
        return differ


class QuadraticWeights(KappaWeights):
    """The square of the number of steps between two levels.

    Parameters
    ----------
    levels : tuple of float
        All levels that could be given, ascending, those too that nobody gave: a step is from one to the next, whatever numbers
        they have.
    """

    name: Literal["quadratic weights"] = "quadratic weights"
    levels: Annotated[tuple[float, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if any(high <= low for low, high in zip(self.levels, self.levels[1:], strict=False)):
            msg = "levels must ascend"
            raise ValueError(msg)
        return self

    def disagreement(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return squares of steps.

        Raises
        ------
        WrongUseError
            If an answer is none of the levels.
        """
        if strange := sorted(set(values.tolist()) - set(self.levels)):
            msg = f"The answer {strange[0]:g} is none of the levels {', '.join(f'{level:g}' for level in self.levels)}."
            raise WrongUseError(msg)
        steps = np.searchsorted(self.levels, values).astype(np.float64)
        return (steps[:, None] - steps) ** 2
