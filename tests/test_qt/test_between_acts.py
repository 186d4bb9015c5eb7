"""A person does one thing while another is not done: nothing is lost, and nothing stands beside what it is not about."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QShortcut

from napari_latent_explain.domain import Region, SaliencyMethod, WrongUseError

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
SQUARE = Region(outlines=(((20.0, 20.0), (20.0, 110.0), (110.0, 110.0), (110.0, 20.0)),))


def _first(widget):
    return next(iter(widget.panel.sliders.rows.values()))


def test_a_layer_that_is_renamed_after_it_was_explained_is_still_the_one_on_show(explained, settle):
    viewer, widget = explained
    assert widget.panel.elsewhere.isHidden()
    viewer.layers["photograph"].name = "left eye"
    assert widget.panel.elsewhere.isHidden(), widget.panel.elsewhere.text()


def test_another_layer_of_the_same_name_is_not_taken_for_the_one_on_show(explained, fakes):
    viewer, widget = explained
    viewer.layers.remove(viewer.layers["photograph"])
    viewer.add_image(fakes.fake_photograph(9).pixels.copy(), name="photograph", rgb=True)
    assert widget.photograph.choice.currentText() == "photograph"
    assert not widget.panel.elsewhere.isHidden()


def test_check_answer_checks_what_the_slider_says(explained, settle, qtbot):
    _, widget = explained
    slider = _first(widget).slider
    slider.setValue(1.0)
    settle(widget)
    widget.explanation.slow = 0.3
    slider.setValue(2.0)
    qtbot.wait(50)
    qtbot.mouseClick(widget.panel.check, LEFT)
    settle(widget)
    assert widget.explanation.edit[_first(widget).direction.id] == pytest.approx(2.0, abs=0.01)
    assert "not run" not in widget.panel.controls.text()


def test_stopped_is_not_said_of_the_work_that_comes_next(explained, settle, qtbot):
    _, widget = explained
    explanation = widget.explanation
    plain = explanation.find_counterfactual

    def long(progress, **given):
        for step in range(200):
            progress("Searching", step / 200)
            time.sleep(0.01)
        return plain(progress, **given)

    explanation.find_counterfactual = long
    widget.find_counterfactual()
    qtbot.wait(100)
    qtbot.mouseClick(widget.panel.cancel, LEFT)
    settle(widget)
    assert widget.panel.message.text() == "Stopped."
    widget._work.submit(
        "look",
        lambda _: (
            time.sleep(0.3),
            widget.layers.box.develop(explanation, explanation.frame, widget.layers.box.look, outlined=False),
        )[1],
    )
    assert widget.busy
    assert widget.panel.message.text() != "Stopped."
    settle(widget)
    assert widget.panel.message.text() != "Stopped."


def test_a_search_that_is_cancelled_changes_nothing(explained, settle, qtbot):
    _, widget = explained
    explanation = widget.explanation
    widget.find_counterfactual()
    settle(widget)
    assert widget.panel.another.isEnabled()

    def long(progress, **given):
        for step in range(200):
            progress("Searching", step / 200)
            time.sleep(0.01)

    explanation.find_counterfactual = long
    qtbot.mouseClick(widget.panel.find, LEFT)
    qtbot.wait(100)
    qtbot.mouseClick(widget.panel.cancel, LEFT)
    settle(widget)
    assert explanation.frame.reached
    assert widget.panel.another.isEnabled()  # "Stop what is being computed; nothing is changed."


def test_what_a_search_did_not_reach_is_said_again_after_undo(explained, settle):
    _, widget = explained
    explanation = widget.explanation
    note = "not reached within the tested range"
    plain = explanation.find_counterfactual
    explanation.find_counterfactual = lambda p, **given: replace(plain(p, **given), reached=False, note=note)
    widget.find_counterfactual()
    settle(widget)
    assert "Not reached" in widget.panel.outcome.text()
    curve = widget.panel.curve.isHidden()
    widget.undo()
    settle(widget)
    widget.redo()
    settle(widget)
    assert widget.panel.curve.isHidden() == curve
    assert "Not reached" in widget.panel.outcome.text()


def test_choosing_a_project_for_what_was_not_kept_so_far_does_not_throw_it_away(explained, settle, tmp_path):
    _, widget = explained
    assert widget.project.project is None
    _first(widget).slider.setValue(1.0)
    settle(widget)
    edit = widget.explanation.edit
    widget.open_project(tmp_path / "project")
    settle(widget)
    assert widget.explanation is not None
    assert widget.explanation.edit == edit


def test_undo_while_a_region_is_drawn_puts_no_picture_over_the_drawing(explained, settle, qtbot):
    viewer, widget = explained
    widget.compare(SaliencyMethod.GRADCAM)
    settle(widget)
    widget.set_target(0)
    settle(widget)
    widget.region.begin()
    assert [layer.name for layer in viewer.layers if layer.visible][-1] == "Region that may change"
    qtbot.mouseClick(widget.panel.undo, LEFT)
    settle(widget)
    assert not (widget.region.drawing and widget.layers["Comparison"].visible)


def test_the_small_pictures_of_the_next_eye_bear_no_outline_of_the_one_before(explained, settle, qtbot, make_widget):
    _, widget = explained
    plain = {role: widget.layers[role].thumbnail.copy() for role in ("Original", "Counterfactual")}
    widget.set_region(SQUARE)
    settle(widget)
    with qtbot.waitSignal(widget.explained):
        widget.explain()  # the same pixels, no region
    settle(widget)
    assert widget.explanation.region is None
    for role, before in plain.items():
        assert (widget.layers[role].thumbnail == before).all(), role


def test_a_rough_picture_does_not_stay_where_the_exact_one_could_not_be_made(explained, settle, qtbot):
    _, widget = explained
    row, explanation = _first(widget), widget.explanation
    exact, name = widget.layers["Counterfactual"].data.copy(), widget.layers["Counterfactual"].name

    def render(edit):
        raise WrongUseError("no")

    row.slider.setSliderDown(True)
    row.slider.setValue(2.0)
    assert widget.layers["Counterfactual"].name == "Counterfactual: a slider moves"
    explanation.render = render
    row.slider.setSliderDown(False)
    settle(widget)
    assert row.slider.value() == 0
    assert widget.layers["Counterfactual"].name == name
    assert (widget.layers["Counterfactual"].data == exact).all()
    assert widget.panel.outcome.isEnabled()


def test_ones_own_layer_that_was_made_visible_stays_visible_at_one_to_one(explained, fakes, settle, qtbot, monkeypatch):
    viewer, widget = explained
    monkeypatch.setattr(
        "napari_latent_explain._qt.verbs.enlarged",
        lambda shown, size: fakes.FakeExplanation(shown.explainer, shown.photograph, size=size),
    )
    viewer.layers["photograph"].visible = True
    qtbot.mouseClick(widget.panel.looking.true_size, LEFT)
    settle(widget)
    assert len(widget.explanation.original) > 128
    assert viewer.layers["photograph"].visible


def test_the_key_of_a_button_that_is_disabled_does_nothing(explained, settle, qtbot):
    _, widget = explained
    _first(widget).slider.setValue(1.0)
    settle(widget)
    explanation = widget.explanation
    plain = explanation.find_counterfactual

    def long(progress, **given):
        for step in range(30):
            progress("Searching", step / 30)
            time.sleep(0.01)
        return plain(progress, **given)

    explanation.find_counterfactual = long
    qtbot.mouseClick(widget.panel.find, LEFT)
    qtbot.wait(50)
    assert not widget.panel.explain.isEnabled()
    key = next(one for one in widget.findChildren(QShortcut) if one.key().toString() == "Ctrl+Return")
    key.activated.emit()
    settle(widget)
    assert widget.explanation is explanation
    assert explanation.goals == [None]
