"""Krippendorff's alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.review.agreement.case_bootstrap import DRAWS, estimate
from napari_latent_explain.review.agreement.chance import beyond_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.review.agreement.coefficient import Coefficient
    from napari_latent_explain.review.agreement.difference import Difference
    from napari_latent_explain.review.agreement.ratings_table import RatingsTable

__all__ = ["krippendorff_alpha"]

_CELLS = 2**21  # numbers held at a time (16 MB), where differences depend on the resample


def krippendorff_alpha(
    table: RatingsTable, difference: Difference, rng: np.random.Generator, *, draws: int = DRAWS
) -> Coefficient:
    """Measure the agreement of any number of raters with any ratings missing, for answers of any level of measurement.

    Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), University of Pennsylvania. Units with fewer than two
    ratings are left out. It is undefined with fewer than two units, and where all answers are the same.

    The interval comes from drawing cases. The one that Hayes & Krippendorff propose (Communication Methods and Measures 1 (2007),
    77-89) draws pairs of ratings as if those of one unit were independent, which makes it narrower.

    Parameters
    ----------
    table : RatingsTable
        Answers; for other than nominal differences their numbers must mean something.
    difference : Difference
        What a disagreement counts.
    rng, draws : numpy.random.Generator, int
        Of the bootstrap interval.

    Raises
    ------
    WrongUseError
        If answers can't be measured so, or fewer than 100 resamples are asked for.
    """
    part = table.pairable()
    values, counts = part.counts()
    others = counts.sum(axis=1) - 1

    def some(times: NDArray[np.float64]) -> NDArray[np.float64]:
        frequencies = times @ counts
        squared = difference.squared(values, frequencies)
        within = (counts @ squared * counts).sum(axis=-1) / others
        observed = (times * within).sum(axis=1) * (frequencies.sum(axis=1) - 1)
        expected = ((frequencies[:, None] @ squared)[:, 0] * frequencies).sum(axis=1)
        return beyond_chance(observed, expected)

    def alpha(times: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = max(1, _CELLS // (len(values) * max(len(values), part.units)))
        return np.concatenate([some(times[begin : begin + rows]) for begin in range(0, len(times), rows)])

    return estimate(f"Krippendorff's alpha, {difference.name}", table, part, alpha, rng, draws)
