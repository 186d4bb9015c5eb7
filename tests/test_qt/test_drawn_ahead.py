"""Dragging a slider shows pictures drawn ahead, and the exact one when it is let go."""

from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.domain import Edit


def _first(widget):
    return next(iter(widget.panel.sliders.rows.values()))


def test_every_slider_is_drawn_ahead_once(explained):
    _, widget = explained
    assert sorted(widget.explanation.drawn_ahead) == sorted(d.id for d in widget.explanation.directions)


def test_what_judges_fastest_is_found_out_before_the_first_strip_and_not_before_the_explanation(
    make_widget, fakes, settle
):
    order = []

    class Quick:
        def settle(self):
            order.append("settle")

    explainer = fakes.fake_explainer()
    explainer.quick = Quick()

    def explain(explainer, photograph, *, progress):
        order.append("explain")
        found = fakes.fake_explain(explainer, photograph, progress=progress)
        drawn, found.strip = found.strip, lambda *args, **more: (order.append("strip"), drawn(*args, **more))[1]
        return found

    _, widget = make_widget(load=lambda bundle, device: explainer, explain=explain)
    widget.explain()
    settle(widget)
    assert order[:3] == ["explain", "settle", "strip"]


def test_dragging_asks_for_no_rendering_and_letting_go_for_one(explained, qtbot, settle):
    _viewer, widget = explained
    row, explanation = _first(widget), widget.explanation
    before, rendered = widget.layers["Counterfactual"].data.copy(), len(explanation.rendered)
    row.slider.setSliderDown(True)
    pictures, said = [], []
    bar = widget.panel.bars.values[1, "Counterfactual"]
    for strength in (0.4, 0.9, 1.3):
        row.slider.setValue(strength)
        said.append(bar.text())
        pictures.append(widget.layers["Counterfactual"].data.copy())
    assert len(explanation.rendered) == rendered
    assert not explanation.edit
    assert all((a != b).any() for a, b in zip([before, *pictures], pictures, strict=False))
    assert all(text.startswith("~") for text in said)  # about, and live
    shares = [int(text.strip("~ %")) for text in said]
    assert shares[0] < shares[1] < shares[2]
    row.slider.setSliderDown(False)
    settle(widget)
    assert len(explanation.rendered) == rendered + 1
    assert bar.text() == f"{100 * explanation.frame.probabilities.counterfactual[1]:.1f} %"
    assert abs(100 * explanation.frame.probabilities.counterfactual[1] - shares[2]) < 5
    exact = explanation.render(Edit(strengths={row.direction.id: row.slider.value()})).counterfactual
    assert np.array_equal(widget.layers["Counterfactual"].data, exact)
    assert np.abs(pictures[-1].astype(int) - exact).max() < 40  # rough, but of the same thing
    widget.undo()  # the whole drag is one step
    settle(widget)
    assert not explanation.edit


def test_the_other_sliders_are_drawn_again_around_the_new_edit(explained, qtbot, settle):
    _, widget = explained
    first, second, *_ = widget.panel.sliders.rows.values()
    first.slider.setValue(1.0)
    settle(widget)
    edit = widget.explanation.edit
    rough = widget.ahead.preview(edit.with_strength(second.direction.id, 0.5), second.direction.id)
    assert rough is not None
    assert widget.ahead.preview(Edit(strengths={second.direction.id: 0.5}), second.direction.id) is None


def test_without_a_strip_dragging_shows_exact_pictures(explained, qtbot, settle):
    _, widget = explained
    widget.ahead.draw(None)
    row, rendered = _first(widget), len(widget.explanation.rendered)
    row.slider.setSliderDown(True)
    row.slider.setValue(0.7)
    qtbot.waitUntil(lambda: len(widget.explanation.rendered) > rendered)
    row.slider.setSliderDown(False)
    settle(widget)
    assert widget.explanation.edit[row.direction.id] == pytest.approx(0.7, abs=0.01)


def test_a_search_stops_the_drawing_ahead_and_closing_ends_it(explained, qtbot, settle):
    _, widget = explained
    widget.explanation.slow = 0.05
    _first(widget).slider.setValue(1.0)
    qtbot.waitUntil(lambda: widget.ahead.busy, timeout=5000)
    widget.find_counterfactual()
    assert not widget.ahead.busy
    settle(widget)
    widget.close_down()
    assert not widget.ahead.busy
    assert not widget.ahead._worker.alive


def test_a_picture_that_was_asked_for_before_a_drag_does_not_take_it_over(explained, qtbot, settle):
    _, widget = explained
    row, explanation = _first(widget), widget.explanation
    explanation.slow = 0.15
    widget._rendering._rest.setInterval(60_000)  # the slider moves on before that
    strip = explanation.strip(row.direction.id, Edit())
    widget.ahead._strips = {row.direction.id: strip}
    row.slider.setValue(0.2)  # where the press put the handle: exactly rendered, and slow
    assert widget.busy
    row.slider.setSliderDown(True)
    row.slider.setValue(1.7)
    rough = widget.layers["Counterfactual"].data.copy()
    qtbot.waitUntil(lambda: not widget.busy, timeout=5000)  # that picture came, in the middle of the drag
    assert np.array_equal(widget.layers["Counterfactual"].data, rough)
    assert widget.session.current.mix.edit[row.direction.id] == pytest.approx(1.7, abs=0.01)
    row.slider.setSliderDown(False)
    settle(widget)
    assert explanation.edit[row.direction.id] == pytest.approx(1.7, abs=0.01)
    exact = explanation.render(explanation.edit).counterfactual
    assert np.array_equal(widget.layers["Counterfactual"].data, exact)


