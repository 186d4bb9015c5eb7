from __future__ import annotations

from collections.abc import Sequence

import pytest

from napari_latent_explain.domain import Cancelled, Edit
from napari_latent_explain.explain.counterfactual import search_counterfactual

SLOPES = {"a": 2.0, "b": 1.0, "c": 0.0, "d": -1.0}
RANGES = dict.fromkeys(SLOPES, (-1.0, 1.0))


def linear(start: float):
    def margins(edits: Sequence[Edit]) -> list[float]:
        return [start + sum(SLOPES[k] * v for k, v in edit.strengths.items()) for edit in edits]

    return margins


def test_one_direction_is_enough_and_stops_at_the_boundary() -> None:
    found = search_counterfactual(linear(-1.5), RANGES)
    assert found.reached
    assert set(found.edit.strengths) == {"a"}
    assert found.edit["a"] == pytest.approx(0.8, abs=0.01)
    assert found.margin >= 0.1


def test_directions_join_when_one_is_not_enough_also_against_their_sense() -> None:
    found = search_counterfactual(linear(-3.5), RANGES)
    assert found.reached
    assert set(found.edit.strengths) == {"a", "b", "d"}
    assert found.edit["d"] < 0
    assert all(abs(v) <= 1 for v in found.edit.strengths.values())


def test_out_of_reach_is_said_and_the_best_is_given() -> None:
    found = search_counterfactual(linear(-10), RANGES)
    assert not found.reached
    assert found.edit == Edit(strengths={"a": 1, "b": 1, "d": -1})
    assert found.margin == pytest.approx(-6)


def test_already_there_changes_nothing() -> None:
    found = search_counterfactual(linear(1), RANGES)
    assert found.reached
    assert not found.edit


def test_cancel_stops_the_search() -> None:
    def stop(what: str, done: float) -> None:
        raise Cancelled(what)

    with pytest.raises(Cancelled):
        search_counterfactual(linear(-3.5), RANGES, progress=stop)
