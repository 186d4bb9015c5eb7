"""Bootstrap intervals: that they are what drawing cases gives, and that they cover."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_latent_explain.review.agreement import (
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
from napari_latent_explain.review.agreement.case_bootstrap import draw_cases

Measure = Callable[[RatingsTable, np.random.Generator, int], Coefficient]

MEASURES: dict[str, Measure] = {
    "percent": lambda table, rng, draws: percent_agreement(table, rng, draws=draws),
    "cohen": lambda table, rng, draws: cohen_kappa(table.of_raters(0, 1), Unweighted(), rng, draws=draws),
    "quadratic": lambda table, rng, draws: cohen_kappa(
        table.of_raters(0, 1), QuadraticWeights(levels=(1, 2, 3, 4, 5)), rng, draws=draws
    ),
    "fleiss": lambda table, rng, draws: fleiss_kappa(table, rng, draws=draws),
    "nominal": lambda table, rng, draws: krippendorff_alpha(table, NominalDifference(), rng, draws=draws),
    "ordinal": lambda table, rng, draws: krippendorff_alpha(table, OrdinalDifference(), rng, draws=draws),
    "interval": lambda table, rng, draws: krippendorff_alpha(table, IntervalDifference(), rng, draws=draws),
    "ratio": lambda table, rng, draws: krippendorff_alpha(table, RatioDifference(), rng, draws=draws),
}
every_coefficient = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())


def answers(random: np.random.Generator, units: int, raters: int, truthful: float, levels: int) -> NDArray[np.float64]:
    """Ratings 1 to `levels` by raters who tell the truth with this probability and else guess.

    All levels are equally frequent, so that two raters agree beyond chance with `truthful` squared: every kappa's value.
    """
    truth, guess = random.integers(1, levels + 1, (units, 1)), random.integers(1, levels + 1, (units, raters))
    return np.where(random.random((units, raters)) < truthful, truth, guess).astype(float)


@every_coefficient
@pytest.mark.parametrize("grouped", [False, True])
def test_the_interval_is_that_of_resampled_tables(measure: Measure, grouped: bool) -> None:
    values = answers(np.random.default_rng(1), 40, 3, 0.7, 5)
    table = RatingsTable.of(values, np.repeat(np.arange(16), [1, 4] * 8) if grouped else None)
    times = draw_cases(table.cases, 100, np.random.default_rng(2)).astype(int)
    resampled = [RatingsTable.of(np.repeat(values, each, axis=0)) for each in times]
    drawn = [measure(one, np.random.default_rng(0), 100).value for one in resampled]
    expected = np.quantile(np.array(drawn, dtype=float), [0.025, 0.975])
    assert measure(table, np.random.default_rng(2), 100).interval == pytest.approx(tuple(expected))


def test_as_many_cases_are_drawn_as_there_are_and_their_units_stay_together() -> None:
    cases = np.array([0, 0, 1, 2, 2, 2, 3])
    times = draw_cases(cases, 50, np.random.default_rng(0))
    assert (times[:, [0, 2, 3, 6]].sum(axis=1) == 4).all()
    assert (times[:, 0] == times[:, 1]).all()
    assert (times[:, 3:6] == times[:, 3:4]).all()
    assert len(np.unique(times, axis=0)) > 20


@every_coefficient
def test_the_same_seed_gives_the_same_interval(measure: Measure) -> None:
    table = RatingsTable.of(answers(np.random.default_rng(3), 30, 3, 0.7, 5))
    one, again, other = (measure(table, np.random.default_rng(seed), 200) for seed in (5, 5, 6))
    assert one == again
    assert one.value == other.value
    assert one.interval != other.interval


@pytest.mark.parametrize(
    ("name", "truth"),
    [("percent", 0.64 + 0.36 / 4), ("cohen", 0.64), ("fleiss", 0.64), ("nominal", 0.64), ("ordinal", 0.64)],
)
def test_intervals_cover_the_truth_about_as_often_as_they_say(name: str, truth: float) -> None:
    random, hits, studies = np.random.default_rng(7), 0, 300
    for _ in range(studies):
        interval = MEASURES[name](RatingsTable.of(answers(random, 40, 3, 0.8, 4)), random, 300).interval
        assert interval is not None
        hits += interval[0] <= truth <= interval[1]
    # 95 % is meant; percentile intervals of 40 cases are a little narrow, and 300 studies tell it to within 4 points
    assert 0.88 <= hits / studies <= 0.99


def test_units_of_one_case_are_not_as_good_as_as_many_cases() -> None:
    random, studies = np.random.default_rng(8), 200
    hits = {"units": 0, "cases": 0}
    for _ in range(studies):
        values = np.repeat(
            answers(random, 30, 2, 0.8, 4), 4, axis=0
        )  # what is said of a case is said of its four units
        for drawn, groups in (("units", None), ("cases", np.repeat(np.arange(30), 4))):
            interval = percent_agreement(RatingsTable.of(values, groups), random, draws=200).interval
            assert interval is not None
            hits[drawn] += interval[0] <= 0.73 <= interval[1]
    assert hits["cases"] / studies >= 0.87
    assert hits["units"] / studies <= 0.8


@every_coefficient
def test_two_thousand_resamples_of_a_hundred_units_are_quick(measure: Measure) -> None:
    table = RatingsTable.of(answers(np.random.default_rng(9), 100, 5, 0.7, 5))
    begin = time.process_time()
    assert measure(table, np.random.default_rng(0), 2000).interval is not None
    assert time.process_time() - begin < 2


def test_many_different_answers_do_not_need_much_memory() -> None:
    random = np.random.default_rng(10)
    table = RatingsTable.of(random.normal(size=(60, 1)) + random.normal(size=(60, 4)))  # 240 different numbers
    for difference in (IntervalDifference(), OrdinalDifference()):
        found = krippendorff_alpha(table, difference, random, draws=200)
        assert found.interval is not None
        assert found.interval[0] < 0.5 < found.interval[1]