def test_a_slider_that_is_held_still_shows_the_exact_picture_and_the_drag_goes_on(explained, qtbot, settle):
    _, widget = explained
    row, explanation = _first(widget), widget.explanation
    bar, rendered = widget.panel.bars.values[1, "Counterfactual"], len(explanation.rendered)
    row.slider.setSliderDown(True)
    row.slider.setValue(0.4)
    row.slider.setValue(0.9)
    qtbot.waitUntil(lambda: not bar.text().startswith("~"), timeout=5000)
    settle(widget)
    assert len(explanation.rendered) == rendered + 1
    exact = explanation.frame
    assert explanation.edit[row.direction.id] == pytest.approx(0.9, abs=0.01)
    assert np.array_equal(widget.layers["Counterfactual"].data, exact.counterfactual)
    assert np.abs(widget.layers["Difference"].data).max() > 0
    assert f"{100 * exact.probabilities.counterfactual[1]:.1f} %" in widget.layers["Counterfactual"].name
    row.slider.setValue(1.3)
    assert bar.text().startswith("~")
    assert not np.array_equal(widget.layers["Counterfactual"].data, exact.counterfactual)
    row.slider.setSliderDown(False)
    settle(widget)
    assert explanation.edit[row.direction.id] == pytest.approx(1.3, abs=0.01)
    widget.undo()  # one drag, one step, wherever it rested
    settle(widget)
    assert not explanation.edit


def test_letting_go_where_a_slider_rested_renders_nothing_more(explained, qtbot, settle):
    _, widget = explained
    row, explanation = _first(widget), widget.explanation
    row.slider.setSliderDown(True)
    row.slider.setValue(0.9)
    qtbot.waitUntil(lambda: bool(explanation.edit), timeout=5000)
    settle(widget)
    rendered = len(explanation.rendered)
    row.slider.setSliderDown(False)
    settle(widget)
    assert len(explanation.rendered) == rendered
    assert widget.session.history.can_undo


def test_a_search_that_was_asked_for_in_a_drag_is_what_is_shown_in_the_end(explained, settle):
    _, widget = explained
    row = _first(widget)
    row.slider.setSliderDown(True)
    row.slider.setValue(0.4)
    widget.find_counterfactual()
    settle(widget)
    assert widget.explanation.frame.flipped
    assert np.array_equal(widget.layers["Counterfactual"].data, widget.explanation.frame.counterfactual)
    assert row.slider.value() == pytest.approx(1.5, abs=0.01)


def test_dragging_away_and_back_shows_the_exact_picture_again(explained, settle):
    _, widget = explained
    row = _first(widget)
    exact = widget.layers["Counterfactual"].data.copy()
    row.slider.setSliderDown(True)
    row.slider.setValue(1.0)
    row.slider.setValue(0.0)
    assert widget.panel.bars.values[1, "Counterfactual"].text().startswith("~")
    row.slider.setSliderDown(False)
    settle(widget)
    assert np.array_equal(widget.layers["Counterfactual"].data, exact)
    assert not widget.panel.bars.values[1, "Counterfactual"].text().startswith("~")


def test_another_target_is_drawn_ahead_even_while_the_first_one_still_is(make_widget, fakes, qtbot, settle):
    def explain(explainer, photograph, *, progress):
        found = fakes.FakeExplanation(explainer, photograph)
        found.slow = 0.02
        return found

    _, widget = make_widget(explain=explain)
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    qtbot.waitUntil(lambda: widget.ahead.busy, timeout=5000)
    widget.set_target(0)
    settle(widget)
    assert {strip.direction_id for strip in widget.ahead.strips} == set(widget.panel.sliders.rows)
    assert all(row.excerpts.strengths for row in widget.panel.sliders.rows.values())


def test_while_a_slider_moves_nothing_is_said_of_the_frame_before(explained, settle):
    _, widget = explained
    row, layers = _first(widget), widget.layers
    row.slider.setValue(2.0)
    settle(widget)
    assert widget.panel.outcome.isEnabled()
    said = layers["Counterfactual"].name
    row.slider.setSliderDown(True)
    row.slider.setValue(0.5)
    assert layers["Counterfactual"].name == "Counterfactual: a slider moves"
    assert layers["Difference"].name == "Difference: when the slider rests"
    assert not layers["Difference"].data.any()
    assert not widget.panel.outcome.isEnabled()
    row.slider.setValue(2.0)
    row.slider.setSliderDown(False)
    settle(widget)
    assert layers["Counterfactual"].name == said
    assert layers["Difference"].data.any()
    assert "% (blue -, orange +)" in layers["Difference"].name
    assert widget.panel.outcome.isEnabled()
