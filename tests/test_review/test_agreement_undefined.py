"""Where there is no coefficient, or no interval, it is said why."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydantic import ValidationError

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.review.agreement import (
    FEWEST_CASES,
    Coefficient,
    IntervalDifference,
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

Measure = Callable[[RatingsTable, np.random.Generator], Coefficient]

BEYOND_CHANCE: dict[str, Measure] = {
    "cohen": lambda table, rng: cohen_kappa(table, Unweighted(), rng, draws=200),
    "quadratic": lambda table, rng: cohen_kappa(table, QuadraticWeights(levels=(0, 1, 2, 3)), rng, draws=200),
    "fleiss": lambda table, rng: fleiss_kappa(table, rng, draws=200),
    "nominal": lambda table, rng: krippendorff_alpha(table, NominalDifference(), rng, draws=200),
    "ordinal": lambda table, rng: krippendorff_alpha(table, OrdinalDifference(), rng, draws=200),
    "interval": lambda table, rng: krippendorff_alpha(table, IntervalDifference(), rng, draws=200),
    "ratio": lambda table, rng: krippendorff_alpha(table, RatioDifference(), rng, draws=200),
}
BEYOND_CHANCE_AND_NOT: dict[str, Measure] = BEYOND_CHANCE | {
    "percent": lambda table, rng: percent_agreement(table, rng, draws=200)
}

every_chance_corrected = pytest.mark.parametrize("measure", BEYOND_CHANCE.values(), ids=BEYOND_CHANCE.keys())
every_coefficient = pytest.mark.parametrize("measure", BEYOND_CHANCE_AND_NOT.values(), ids=BEYOND_CHANCE_AND_NOT.keys())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@every_chance_corrected
@pytest.mark.parametrize("answer", [0, 2])
def test_constant_answers_have_no_variation(measure: Measure, answer: int, rng: np.random.Generator) -> None:
    found = measure(RatingsTable.of(np.full((30, 2), answer)), rng)
    assert (found.value, found.interval, found.undefined) == (None, None, "undefined: no variation")
    assert found.agreement == 1.0


@every_coefficient
@pytest.mark.parametrize("values", [np.empty((0, 2)), np.full((5, 2), _), [[1, _], [_, 2], [3, _]]])
def test_without_two_ratings_of_a_unit_nothing_is_defined(
    measure: Measure, values: np.ndarray, rng: np.random.Generator
) -> None:
    found = measure(RatingsTable.of(values), rng)
    assert (found.value, found.agreement, found.undefined) == (None, None, "undefined: no unit has two ratings")
    assert found.left_out == len(values)


@every_chance_corrected
def test_one_unit_is_too_few(measure: Measure, rng: np.random.Generator) -> None:
    found = measure(RatingsTable.of([[1, 2], [1, _]]), rng)
    assert (found.value, found.undefined) == (None, "undefined: only one unit has two ratings")
    assert found.agreement == 0.0


def test_one_unit_has_a_percent_agreement(rng: np.random.Generator) -> None:
    found = percent_agreement(RatingsTable.of([[1, 1]]), rng)
    assert found.value == 1.0
    assert found.interval is None
    assert found.without_interval == "no interval: fewer than 10 cases to draw from"


def test_a_single_rater_agrees_with_nobody(rng: np.random.Generator) -> None:
    assert fleiss_kappa(RatingsTable.of([[1], [2], [3]]), rng).undefined == "undefined: no unit has two ratings"


def test_one_constant_rater_gives_a_kappa_of_zero(rng: np.random.Generator) -> None:
    values = np.ones((40, 2))
    values[:10, 1] = 2
    found = cohen_kappa(RatingsTable.of(values), Unweighted(), rng)
    assert found.value == 0.0
    assert found.agreement == 0.75
    assert found.without_interval == "no interval: every resample gives the same value"


@every_coefficient
def test_perfect_agreement_is_one_without_an_interval(measure: Measure, rng: np.random.Generator) -> None:
    found = measure(RatingsTable.of(np.repeat(np.arange(40) % 4, 2).reshape(-1, 2)), rng)
    assert found.value == 1.0
    assert found.interval is None
    assert found.without_interval == "no interval: every resample gives the same value"


@every_coefficient
def test_few_cases_give_no_interval(measure: Measure, rng: np.random.Generator) -> None:
    values = np.array([[0, 1], [1, 1], [0, 0]] * FEWEST_CASES)
    assert measure(RatingsTable.of(values[:FEWEST_CASES]), rng).interval is not None
    few = measure(RatingsTable.of(values[: FEWEST_CASES - 1]), rng)
    grouped = measure(RatingsTable.of(values, np.arange(len(values)) % (FEWEST_CASES - 1)), rng)
    for found in (few, grouped):
        assert found.value is not None
        assert found.interval is None
        assert found.cases == 9
        assert found.without_interval == "no interval: fewer than 10 cases to draw from"


@every_chance_corrected
def test_undefined_resamples_are_counted_and_too_many_give_no_interval(
    measure: Measure, rng: np.random.Generator
) -> None:
    def answers(different: int) -> RatingsTable:
        values = np.ones((40, 2))
        values[:different] = [2, 1]
        values[different] = [2, 2]
        return RatingsTable.of(values)

    often = measure(answers(0), rng)  # the one unit that differs is missing in 36 % of the resamples
    assert often.value == 1.0
    assert 0.25 < often.undefined_draws / often.draws < 0.48
    assert often.without_interval == f"no interval: undefined in {often.undefined_draws} of 200 resamples"
    seldom = measure(answers(3), rng)  # four are, in 1.5 %
    assert seldom.interval is not None
    assert seldom.undefined_draws < 10


def test_a_few_undefined_resamples_are_left_out_of_the_interval() -> None:
    values = np.ones((40, 2))
    values[:3] = [2, 1]
    values[3] = [2, 2]
    found = fleiss_kappa(RatingsTable.of(values), np.random.default_rng(4), draws=2000)
    assert 0 < found.undefined_draws < 100
    assert found.interval is not None


@pytest.mark.parametrize(
    "change",
    [
        {"value": None},
        {"undefined": "undefined: no variation"},
        {"interval": None},
        {"interval": (0.6, 0.4)},
        {"without_interval": "no interval: no reason"},
        {"value": float("nan")},
        {"agreement": 1.2},
        {"units": -1},
    ],
)
def test_a_coefficient_does_not_contradict_itself(change: dict[str, object]) -> None:
    sound = Coefficient(name="kappa", value=0.5, interval=(0.4, 0.6), units=20, cases=20, raters=2, ratings=40)
    with pytest.raises(ValidationError):
        sound.replace(**change)


@every_coefficient
def test_coefficients_survive_json(measure: Measure, rng: np.random.Generator) -> None:
    for values in ([[0, 1], [1, 1], [0, 0]] * 10, [[1, 1]] * 10, [[1, _]]):
        found = measure(RatingsTable.of(values), rng)
        assert Coefficient.model_validate_json(found.model_dump_json()) == found


def test_a_handful_of_resamples_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(WrongUseError, match="100 resamples at least, not 20"):
        percent_agreement(RatingsTable.of([[1, 1]]), rng, draws=20)
