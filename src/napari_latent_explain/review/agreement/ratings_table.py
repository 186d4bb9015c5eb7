"""What several raters answered about the same units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_latent_explain.domain import WrongUseError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RatingsTable"]


@dataclass(frozen=True, eq=False)
class RatingsTable:
    """Ratings of units by raters; made with `of`, never changed.

    Parameters
    ----------
    values : numpy.ndarray
        (units, raters) float64, read-only; NaN where a rating is missing. Nominal answers are coded as integers.
    cases : numpy.ndarray
        (units,) int64, read-only: the case that a unit belongs to, 0 to C - 1. Resampling draws whole cases.
    """

    values: NDArray[np.float64]
    cases: NDArray[np.int64]

    @classmethod
    def of(cls, values: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Make a table of numbers.

        Parameters
        ----------
        values : array-like
            (units, raters) numbers, NaN where a rating is missing.
        groups : array-like, optional
            (units,) integers or strings: which units belong to one case. Without it, each unit is a case.

        Raises
        ------
        WrongUseError
            If these are not numbers in two dimensions, if one is infinite, or if `groups` is not one name a unit.
        """
        try:
            table = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            msg = "Ratings must be numbers, with NaN where one is missing: code the answers as integers first."
            raise WrongUseError(msg) from error
        if table.ndim != 2:
            msg = f"Ratings must be a table of units x raters, not an array of {table.ndim} dimensions."
            raise WrongUseError(msg)
        if np.isinf(table).any():
            msg = "A rating is infinite: ratings must be finite, or NaN where one is missing."
            raise WrongUseError(msg)
        cases = np.arange(len(table)) if groups is None else _numbered(np.asarray(groups), len(table))
        table.flags.writeable = False
        cases.flags.writeable = False
        return cls(table, cases)

    @property
    def units(self) -> int:
        """How many units."""
        return len(self.values)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(units, raters) whether there is a rating."""
        return ~np.isnan(self.values)

    @property
    def ratings_of_units(self) -> NDArray[np.int64]:
        """(units,) how many ratings each unit has."""
        numbers: NDArray[np.int64] = self.known.sum(axis=1)
        return numbers

    def only(self, units: NDArray[np.bool_]) -> Self:
        """Return the table of some units, (units,) bool; those of one case stay together."""
        return type(self).of(self.values[units], self.cases[units])

    def of_raters(self, *raters: int) -> Self:
        """Return the table of some raters (columns), in this order.

        Raises
        ------
        WrongUseError
            If there is no such column.
        """
        columns = self.values.shape[1]
        if unknown := [rater for rater in raters if not 0 <= rater < columns]:
            msg = f"There is no rater {unknown[0]}: the table's raters are 0 to {columns - 1}."
            raise WrongUseError(msg)
        return type(self).of(self.values[:, list(raters)], self.cases)

    def pairable(self) -> Self:
        """Return the table of the units that have two ratings or more; others say nothing about agreement."""
        return self.only(self.ratings_of_units >= 2)

    def counts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the values (K,) that were given, ascending, and how often (units, K) each unit got them."""
        known = self.known
        given, column = np.unique(self.values[known], return_inverse=True)
        counts = np.zeros((self.units, len(given)))
        np.add.at(counts, (np.nonzero(known)[0], column), 1)
        return given, counts

    def agreeing_shares(self) -> NDArray[np.float64]:
        """(units,) share of the pairs of ratings of a unit that agree; every unit must have two ratings."""
        _, counts = self.counts()
        each = counts.sum(axis=1)
        shares: NDArray[np.float64] = (counts * (counts - 1)).sum(axis=1) / (each * (each - 1))
        return shares


def _numbered(groups: NDArray[np.generic], units: int) -> NDArray[np.int64]:
    if groups.shape != (units,):
        msg = f"Groups must name one case for each of {units} units, not be of shape {groups.shape}."
        raise WrongUseError(msg)
    if units and groups.dtype.kind not in "iuUS":
        msg = f"Groups must be integers or strings, not {groups.dtype}."
        raise WrongUseError(msg)
    numbers: NDArray[np.int64] = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return numbers
