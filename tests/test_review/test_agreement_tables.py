"""Tables of ratings, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.review.agreement import (
    QuadraticWeights,
    RatingsTable,
    RatioDifference,
    Unweighted,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)

_ = np.nan


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_table_keeps_its_own_copy() -> None:
    values = np.ones((3, 2))
    table = RatingsTable.of(values)
    values[0] = 7
    assert table.values.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        table.values[0, 0] = 2
    with pytest.raises(ValueError, match="read-only"):
        table.cases[0] = 2


def test_groups_may_have_any_names() -> None:
    assert RatingsTable.of(np.ones((4, 2)), ["eye b", "eye a", "eye b", "eye c"]).cases.tolist() == [1, 0, 1, 2]
    assert RatingsTable.of(np.ones((3, 2)), [70, 7, 7]).cases.tolist() == [1, 0, 0]
    assert RatingsTable.of(np.ones((3, 2))).cases.tolist() == [0, 1, 2]
    assert RatingsTable.of(np.empty((0, 2)), []).units == 0


def test_counts_of_answers() -> None:
    given, counts = RatingsTable.of([[3, 1, _], [1, 1, 3], [_, _, _]]).counts()
    assert given.tolist() == [1, 3]
    assert counts.tolist() == [[1, 1], [2, 1], [0, 0]]


def test_raters_are_picked_in_order() -> None:
    table = RatingsTable.of([[1, 2, 3]], ["eye"])
    assert table.of_raters(2, 0).values.tolist() == [[3, 1]]
    with pytest.raises(WrongUseError, match="no rater 3"):
        table.of_raters(3, 0)


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        ([["artefact", "known sign"]], None, "code the answers as integers"),
        ([[1, 2], [3]], None, "code the answers as integers"),
        ([1, 2, 3], None, "units x raters"),
        ([[1, np.inf]], None, "infinite"),
        ([[1, 2], [1, 2]], [1], "one case for each of 2 units"),
        ([[1, 2], [1, 2]], [0.5, 1.5], "integers or strings"),
    ],
)
def test_what_is_no_table_is_refused(values: list[object], groups: list[object] | None, message: str) -> None:
    with pytest.raises(WrongUseError, match=message):
        RatingsTable.of(values, groups)


def test_cohen_wants_two_raters_and_known_levels(rng: np.random.Generator) -> None:
    with pytest.raises(WrongUseError, match="this table has 3"):
        cohen_kappa(RatingsTable.of(np.ones((4, 3))), Unweighted(), rng)
    with pytest.raises(WrongUseError, match="The answer 6 is none of the levels 1, 2, 3, 4, 5"):
        cohen_kappa(RatingsTable.of([[1, 6], [2, 2]]), QuadraticWeights(levels=(1, 2, 3, 4, 5)), rng)
    for levels in ((1,), (1, 1), (2, 1)):
        with pytest.raises(ValidationError):
            QuadraticWeights(levels=levels)


def test_ratios_are_of_amounts(rng: np.random.Generator) -> None:
    with pytest.raises(WrongUseError, match="-1 is negative"):
        krippendorff_alpha(RatingsTable.of([[1, -1], [2, 2]]), RatioDifference(), rng)


def test_fleiss_takes_the_units_with_the_most_frequent_number_of_ratings(rng: np.random.Generator) -> None:
    three = [[1, 1, 2, _], [2, _, 2, 2], [_, 1, 2, 2]]
    two, alone = [[1, 1, _, _], [2, 1, _, _]], [[1, _, _, _]] * 5
    found = fleiss_kappa(RatingsTable.of(three + two + alone), rng)
    assert (found.units, found.ratings, found.left_out) == (3, 9, 7)
    assert found.value == fleiss_kappa(RatingsTable.of(three), rng).value
    tie = fleiss_kappa(RatingsTable.of(three[:2] + two), rng)
    assert (tie.units, tie.ratings) == (2, 6)
    fewer = fleiss_kappa(RatingsTable.of(three[:1] + two), rng)
    assert (fewer.units, fewer.ratings) == (2, 4)


def test_agreement_needs_no_statistics_package_and_no_torch() -> None:
    program = (
        "import sys; import napari_latent_explain.review.agreement; "
        "print({'torch', 'qtpy', 'sklearn', 'statsmodels', 'pandas', 'napari', 'scipy.stats'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
