"""What holds of any ratings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_latent_explain.review.agreement import (
    Coefficient,
    Difference,
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

DIFFERENCES = [NominalDifference(), OrdinalDifference(), IntervalDifference(), RatioDifference()]
LEVELS = (0, 1, 2, 3, 4)


@st.composite
def tables(draw: st.DrawFn, raters: int | None = None) -> NDArray[np.float64]:
    """Ratings of up to 12 units by up to 5 raters, a quarter of them missing."""
    shape = draw(st.integers(1, 12)), draw(st.integers(2, 5)) if raters is None else raters
    cell = st.one_of(st.integers(0, 4), st.integers(0, 1), st.integers(0, 4), st.just(np.nan))
    row = st.lists(cell, min_size=shape[1], max_size=shape[1])
    return np.array(draw(st.lists(row, min_size=shape[0], max_size=shape[0])), dtype=float)


def value(measure: Callable[..., Coefficient], values: NDArray[np.float64], *what: object) -> float | None:
    return measure(RatingsTable.of(values), *what, np.random.default_rng(0), draws=100).value


def same(one: float | None, other: float | None) -> bool:
    return one is other is None or (None not in (one, other) and one == pytest.approx(other, abs=1e-9))


def alpha_from_pairs(values: NDArray[np.float64], difference: Difference) -> float | None:
    """Alpha by its definition, one pair after the other."""
    units = [[v for v in row if not np.isnan(v)] for row in values]
    units = [unit for unit in units if len(unit) >= 2]
    every = [v for unit in units for v in unit]

    def squared(c: float, k: float) -> float:
        low, high = min(c, k), max(c, k)
        match difference.name:
            case "nominal":
                return float(c != k)
            case "ordinal":
                between = sum(low <= v <= high for v in every)
                return (between - (every.count(low) + every.count(high)) / 2) ** 2
            case "interval":
                return (c - k) ** 2
        return ((c - k) / (c + k)) ** 2 if c + k else 0.0

    expected = sum(squared(c, k) for c, k in permutations(every, 2))
    if len(units) < 2 or expected == 0:
        return None
    observed = sum(squared(c, k) / (len(unit) - 1) for unit in units for c, k in permutations(unit, 2))
    return 1 - (observed / len(every)) / (expected / (len(every) * (len(every) - 1)))


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
@settings(max_examples=60, deadline=None)
@given(values=tables())
def test_alpha_is_what_its_definition_says(difference: Difference, values: NDArray[np.float64]) -> None:
    assert same(value(krippendorff_alpha, values, difference), alpha_from_pairs(values, difference))


@settings(max_examples=60, deadline=None)
@given(values=tables(), seed=st.integers(0, 1000))
def test_the_order_of_raters_and_units_does_not_matter(values: NDArray[np.float64], seed: int) -> None:
    random = np.random.default_rng(seed)
    shuffled = values[random.permutation(len(values))][:, random.permutation(values.shape[1])]
    assert same(value(percent_agreement, values), value(percent_agreement, shuffled))
    assert same(value(fleiss_kappa, values), value(fleiss_kappa, shuffled))
    for difference in DIFFERENCES:
        assert same(value(krippendorff_alpha, values, difference), value(krippendorff_alpha, shuffled, difference))


@settings(max_examples=60, deadline=None)
@given(values=tables(raters=2), seed=st.integers(0, 1000))
def test_the_order_of_two_raters_does_not_matter(values: NDArray[np.float64], seed: int) -> None:
    shuffled = values[np.random.default_rng(seed).permutation(len(values)), ::-1]
    for weights in (Unweighted(), QuadraticWeights(levels=LEVELS)):
        assert same(value(cohen_kappa, values, weights), value(cohen_kappa, shuffled, weights))


@settings(max_examples=60, deadline=None)
@given(values=tables(), names=st.permutations(LEVELS))
def test_names_of_categories_do_not_matter(values: NDArray[np.float64], names: list[int]) -> None:
    known = ~np.isnan(values)
    renamed = values.copy()
    renamed[known] = np.array(names)[values[known].astype(int)]
    assert same(value(percent_agreement, values), value(percent_agreement, renamed))
    assert same(value(fleiss_kappa, values), value(fleiss_kappa, renamed))
    assert same(
        value(krippendorff_alpha, values, NominalDifference()), value(krippendorff_alpha, renamed, NominalDifference())
    )


@settings(max_examples=60, deadline=None)
@given(values=tables())
def test_each_level_of_measurement_ignores_what_it_does_not_mean(values: NDArray[np.float64]) -> None:
    for difference, change in (
        (OrdinalDifference(), np.exp),
        (IntervalDifference(), lambda x: 8 * x - 3),
        (RatioDifference(), lambda x: 8 * x),
    ):
        changed = value(krippendorff_alpha, change(values), difference)
        assert same(value(krippendorff_alpha, values, difference), changed)


@settings(max_examples=60, deadline=None)
@given(answers=st.lists(st.integers(0, 4), min_size=2, max_size=15), raters=st.integers(2, 5))
def test_perfect_agreement_is_one_where_answers_vary(answers: list[int], raters: int) -> None:
    values = np.repeat(np.array(answers, dtype=float)[:, None], raters, axis=1)
    expected = 1.0 if len(set(answers)) > 1 else None
    assert value(percent_agreement, values) == 1.0
    assert value(fleiss_kappa, values) == expected
    for difference in DIFFERENCES:
        assert value(krippendorff_alpha, values, difference) == expected
    for weights in (Unweighted(), QuadraticWeights(levels=LEVELS)):
        assert value(cohen_kappa, values[:, :2], weights) == expected


@settings(max_examples=60, deadline=None)
@given(values=tables())
def test_no_coefficient_is_above_one(values: NDArray[np.float64]) -> None:
    share = value(percent_agreement, values)
    assert share is None or 0 <= share <= 1
    found = [value(fleiss_kappa, values), *(value(krippendorff_alpha, values, each) for each in DIFFERENCES)]
    assert all(each is None or each <= 1 for each in found)


@settings(max_examples=30, deadline=None)
@given(values=tables())
def test_units_without_a_second_rating_say_nothing(values: NDArray[np.float64]) -> None:
    alone = np.full((2, values.shape[1]), np.nan)
    alone[0, 0] = 9
    more = np.concatenate([values, alone])
    for difference in DIFFERENCES:
        assert same(value(krippendorff_alpha, values, difference), value(krippendorff_alpha, more, difference))
