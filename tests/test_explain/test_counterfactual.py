from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from napari_latent_explain.domain import Cancelled, Edit
from napari_latent_explain.explain.boundary import boundary_radius, survey_boundary
from napari_latent_explain.explain.counterfactual import (
    diverse_counterfactuals,
    search_counterfactual,
    strongest_direction,
)
from napari_latent_explain.explain.dose_response import dose_response

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


def test_a_curve_that_rises_and_falls_is_crossed_where_it_first_rises() -> None:
    def hump(edits: Sequence[Edit]) -> list[float]:
        return [float(np.sin(4.5 * edit["a"]) if edit["a"] < 0.9 else 0.5) - 0.2 for edit in edits]

    found = search_counterfactual(hump, {"a": (0.0, 1.0)})
    assert found.reached
    assert found.edit["a"] == pytest.approx(np.arcsin(0.3) / 4.5, abs=0.01)


def test_a_probability_can_be_asked_for() -> None:
    wanted = float(np.log(0.9 / 0.1))
    found = search_counterfactual(linear(-0.5), RANGES, clearance=wanted)
    assert found.reached
    assert found.margin == pytest.approx(wanted, abs=0.02)
    assert set(found.edit.strengths) == {"a", "b"}


def test_answers_differ_and_the_first_is_the_smallest() -> None:
    slopes = {"a": 2.0, "b": 1.8, "c": 1.6, "d": 0.1}

    def margins(edits: Sequence[Edit]) -> list[float]:
        return [-1.0 + sum(slopes[k] * v for k, v in edit.strengths.items()) for edit in edits]

    ranges = dict.fromkeys(slopes, (-1.0, 1.0))
    found = diverse_counterfactuals(margins, ranges, count=5)
    assert [set(answer.edit.strengths) for answer in found] == [{"a"}, {"b"}, {"c"}]
    assert all(answer.reached for answer in found)
    (only,) = diverse_counterfactuals(linear(-20), RANGES)
    assert not only.reached
    (nothing,) = diverse_counterfactuals(linear(1), RANGES)
    assert not nothing.edit


def test_dose_and_response() -> None:
    edit = Edit(strengths={"a": 1.0})
    rising = dose_response(linear(-1), edit)
    assert rising.monotone
    assert rising.rank_correlation == pytest.approx(1)
    assert rising.log_odds == pytest.approx(np.linspace(-1, 1, 9))
    falling = dose_response(lambda edits: [float(np.sin(6 * e["a"])) for e in edits], edit)
    assert not falling.monotone
    assert falling.rank_correlation < 0
    assert dose_response(linear(0), Edit()).rank_correlation == 0


def test_the_radius_of_the_boundary() -> None:
    found = boundary_radius(lambda r: r - 2.345, 8.0)
    assert found.radius == pytest.approx(2.345, abs=1e-3)
    assert found.rendered == 9 + 12
    assert boundary_radius(lambda r: r - 9, 8.0).radius is None
    assert boundary_radius(lambda r: r + 1, 8.0).radius == 0
    twice = boundary_radius(lambda r: np.where((r > 1.9) & (r < 3.1), 1.0, -1.0), 8.0)
    assert twice.radius == pytest.approx(1.9, abs=1e-3)


def test_random_rays_find_a_plane_at_its_distance() -> None:
    rng = np.random.default_rng(0)

    def plane(x: np.ndarray) -> np.ndarray:
        return x[:, 0] - 1.0  # one unit away along the first of two axes

    survey = survey_boundary(plane, 2, 100.0, rays=400, rng=rng, brackets=64, steps=12)
    assert survey.rays == 400
    assert survey.reached_share == pytest.approx(0.5, abs=0.08)  # half of all rays point towards it
    assert min(survey.radii) == pytest.approx(1, abs=0.02)
    hidden = survey_boundary(lambda x: np.full(len(x), -1.0), 2, 1.0, rays=4, rng=rng)
    assert (hidden.reached_share, hidden.median) == (0, None)
    near = survey_boundary(lambda x: np.linalg.norm(x, axis=1) - 0.5, 3, 1.0, rays=4, rng=rng)
    assert near.median == pytest.approx(0.5, abs=0.01)


def test_the_strongest_direction_is_the_one_that_the_margin_misses_most() -> None:
    weights = {"a": 1.0, "b": -3.0, "c": 0.5}

    def margins(edits: Sequence[Edit]) -> list[float]:
        return [sum(weights[key] * strength for key, strength in edit.strengths.items()) for edit in edits]

    assert strongest_direction(margins, Edit(strengths={"a": 2.0, "b": -0.5, "c": 3.0})) == "a"
    assert strongest_direction(margins, Edit(strengths={"a": 1.0, "b": -0.5, "c": 1.0})) == "b"
