"""Two-alternative forced choice, and exact proportions."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.review.agreement import ForcedChoice, exact_proportion, forced_choice


def test_interval_and_p_of_known_cases() -> None:
    found = exact_proportion("correct", 7, 10)
    assert found.value == 0.7
    assert found.interval == pytest.approx((0.3475471, 0.9332605), abs=1e-7)
    assert found.p == pytest.approx(2 * sum(comb(10, k) for k in range(7, 11)) / 2**10)
    none, every = exact_proportion("correct", 0, 10), exact_proportion("correct", 10, 10)
    limit = 1 - 0.025 ** (1 / 10)  # the only limits with a closed form: 0.3085
    assert none.interval == pytest.approx((0, limit))
    assert every.interval == pytest.approx((1 - limit, 1))
    assert none.p == every.p == pytest.approx(2 / 2**10)
    assert exact_proportion("correct", 5, 10).p == 1.0


def test_the_interval_covers_at_least_as_often_as_it_says() -> None:
    trials = 12
    intervals = [exact_proportion("correct", count, trials).interval for count in range(trials + 1)]
    for p in np.linspace(0.02, 0.98, 49):
        covered = sum(
            comb(trials, count) * p**count * (1 - p) ** (trials - count)
            for count, interval in enumerate(intervals)
            if interval is not None and interval[0] <= p <= interval[1]
        )
        assert covered >= 0.95


def test_no_trials_are_undefined() -> None:
    found = forced_choice([], [])
    for proportion in (found.correct, found.left):
        assert (proportion.value, proportion.interval, proportion.p) == (None, None, None)
        assert proportion.undefined == "undefined: no trials"
    assert ForcedChoice.model_validate_json(found.model_dump_json()) == found


def test_choices_are_counted_by_what_was_where() -> None:
    real_on_left = np.array([True, True, True, False, False, False])
    chose_left = np.array([True, True, True, True, True, False])
    found = forced_choice(real_on_left, chose_left)
    assert (found.correct.count, found.left.count, found.real_on_left) == (4, 5, 3)
    assert found.correct.trials == found.left.trials == 6
    assert found.left.p == pytest.approx(2 * 7 / 64)
    assert ForcedChoice.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("real_on_left", "chose_left", "message"),
    [
        ([True, False], [True], "2 trials and 1 choices"),
        ([True, False], [1.0, np.nan], "True or False"),
        ([[True]], [[True]], "True or False"),
    ],
)
def test_wrong_trials_are_refused(real_on_left: list[object], chose_left: list[object], message: str) -> None:
    with pytest.raises(WrongUseError, match=message):
        forced_choice(real_on_left, chose_left)


@pytest.mark.parametrize(("count", "trials"), [(3, 2), (-1, 2), (0, -1)])
def test_impossible_counts_are_refused(count: int, trials: int) -> None:
    with pytest.raises(WrongUseError, match="impossible"):
        exact_proportion("correct", count, trials)
