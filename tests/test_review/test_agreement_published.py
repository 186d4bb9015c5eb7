"""Coefficients against published examples and other implementations."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as other_fleiss_kappa

from napari_latent_explain.review.agreement import (
    Difference,
    IntervalDifference,
    KappaWeights,
    NominalDifference,
    OrdinalDifference,
    QuadraticWeights,
    RatingsTable,
    RatioDifference,
    Unweighted,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    percent_agreement,
)

_ = np.nan

# Krippendorff (2011): 4 observers, 12 units. In the last unit there is one answer alone: it takes no part.
KRIPPENDORFF = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]).T  # fmt: skip

# Three coders, 15 units, more missing than there: the computational example of Wikipedia's article on alpha.
SPARSE = np.array([
    [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
    [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
    [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
]).T  # fmt: skip

# Fleiss (1971): 30 patients, 6 psychiatrists each, 5 diagnoses.
DIAGNOSES = [
    "444444", "222555", "233335", "555555", "222444", "113333", "333355", "113334", "114444", "555555",
    "144444", "124444", "222333", "144444", "224445", "333335", "111455", "111112", "224444", "133555",
    "555555", "244444", "224555", "114444", "144445", "222224", "111155", "224444", "133333", "555555",
]  # fmt: skip

# Ten subjects, 14 raters, 5 categories: how many chose which. The worked example of Wikipedia's article on Fleiss' kappa.
FOURTEEN_RATERS = np.array([
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
])  # fmt: skip

# Cohen (1960), and again (1968): two judges, 200 patients, 3 diagnoses.
COHEN = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])


def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def spread_out(table: NDArray[np.int64]) -> RatingsTable:
    """Give the ratings (units, 2) of a contingency table."""
    first, second = np.indices(table.shape)
    return RatingsTable.of(np.stack([np.repeat(first, table.ravel()), np.repeat(second, table.ravel())], axis=1))


class CohensOwnWeights(KappaWeights):
    """Those of the example of 1968."""

    name: Literal["own"] = "own"

    def disagreement(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0.0]])


@pytest.mark.parametrize(
    ("difference", "alpha"),
    [
        (NominalDifference(), 0.743),
        (OrdinalDifference(), 0.815),
        (IntervalDifference(), 0.849),
        (RatioDifference(), 0.797),
    ],
)
def test_alpha_of_krippendorffs_table(difference: Difference, alpha: float) -> None:
    found = krippendorff_alpha(RatingsTable.of(KRIPPENDORFF), difference, rng(), draws=200)
    assert found.value == pytest.approx(alpha, abs=5e-4)
    assert (found.units, found.cases, found.raters, found.ratings, found.left_out) == (11, 11, 4, 40, 1)
    assert found.name == f"Krippendorff's alpha, {difference.name}"


def test_alpha_of_a_sparse_table() -> None:
    table = RatingsTable.of(SPARSE)
    assert krippendorff_alpha(table, NominalDifference(), rng()).value == pytest.approx(0.691358, abs=1e-6)
    assert krippendorff_alpha(table, IntervalDifference(), rng()).value == pytest.approx(0.810845, abs=1e-6)


def test_fleiss_kappa_of_his_psychiatrists() -> None:
    found = fleiss_kappa(RatingsTable.of([[int(d) for d in patient] for patient in DIAGNOSES]), rng(), draws=200)
    assert found.value == pytest.approx(0.430, abs=5e-4)
    assert found.agreement == pytest.approx(0.556, abs=5e-4)


def test_fleiss_kappa_of_fourteen_raters() -> None:
    ratings = [np.repeat(np.arange(5), row) for row in FOURTEEN_RATERS]
    assert fleiss_kappa(RatingsTable.of(ratings), rng(), draws=200).value == pytest.approx(0.210, abs=5e-4)


def test_cohens_two_judges() -> None:
    table = spread_out(COHEN)
    found = cohen_kappa(table, Unweighted(), rng(), draws=200)
    assert found.value == pytest.approx(0.492, abs=5e-4)
    assert found.agreement == pytest.approx(0.70)
    assert cohen_kappa(table, CohensOwnWeights(), rng(), draws=200).value == pytest.approx(0.348, abs=5e-4)


@pytest.mark.parametrize("seed", range(20))
def test_cohen_is_that_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    levels = (1, 2, 3, 4, 5)
    truth = random.integers(1, 5, 40)  # the highest level is given rarely or never
    ratings = np.clip(truth[:, None] + random.integers(-1, 2, (40, 2)), 1, 5).astype(float)
    quadratic = cohen_kappa_score(*ratings.T.astype(int), labels=levels, weights="quadratic")
    plain = cohen_kappa_score(*ratings.T.astype(int))
    ratings = np.concatenate([ratings, [[3, np.nan], [np.nan, np.nan]]])
    table = RatingsTable.of(ratings)
    assert cohen_kappa(table, QuadraticWeights(levels=levels), rng(), draws=100).value == pytest.approx(quadratic)
    assert cohen_kappa(table, Unweighted(), rng(), draws=100).value == pytest.approx(plain)


def test_levels_that_nobody_gave_lie_between_the_others() -> None:
    table = RatingsTable.of([[1, 1], [1, 2], [2, 1], [2, 2], [5, 5], [5, 2], [1, 1]])
    whole = cohen_kappa(table, QuadraticWeights(levels=(1, 2, 3, 4, 5)), rng()).value
    given_only = cohen_kappa(table, QuadraticWeights(levels=(1, 2, 5)), rng()).value
    assert whole == pytest.approx(
        cohen_kappa_score(*table.values.T.astype(int), labels=[1, 2, 3, 4, 5], weights="quadratic")
    )
    assert whole != pytest.approx(given_only, abs=0.01)


@pytest.mark.parametrize("seed", range(20))
def test_fleiss_is_that_of_statsmodels(seed: int) -> None:
    random = np.random.default_rng(seed)
    ratings = np.where(random.random((30, 4)) < 0.6, random.integers(0, 3, (30, 1)), random.integers(0, 3, (30, 4)))
    expected = other_fleiss_kappa(aggregate_raters(ratings)[0], method="fleiss")
    assert fleiss_kappa(RatingsTable.of(ratings), rng(), draws=100).value == pytest.approx(expected)


def test_percent_agreement_counts_pairs_of_each_unit() -> None:
    # 1 of 1 pair, 1 of 3 pairs, 0 of 1, and a unit that says nothing
    table = RatingsTable.of([[1, 1, _], [1, 1, 2], [_, 1, 2], [_, 2, _]])
    found = percent_agreement(table, rng())
    assert found.value == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert (found.units, found.ratings, found.left_out) == (3, 7, 1)
    assert percent_agreement(RatingsTable.of(KRIPPENDORFF), rng()).value == pytest.approx(9 / 11)
