"""Percent agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.review.agreement.case_bootstrap import DRAWS, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.review.agreement.coefficient import Coefficient
    from napari_latent_explain.review.agreement.ratings_table import RatingsTable

__all__ = ["percent_agreement"]


def percent_agreement(table: RatingsTable, rng: np.random.Generator, *, draws: int = DRAWS) -> Coefficient:
    """Measure how often raters give the same answer, as a share in [0, 1], without regard to chance.

    It is the mean over units of the share of agreeing pairs: P of Fleiss, "Measuring nominal scale agreement among many raters",
    Psychological Bulletin 76 (1971), 378-382, with each unit's own number of ratings. Units with fewer than two ratings are left
    out. It is undefined where no unit has two.

    Parameters
    ----------
    table : RatingsTable
        Answers of any kind: only whether they are the same counts.
    rng, draws : numpy.random.Generator, int
        Of the bootstrap interval.

    Raises
    ------
    WrongUseError
        If fewer than 100 resamples are asked for.
    """
    part = table.pairable()

    def share(times: NDArray[np.float64]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = times @ part.agreeing_shares() / times.sum(axis=1)
        return mean

    return estimate("percent agreement", table, part, share, rng, draws, fewest_units=1)
