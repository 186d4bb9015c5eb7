"""Fleiss' kappa of many raters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.review.agreement.case_bootstrap import DRAWS, estimate
from napari_latent_explain.review.agreement.chance import beyond_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.review.agreement.coefficient import Coefficient
    from napari_latent_explain.review.agreement.ratings_table import RatingsTable

__all__ = ["fleiss_kappa"]


def fleiss_kappa(table: RatingsTable, rng: np.random.Generator, *, draws: int = DRAWS) -> Coefficient:
    """Measure the agreement of many raters on categories, beyond what the pooled frequencies of answers give by chance.

    Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76 (1971), 378-382.

    It wants the same number of ratings, n, for every unit; they need not be of the same raters. Where ratings are missing, n is
    the most frequent number of ratings that is at least 2 (the larger of two equally frequent), and units with another number are
    left out and counted. Krippendorff's alpha takes them all.

    It is undefined with fewer than two units, and where all answers are the same.

    Parameters
    ----------
    table : RatingsTable
        Answers without order.
    rng, draws : numpy.random.Generator, int
        Of the bootstrap interval.

    Raises
    ------
    WrongUseError
        If fewer than 100 resamples are asked for.
    """
    part = table.pairable()
    if part.units:
        numbers, frequency = np.unique(part.ratings_of_units, return_counts=True)
        most = numbers[frequency == frequency.max()].max()
        part = part.only(part.ratings_of_units == most)

    def kappa(times: NDArray[np.float64]) -> NDArray[np.float64]:
        _, counts = part.counts()
        answers = times @ counts
        ratings = answers.sum(axis=1)
        observed = times @ (1 - part.agreeing_shares()) / times.sum(axis=1)
        expected = (ratings**2 - (answers**2).sum(axis=1)) / ratings**2
        return beyond_chance(observed, expected)

    return estimate("Fleiss' kappa", table, part, kappa, rng, draws)
