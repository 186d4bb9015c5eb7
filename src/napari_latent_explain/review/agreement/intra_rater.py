"""Whether raters agree with themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.review.agreement.case_bootstrap import DRAWS
from napari_latent_explain.review.agreement.coefficient import Coefficient
from napari_latent_explain.review.agreement.cohen import cohen_kappa
from napari_latent_explain.review.agreement.percent import percent_agreement
from napari_latent_explain.review.agreement.ratings_table import RatingsTable

if TYPE_CHECKING:
    from napari_latent_explain.review.agreement.kappa_weights import KappaWeights

__all__ = ["IntraRaterAgreement", "intra_rater_agreement"]


class IntraRaterAgreement(FrozenModel):
    """First and second judgements of the same units by the same raters; a unit of these coefficients is such a pair."""

    percent: Coefficient
    kappa: Coefficient


def intra_rater_agreement(
    first: RatingsTable,
    second: RatingsTable,
    weights: KappaWeights,
    rng: np.random.Generator,
    *,
    draws: int = DRAWS,
) -> IntraRaterAgreement:
    """Measure how far raters repeat themselves.

    Pairs of several raters are pooled: the kappa then has one distribution of first answers and one of second answers for all of
    them. `RatingsTable.of_raters` picks one rater. All pairs of a case are drawn together.

    Parameters
    ----------
    first, second : RatingsTable
        The same units, cases and raters, judged first and again. A judgement without its counterpart is left out.
    weights : KappaWeights
        What a disagreement counts; quadratic for ordered answers.
    rng, draws : numpy.random.Generator, int
        Of the bootstrap intervals.

    Raises
    ------
    WrongUseError
        If the tables are not of the same units, cases and raters, an answer is not among the weights' levels, or fewer than 100
        resamples are asked for.
    """
    if first.values.shape != second.values.shape or not np.array_equal(first.cases, second.cases):
        msg = "First and second judgements must be tables of the same units, cases and raters."
        raise WrongUseError(msg)
    asked = (first.known | second.known).ravel()
    columns = first.values.shape[1]
    pairs = RatingsTable.of(
        np.stack([first.values.ravel(), second.values.ravel()], axis=1)[asked], np.repeat(first.cases, columns)[asked]
    )
    raters = int((first.known & second.known).any(axis=0).sum())
    percent, kappa = percent_agreement(pairs, rng, draws=draws), cohen_kappa(pairs, weights, rng, draws=draws)
    return IntraRaterAgreement(
        percent=percent.replace(name=f"intra-rater {percent.name}", raters=raters),
        kappa=kappa.replace(name=f"intra-rater {kappa.name}", raters=raters),
    )
