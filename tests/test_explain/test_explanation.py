"""One explained eye, from the simulator, with the tiny untrained model."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from torch import Tensor, nn

from napari_latent_explain.domain import Cancelled, Edit, NotAFundusError, Photograph, WrongUseError
from napari_latent_explain.explain import Explanation, explain_photograph
from napari_latent_explain.explain.counterfactual import CounterfactualSearch
from napari_latent_explain.explain.pivot import Pivot
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import Explainer, quick_change
from napari_latent_explain.model.quick_change import TOLERANCE, Changing, accelerated


def _photograph(*, mirrored: bool = False) -> Photograph:
    picture = simulate(seed=3, size=256).picture
    canvas = np.zeros((300, 420, 3), dtype=np.uint8)
    canvas[22:278, 80:336] = picture[:, ::-1] if mirrored else picture
    return Photograph(canvas, "eye.png", hashlib.sha256(canvas.tobytes()).hexdigest(), simulated=True)


@pytest.fixture
def explanation(small_explainer: Explainer) -> Explanation:
    return explain_photograph(small_explainer, _photograph(), steps=4)


def test_without_an_edit_the_counterfactual_is_the_photograph(explanation: Explanation) -> None:
    assert np.array_equal(explanation.frame.counterfactual, explanation.original)
    assert np.array_equal(explanation.full_size(), explanation.photograph.pixels)
    probabilities = explanation.frame.probabilities
    assert probabilities.counterfactual == probabilities.original


def test_what_is_quick_draws_edits_and_leaves_no_edit_alone(small_explainer: Explainer) -> None:
    def make(network: nn.Module, example: tuple[Tensor, ...]) -> Changing:
        return lambda *inputs: tuple(made + TOLERANCE / 2 for made in network(*inputs))

    explainer = accelerated(small_explainer, make)
    explanation = explain_photograph(explainer, _photograph(), steps=2)
    edit = Edit(strengths={explanation.directions[0].id: 3.0})
    before = explanation.render(edit)
    assert explainer.quick is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick_change, "_duration", lambda change, inputs: isinstance(change, nn.Module))
        explainer.quick.settle()
    assert np.allclose(explanation.render(edit).difference - before.difference, TOLERANCE / 4, atol=1e-6)
    still = explanation.render(Edit())
    assert not still.difference.any()
    assert np.array_equal(still.counterfactual, explanation.original)


def test_a_slider_changes_pixels_and_probability_and_says_so(explanation: Explanation) -> None:
    heard: list[object] = []
    explanation.frame_changed.connect(heard.append)
    direction = explanation.directions[0].id
    explanation.set_strength(direction, 4.0)
    assert heard == [explanation.frame]
    assert not np.array_equal(explanation.frame.counterfactual, explanation.original)
    assert explanation.frame.probabilities.counterfactual != explanation.frame.probabilities.original
    explanation.reset(direction)
    assert not explanation.edit
    assert np.array_equal(explanation.frame.counterfactual, explanation.original)


def test_rendering_shows_nothing_until_accepted(explanation: Explanation) -> None:
    before = explanation.frame
    frame = explanation.render(Edit(strengths={explanation.directions[0].id: 2.0}))
    assert explanation.frame is before
    explanation.accept(frame)
    assert explanation.frame is frame


def test_outside_the_field_the_photograph_is_untouched(explanation: Explanation) -> None:
    explanation.set_strength(explanation.directions[0].id, 6.0)
    full = explanation.full_size()
    corner = np.s_[:20, :60]
    assert np.array_equal(full[corner], explanation.photograph.pixels[corner])
    assert not np.array_equal(full, explanation.photograph.pixels)


def test_a_left_eye_is_shown_as_it_is(small_explainer: Explainer) -> None:
    """The mirrored photograph gives the mirrored pictures, though the model sees the same eye."""
    right = explain_photograph(small_explainer, _photograph(), steps=3)
    left = explain_photograph(small_explainer, _photograph(mirrored=True), steps=3)
    assert right.field.mirrored != left.field.mirrored
    difference = right.reconstruction.astype(int) - left.reconstruction[:, ::-1]
    assert np.abs(difference).mean() < 3


def test_targets(explanation: Explanation) -> None:
    heard: list[int] = []
    explanation.target_changed.connect(heard.append)
    explanation.set_strength(explanation.directions[0].id, 1.0)
    other = 1 - explanation.target
    explanation.set_target(other)
    assert heard == [other]
    assert not explanation.edit
    assert all(d.target == other for d in explanation.directions)
    with pytest.raises(WrongUseError, match="no class number 7"):
        explanation.set_target(7)


def test_the_search_answers_honestly(explanation: Explanation) -> None:
    frame = explanation.find_counterfactual()
    if frame.note:
        assert frame.note == "not reached within the tested range"
        assert not frame.flipped
    else:
        assert frame.flipped
    for key, value in frame.edit.strengths.items():
        low, high = explanation.strength_range(key)
        assert low - 1e-6 <= value <= high + 1e-6


def test_the_same_photograph_gives_the_same_bytes(small_explainer: Explainer, explanation: Explanation) -> None:
    again = explain_photograph(small_explainer, _photograph(), steps=4)
    edit = Edit(strengths={explanation.directions[0].id: 2.5})
    a, b = explanation.render(edit), again.render(edit)
    assert a.counterfactual.tobytes() == b.counterfactual.tobytes()
    assert a.probabilities == b.probabilities


def test_the_record_is_complete(explanation: Explanation) -> None:
    explanation.set_strength(explanation.directions[0].id, 2.0)
    record = explanation.record()
    assert record.simulated
    assert record.edit == explanation.edit
    assert record.original.shape == record.counterfactual.shape
    assert record.difference.shape == record.reconstruction.shape
    assert record.model == explanation.explainer.identity


def test_refusal_and_cancel(small_explainer: Explainer) -> None:
    black = Photograph(np.zeros((256, 256, 3), np.uint8), "black.png", "0" * 64)
    with pytest.raises(NotAFundusError):
        explain_photograph(small_explainer, black)

    def stop(what: str, done: float) -> None:
        if done > 0.5:
            raise Cancelled(what)

    with pytest.raises(Cancelled):
        explain_photograph(small_explainer, _photograph(), steps=10, progress=stop)


@pytest.mark.parametrize(("changed", "said"), [(0.001, True), (0.2, False)])
def test_a_change_that_nobody_sees_is_called_so(
    explanation: Explanation, monkeypatch: pytest.MonkeyPatch, changed: float, said: bool
) -> None:
    frame = replace(explanation.frame, flipped=True, changed_area_fraction=changed)
    found = CounterfactualSearch(Edit(), 1.0, True, 1)
    monkeypatch.setattr(explanation, "render", lambda _edit: frame)
    monkeypatch.setattr(Pivot, "search", lambda _self, _target, _progress, **_: found)
    assert ("hardly visible" in explanation.find_counterfactual().note) is said


def test_more_than_one_answer_and_what_is_measured_of_them(explanation: Explanation) -> None:
    first = explanation.find_counterfactual()
    answers = explanation.find_alternatives(3)
    assert answers[0].edit == first.edit
    assert len({tuple(sorted(answer.edit.strengths)) for answer in answers}) == len(answers)
    assert first.reached or first.note
    another = explanation.find_another([first.edit]) if first.edit else first
    if len(answers) > 1:
        assert another.reached
        assert another.edit == answers[1].edit
    elif first.edit:
        assert not another.reached
    explanation.set_edit(Edit(strengths={explanation.directions[0].id: 2.0}))
    curve = explanation.dose_response()
    assert curve.doses[0] == 0
    before, after = (frame.probabilities.counterfactual[explanation.target] for frame in (first, explanation.frame))
    assert curve.log_odds[-1] == pytest.approx(np.log(after / (1 - after)), abs=1e-3)
    start = explanation.frame.probabilities.original[explanation.target]
    assert curve.log_odds[0] == pytest.approx(np.log(start / (1 - start)), abs=1e-3)
    assert 0 < before < 1


def test_the_boundary_is_where_the_decision_changes(explanation: Explanation) -> None:
    for direction in explanation.directions:
        found = explanation.boundary(direction.id)
        assert found.tested == explanation.strength_range(direction.id)[1]
        if found.radius:
            there = explanation.render(Edit(strengths={direction.id: found.radius + 1e-3}))
            assert there.flipped
    survey = explanation.boundary_around(3.0, np.random.default_rng(0), rays=3)
    again = explanation.boundary_around(3.0, np.random.default_rng(0), rays=3)
    assert survey == again
    assert survey.rays == 3


@pytest.mark.parametrize("probability", [0.0, 1.0, 2.0, float("nan")])
def test_a_probability_that_can_not_be_reached_is_wrong_use(explanation: Explanation, probability: float) -> None:
    with pytest.raises(WrongUseError, match="between 0 and 1"):
        explanation.find_counterfactual(probability=probability)


def test_less_than_the_probability_asked_for_is_said(explanation: Explanation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanation, "render", lambda _edit: replace(explanation.frame, flipped=True))
    monkeypatch.setattr(Pivot, "search", lambda *_, **__: CounterfactualSearch(Edit(), 0.3, False, 1))
    assert "not reached" in explanation.find_counterfactual(probability=0.9).note
    assert "decision changes" in explanation.find_counterfactual(probability=0.9).note
