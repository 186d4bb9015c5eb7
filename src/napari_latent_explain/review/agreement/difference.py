"""How far two answers are apart, for Krippendorff's alpha: one difference function for each level of measurement.

Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), University of Pennsylvania, "metric differences".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Difference", "IntervalDifference", "NominalDifference", "OrdinalDifference", "RatioDifference"]


class Difference(FrozenModel, ABC):
    """The difference of answers, by what their numbers mean."""

    name: str

    @abstractmethod
    def squared(self, values: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the squared differences of values, symmetric with zeros on the diagonal.

        Parameters
        ----------
        values : numpy.ndarray
            (K,) different answers, ascending.
        frequencies : numpy.ndarray
            (B, K) how often each was given in each of B resamples.

        Returns
        -------
        numpy.ndarray
            (K, K) where frequencies don't matter, otherwise (B, K, K).

        Raises
        ------
        WrongUseError
            If the values can't be measured so.
        """


class NominalDifference(Difference):
    """Numbers are names: answers are the same or not."""

    name: Literal["nominal"] = "nominal"

    def squared(self, values: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 1 wherever values differ."""
        differ: NDArray[np.float64] = (values[:, None] != values).astype(np.float64)
        return differ


class OrdinalDifference(Difference):
    """Numbers are ranks: two answers are as far apart as there are answers from one to the other."""

    name: Literal["ordinal"] = "ordinal"

    def squared(self, values: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return squares of the answers from c to k, with half of those that are c or k: a difference of mean ranks."""
        ranks = frequencies.cumsum(axis=-1) - frequencies / 2
        return (ranks[..., :, None] - ranks[..., None, :]) ** 2


class IntervalDifference(Difference):
    """Numbers are quantities of a scale without a natural zero."""

    name: Literal["interval"] = "interval"

    def squared(self, values: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return squares of c - k."""
        return (values[:, None] - values) ** 2


class RatioDifference(Difference):
    """Numbers are amounts, zero or more: a difference counts in relation to their size."""

    name: Literal["ratio"] = "ratio"

    def squared(self, values: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return squares of (c - k) / (c + k).

        Raises
        ------
        WrongUseError
            If a value is negative.
        """
        if (values < 0).any():
            msg = f"Ratios are of amounts, and {values.min():g} is negative: use the interval difference."
            raise WrongUseError(msg)
        total = values[:, None] + values
        return ((values[:, None] - values) / np.where(total > 0, total, 1.0)) ** 2
