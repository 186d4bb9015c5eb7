"""Cohen's kappa of two raters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.review.agreement.case_bootstrap import DRAWS, estimate
from napari_latent_explain.review.agreement.chance import beyond_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.review.agreement.coefficient import Coefficient
    from napari_latent_explain.review.agreement.kappa_weights import KappaWeights
    from napari_latent_explain.review.agreement.ratings_table import RatingsTable

__all__ = ["cohen_kappa"]


def cohen_kappa(
    table: RatingsTable, weights: KappaWeights, rng: np.random.Generator, *, draws: int = DRAWS
) -> Coefficient:
    """Measure the agreement of two raters beyond what their own frequencies of answers give by chance.

    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960), 37-46; with
    weights: Psychological Bulletin 70 (1968), 213-220. Units that one of the two did not rate are left out.

    It is undefined with fewer than two units, and where both raters gave one and the same answer throughout. Where one of them
    did and the other varied, kappa is 0 whatever they agree on: look at `agreement` too.

    Parameters
    ----------
    table : RatingsTable
        Of two raters; `RatingsTable.of_raters` picks them.
    weights : KappaWeights
        What a disagreement counts.
    rng, draws : numpy.random.Generator, int
        Of the bootstrap interval.

    Raises
    ------
    WrongUseError
        If there are not two raters, an answer is not among the weights' levels, or fewer than 100 resamples are asked for.
    """
    if table.values.shape[1] != 2:
        msg = f"Cohen's kappa is of two raters, this table has {table.values.shape[1]}: pick two with of_raters()."
        raise WrongUseError(msg)
    part = table.pairable()
    given, answer = np.unique(part.values, return_inverse=True)
    first, second = answer.reshape(-1, 2).T
    disagreement = weights.disagreement(given)
    indicator = np.eye(len(given))

    def kappa(times: NDArray[np.float64]) -> NDArray[np.float64]:
        observed = times @ disagreement[first, second] * times.sum(axis=1)
        expected = (times @ indicator[first] @ disagreement * (times @ indicator[second])).sum(axis=1)
        return beyond_chance(observed, expected)

    return estimate(f"Cohen's kappa, {weights.name}", table, part, kappa, rng, draws)
