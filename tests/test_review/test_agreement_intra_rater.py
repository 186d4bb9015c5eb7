"""Raters who judge again."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.review.agreement import (
    IntraRaterAgreement,
    QuadraticWeights,
    RatingsTable,
    Unweighted,
    intra_rater_agreement,
)

_ = np.nan
FIRST = RatingsTable.of([[1, 2], [2, 3], [3, 3], [4, _], [5, 1], [1, 2]])
SECOND = RatingsTable.of([[1, 3], [2, _], [2, 3], [4, 4], [_, 1], [_, _]])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_one_rater_is_compared_with_earlier_answers(rng: np.random.Generator) -> None:
    levels = (1, 2, 3, 4, 5)
    found = intra_rater_agreement(FIRST.of_raters(0), SECOND.of_raters(0), QuadraticWeights(levels=levels), rng)
    assert found.percent.value == pytest.approx(3 / 4)
    expected = cohen_kappa_score([1, 2, 3, 4], [1, 2, 2, 4], labels=levels, weights="quadratic")
    assert found.kappa.value == pytest.approx(expected)
    assert (found.kappa.raters, found.kappa.units, found.kappa.left_out) == (1, 4, 2)
    assert found.kappa.name == "intra-rater Cohen's kappa, quadratic weights"
    assert IntraRaterAgreement.model_validate_json(found.model_dump_json()) == found


def test_pairs_of_several_raters_are_pooled(rng: np.random.Generator) -> None:
    found = intra_rater_agreement(FIRST, SECOND, Unweighted(), rng)
    assert found.percent.value == pytest.approx(5 / 7)
    assert found.kappa.value == pytest.approx(cohen_kappa_score([1, 2, 3, 4, 2, 3, 1], [1, 2, 2, 4, 3, 3, 1]))
    assert (found.percent.raters, found.percent.units, found.percent.cases) == (2, 7, 5)


def test_all_pairs_of_a_case_are_drawn_together(rng: np.random.Generator) -> None:
    random = np.random.default_rng(1)
    first = random.integers(0, 3, (24, 1)).repeat(3, axis=1)
    second = np.where(random.random((24, 1)) < 0.7, first, random.integers(0, 3, (24, 1)))  # raters err as one
    whole = intra_rater_agreement(RatingsTable.of(first), RatingsTable.of(second), Unweighted(), rng).percent
    one = intra_rater_agreement(
        RatingsTable.of(first[:, :1]), RatingsTable.of(second[:, :1]), Unweighted(), rng
    ).percent
    assert whole.interval is not None
    assert one.interval is not None
    assert whole.cases == one.cases == 24
    assert np.ptp(whole.interval) == pytest.approx(np.ptp(one.interval), abs=0.05)


def test_nothing_judged_again_is_undefined(rng: np.random.Generator) -> None:
    found = intra_rater_agreement(FIRST, RatingsTable.of(np.full((6, 2), _)), Unweighted(), rng)
    assert found.percent.undefined == found.kappa.undefined == "undefined: no unit has two ratings"
    assert found.percent.raters == 0


def test_a_rater_who_always_says_the_same_has_a_percent_agreement(rng: np.random.Generator) -> None:
    table = RatingsTable.of(np.ones((12, 1)))
    found = intra_rater_agreement(table, table, Unweighted(), rng)
    assert found.kappa.undefined == "undefined: no variation"
    assert found.percent.value == found.kappa.agreement == 1.0


@pytest.mark.parametrize(
    "second", [RatingsTable.of(np.ones((6, 1))), RatingsTable.of(SECOND.values, [0, 0, 1, 2, 3, 4])]
)
def test_tables_must_be_of_the_same_units(second: RatingsTable, rng: np.random.Generator) -> None:
    with pytest.raises(WrongUseError, match="same units, cases and raters"):
        intra_rater_agreement(FIRST, second, Unweighted(), rng)
