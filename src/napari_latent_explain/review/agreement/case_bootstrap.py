"""A coefficient with its bootstrap interval: cases are drawn with replacement, and their units come along.

Efron, "Bootstrap methods: another look at the jackknife", The Annals of Statistics 7 (1979), 1-26; the percentile interval is
that of Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; drawing whole groups is Davison & Hinkley,
"Bootstrap Methods and their Application" (1997), section 3.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.review.agreement.coefficient import Coefficient

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_latent_explain.review.agreement.ratings_table import RatingsTable

__all__ = ["DRAWS", "FEWEST_CASES", "draw_cases", "estimate"]

DRAWS = 2000
"""Resamples of an interval, unless another number is asked for."""

FEWEST_CASES = 10
"""Fewer cases than this give no interval."""

_FEWEST_DRAWS = 100
_MOST_UNDEFINED = 0.05  # share of the resamples: as many as the interval itself cuts off


def draw_cases(cases: NDArray[np.int64], draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw as many cases as there are, with replacement.

    Parameters
    ----------
    cases : numpy.ndarray
        (units,) int64: the case of each unit, 0 to C - 1.
    draws : int
        How many resamples.
    rng : numpy.random.Generator
        The randomness.

    Returns
    -------
    numpy.ndarray
        (draws, units) float64: how often each unit is in each resample. Units of one case come equally often.
    """
    several = int(cases.max()) + 1
    times = rng.multinomial(several, np.full(several, 1 / several), size=draws)
    drawn: NDArray[np.float64] = times[:, cases].astype(np.float64)
    return drawn


def estimate(
    name: str,
    table: RatingsTable,
    part: RatingsTable,
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    rng: np.random.Generator,
    draws: int,
    *,
    fewest_units: int = 2,
) -> Coefficient:
    """Compute a coefficient of a table, and its 95 % percentile interval over cases.

    There is no interval where there are fewer than `FEWEST_CASES` cases, where every resample gives the same value (perfect
    agreement in the sample doesn't make it certain), or where more than 5 % of the resamples are undefined. Up to that share,
    undefined resamples are left out and counted. Below some 40 cases, and where one answer is far more frequent than the others,
    percentile intervals tend to be too narrow.

    Parameters
    ----------
    name : str
        What the coefficient is called.
    table, part : RatingsTable
        All ratings, and those of the units that take part: each has two ratings at least.
    statistic : callable
        From how often each unit of `part` is in each resample (B, units) to the coefficient of each resample (B,), NaN where
        undefined.
    rng, draws : numpy.random.Generator, int
        The randomness, and how many resamples.
    fewest_units : int
        With fewer units the coefficient is undefined.

    Raises
    ------
    WrongUseError
        If fewer than 100 resamples are asked for.
    """
    if draws < _FEWEST_DRAWS:
        msg = f"An interval needs {_FEWEST_DRAWS} resamples at least, not {draws}."
        raise WrongUseError(msg)
    blank = Coefficient(
        name=name,
        value=None,
        undefined="undefined: no unit has two ratings",
        agreement=float(part.agreeing_shares().mean()) if part.units else None,
        units=part.units,
        cases=len(np.unique(part.cases)),
        raters=int(part.known.any(axis=0).sum()),
        ratings=int(part.known.sum()),
        left_out=table.units - part.units,
    )
    if not part.units:
        return blank
    if part.units < fewest_units:
        return blank.replace(undefined="undefined: only one unit has two ratings")
    value = float(statistic(np.ones((1, part.units)))[0])
    if np.isnan(value):
        return blank.replace(undefined="undefined: no variation")
    found = {"value": value, "undefined": ""}
    if blank.cases < FEWEST_CASES:
        reason = f"no interval: fewer than {FEWEST_CASES} cases to draw from"
        return blank.replace(**found, without_interval=reason)
    drawn = statistic(draw_cases(part.cases, draws, rng))
    defined = drawn[~np.isnan(drawn)]
    found |= {"draws": draws, "undefined_draws": draws - len(defined)}
    if len(defined) < (1 - _MOST_UNDEFINED) * draws:
        reason = f"no interval: undefined in {draws - len(defined)} of {draws} resamples"
        return blank.replace(**found, without_interval=reason)
    if np.ptp(defined) < 1e-12:
        return blank.replace(**found, without_interval="no interval: every resample gives the same value")
    low, high = np.quantile(defined, [0.025, 0.975])
    return blank.replace(**found, interval=(float(low), float(high)))
