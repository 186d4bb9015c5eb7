"""What a person meets in an afternoon's use: wheel, drags, searches in between, a full graphics processor, captions."""

from __future__ import annotations

import time

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_latent_explain.domain import SaliencyMethod, WrongUseError

pytestmark = pytest.mark.gui


def _first(widget):
    return next(iter(widget.panel.sliders.rows.values()))


def test_an_answer_says_whether_it_was_put_to_controls_and_how_it_did(explained, settle, qtbot):
    _, widget = explained
    controls = widget.panel.controls
    assert controls.isHidden()
    assert not widget.panel.check.isEnabled()
    widget.find_counterfactual()
    settle(widget)
    assert "not run" in controls.text()
    qtbot.mouseClick(widget.panel.check, Qt.MouseButton.LeftButton)
    settle(widget)
    assert controls.text().startswith("<b>Controls passed:</b> 2 of 2 random moves")
    assert widget.explanation.checked == [widget.explanation.edit]
    _first(widget).slider.setValue(0.3)
    settle(widget)
    assert "not run" in controls.text()  # that was another frame


def test_the_cell_says_what_stands_in_it(explained, settle, qtbot):
    _, widget = explained
    name = lambda: widget.layers["Counterfactual"].name  # noqa: E731
    assert name().startswith("Counterfactual: no edit yet, ")
    _first(widget).slider.setValue(2.0)
    settle(widget)
    plain = name()
    assert plain.startswith("Counterfactual: referable")
    widget.viewing.blink(True)
    assert name() == widget.layers["Original"].name.replace(":", ", held:")
    widget.viewing.blink(False)
    assert name() == plain
    widget.panel.looking.swipe.setValue(40)
    assert name() == f"Original | {plain}"
    widget.panel.looking.swipe.setValue(0)
    assert name() == plain


def test_a_photograph_that_is_chosen_and_not_explained_is_not_taken_for_the_one_on_show(
    explained, settle, qtbot, tmp_path
):
    _, widget = explained
    assert widget.panel.elsewhere.isHidden()
    assert "<b>photograph</b>" in widget.panel.facts.text()
    widget.open_photograph(tmp_path / "other.png")
    assert "On show: <b>photograph</b>" in widget.panel.elsewhere.text()
    assert not widget.panel.elsewhere.isHidden()
    widget.photograph.choice.setCurrentIndex(0)
    assert widget.panel.elsewhere.isHidden()


def test_a_drag_with_the_mouse_is_one_step_and_taking_the_handle_moves_nothing(explained, settle, qtbot):
    _, widget = explained
    slider = _first(widget).slider
    slider.resize(300, 20)
    low, high, wide = slider.minimum(), slider.maximum(), slider.width() - 16
    at = lambda value: int(8 + wide * (value - low) / (high - low))  # noqa: E731
    middle, left = slider.height() // 2, Qt.MouseButton.LeftButton
    qtbot.mousePress(slider, left, pos=QPoint(at(0) + 3, middle))
    assert slider.value() == 0
    qtbot.mouseRelease(slider, left, pos=QPoint(at(0) + 3, middle))
    settle(widget)
    assert not widget.session.history.can_undo
    qtbot.mousePress(slider, left, pos=QPoint(at(1.0), middle))  # on the groove: the handle comes
    assert slider.value() == pytest.approx(1.0, abs=0.1)
    for value in (1.2, 1.5, 1.8):
        qtbot.mouseMove(slider, QPoint(at(value), middle))
    slider.setValue(1.8)  # where no window manager moves the pointer
    qtbot.mouseRelease(slider, left, pos=QPoint(at(1.8), middle))
    settle(widget)
    assert len(widget.session.history.stands) == 2
    widget.undo()
    settle(widget)
    assert slider.value() == 0


def test_the_wheel_scrolls_the_panel_and_changes_nothing_by_the_way(explained, settle, qtbot):
    _, widget = explained
    panel = widget.panel
    boxes = [
        panel.target,
        panel.goal,
        panel.comparison.choice,
        panel.looking.look,
        panel.model.model,
        panel.looking.swipe,
    ]
    panel.looking.swipe.setValue(50)
    before = [box.currentIndex() if hasattr(box, "currentIndex") else box.value() for box in boxes]
    for box in boxes:
        for down in (-120, 120):
            middle = QPointF(box.rect().center())
            turn = QWheelEvent(
                middle, QPointF(box.mapToGlobal(box.rect().center())), QPoint(0, 0), QPoint(0, down),
                Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(box, turn)
            after = [one.currentIndex() if hasattr(one, "currentIndex") else one.value() for one in boxes]
            assert after == before, box.accessibleName()
    assert widget.explanation.target == 1


def test_a_slider_let_go_because_a_search_began_asks_for_nothing_but_the_search(explained, settle, qtbot):
    _, widget = explained
    widget.ahead.draw(None)
    row, explanation = _first(widget), widget.explanation
    explanation.slow = 0.2
    row.slider.setSliderDown(True)
    row.slider.setValue(0.2)
    qtbot.wait(50)
    widget.find_counterfactual()
    settle(widget)
    assert explanation.goals == [None]
    assert explanation.frame.flipped


def test_a_picture_that_fails_does_not_take_a_newer_move_back(explained, settle, qtbot, said):
    _, widget = explained
    row, explanation = _first(widget), widget.explanation
    plain, asked = explanation.render, []

    def render(edit):
        asked.append(edit)
        time.sleep(0.2)
        if len(asked) == 1:
            raise WrongUseError("no")
        return plain(edit)

    explanation.render = render
    row.slider.setValue(0.5)
    qtbot.wait(50)
    row.slider.setValue(1.0)
    settle(widget)
    assert explanation.edit[row.direction.id] == pytest.approx(1.0, abs=0.01)


def test_a_name_that_is_being_typed_is_kept_when_the_window_closes(explained, settle, qtbot):
    _, widget = explained
    row, heard = _first(widget), []
    widget.session.renamed.connect(lambda _, names: heard.append(names))
    row.name.selectAll()
    row.name.insert("a" * 79 + "\N{EYE}")  # half of the last character is one too many
    widget.close_down()
    assert heard[-1][row.direction.id].name == "a" * 79


def test_another_device_chosen_meanwhile_is_no_full_graphics_processor(make_widget, settle, qtbot, said):
    _, widget = make_widget()
    widget.panel.model.device_choice.setCurrentText("cpu")
    with qtbot.waitSignal(widget.explained):
        widget.explain()
        widget.panel.model.device_choice.setCurrentText("auto")
    settle(widget)
    assert widget.panel.model.device == "auto"
    assert not said


def test_a_graphics_processor_that_is_full_later_gives_way_and_nothing_is_lost(
    make_widget, fakes, settle, qtbot, said, monkeypatch
):
    import torch

    def load(bundle, device):
        explainer = fakes.fake_explainer()
        explainer.device = "cpu" if device == "cpu" else "cuda:0"
        return explainer

    _, widget = make_widget(load=load)
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    settle(widget)
    row = _first(widget)
    widget.rename(row.direction.id, "exudates")
    row.slider.setValue(1.0)
    settle(widget)
    first = widget.explanation

    def moved(shown, explainer):
        made = fakes.FakeExplanation(explainer, shown.photograph)
        made.set_edit(shown.edit)
        return made

    def full(*_args, **_named):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("napari_latent_explain._qt.verbs.moved", moved)
    first.find_another = full
    widget.find_counterfactual()
    qtbot.waitUntil(lambda: widget.explanation is not first, timeout=10_000)
    settle(widget)
    assert widget.explanation.explainer.device == widget.panel.model.device == "cpu"
    assert widget.explanation.edit == first.edit
    assert _first(widget).name.text() == "exudates"
    assert [kind for kind, _ in said] == ["warning"]
    assert "graphics processor is full" in said[0][1]
    widget.undo()  # the way back is there too
    settle(widget)
    assert not widget.explanation.edit
    widget.explanation.find_another = full  # without a graphics processor it is an error like any other
    widget.find_counterfactual()
    settle(widget)
    assert said[-1][0] == "error"


def test_one_to_one_brings_the_photographs_own_pixels_and_loses_nothing(explained, fakes, settle, qtbot, monkeypatch):
    viewer, widget = explained

    def enlarged(shown, size):
        made = fakes.FakeExplanation(shown.explainer, shown.photograph, size=size)
        made.set_edit(shown.edit)
        return made

    monkeypatch.setattr("napari_latent_explain._qt.verbs.enlarged", enlarged)
    _first(widget).slider.setValue(1.0)
    settle(widget)
    widget.find_counterfactual()
    settle(widget)
    first, own = widget.explanation, int(2 * widget.explanation.field.radius)
    assert len(first.original) < own
    qtbot.mouseClick(widget.panel.looking.true_size, Qt.MouseButton.LeftButton)
    settle(widget)
    assert widget.explanation is not first
    assert viewer.scene.camera.zoom == 1.0
    assert widget.layers["Counterfactual"].data.shape[:2] == (own, own)
    assert widget.explanation.edit == first.edit
    again = widget.explanation
    qtbot.mouseClick(widget.panel.looking.true_size, Qt.MouseButton.LeftButton)
    settle(widget)
    assert widget.explanation is again  # there are no more
    assert not widget.panel.curve.isHidden()
    qtbot.mouseClick(widget.panel.another, Qt.MouseButton.LeftButton)
    settle(widget)
    assert set(widget.explanation.edit.strengths).isdisjoint(first.edit.strengths)
    for _ in range(3):
        widget.undo()
        settle(widget)
    assert not widget.explanation.edit


def test_a_renamed_direction_is_found_by_what_the_search_called_it_and_moved_ones_come_first(explained, settle):
    _, widget = explained
    sliders = widget.panel.sliders
    ids = list(sliders.rows)
    widget.rename(ids[0], "haze")
    settle(widget)
    sliders.search.setText("calibre")
    assert [key for key, row in sliders.rows.items() if not row.isHidden()] == [ids[0]]
    sliders.search.setText("")
    sliders.order.choose("moved")
    sliders.rows[ids[2]].slider.setValue(1.0)
    settle(widget)
    places = {key: sliders._rows.indexOf(row) for key, row in sliders.rows.items()}
    assert min(places, key=places.get) == ids[2]


def test_outlines_of_nothing_say_so(explained, settle):
    _, widget = explained
    box = widget.panel.looking.outlined
    box.setChecked(True)
    settle(widget)
    assert box.text() == "Nothing to outline"
    _first(widget).slider.setValue(2.0)
    settle(widget)
    assert box.text() == "Outline what changed"


def test_a_picture_of_the_eye_before_is_never_taken_for_one_of_the_next(explained, fakes, settle, qtbot):
    _, widget = explained
    row, first = _first(widget), widget.explanation
    widget._rendering._rest.setInterval(20)
    row.slider.setSliderDown(True)
    row.slider.setValue(1.0)
    widget._explaining._explain = lambda *a, **k: (time.sleep(0.3), fakes.fake_explain(*a, **k))[1]
    first.slow = 0.2
    with qtbot.waitSignal(widget.explained):
        widget.explain()
        qtbot.wait(60)
        assert widget._work.busy == "explain"
    settle(widget)
    assert widget.explanation is not first
    assert not widget.explanation.edit
    assert (widget.layers["Counterfactual"].data == widget.explanation.original).all()
    widget._rendering._accept((first, widget.layers.box.view(first.render(first.edit))))
    assert not widget.explanation.edit


def test_names_that_nobody_typed_stay_as_they_are(explained, settle):
    _, widget = explained
    row, heard = _first(widget), []
    widget.session.renamed.connect(lambda _, names: heard.append(names))
    row.name.show_name(" a name of more than eighty characters that " + 3 * "goes on and on ")
    widget.find_counterfactual()
    settle(widget)
    assert not heard


def test_one_to_one_stays_where_a_map_is_compared(explained, fakes, settle, qtbot, monkeypatch):
    viewer, widget = explained

    def enlarged(shown, size):
        return fakes.FakeExplanation(shown.explainer, shown.photograph, size=size)

    monkeypatch.setattr("napari_latent_explain._qt.verbs.enlarged", enlarged)
    widget.compare(SaliencyMethod.GRADCAM)
    settle(widget)
    qtbot.mouseClick(widget.panel.looking.true_size, Qt.MouseButton.LeftButton)
    settle(widget)
    assert widget.layers["Comparison"].visible
    assert len(widget.explanation.original) > 128
    assert viewer.scene.camera.zoom == 1.0


def test_what_was_found_about_an_answer_is_said_again_when_it_is_shown_again(explained, settle):
    _, widget = explained
    controls, curve = widget.panel.controls, widget.panel.curve
    widget.find_counterfactual()
    settle(widget)
    widget.check_answer()
    settle(widget)
    widget.find_another()
    settle(widget)
    assert "not run" in controls.text()
    widget.check_answer()
    settle(widget)
    _first(widget).slider.setValue(0.2)
    settle(widget)
    assert curve.isHidden()
    for _ in range(2):
        widget.undo()
        settle(widget)
        assert "Controls passed" in controls.text()
        assert not curve.isHidden()
    assert len(widget.explanation.checked) == 2


def test_controls_of_a_move_are_no_controls_of_another_size_of_it(explained, settle):
    _, widget = explained
    widget.find_counterfactual()
    settle(widget)
    widget.check_answer()
    settle(widget)
    shown = widget.explanation
    wider = [d.replace(spread=2 * d.spread) for d in shown.atlas.directions]
    shown.explainer.atlas = shown.atlas.replace(directions=tuple(wider))  # as another file of directions has them
    widget._show_state()
    assert "not run" in widget.panel.controls.text()


def test_the_curve_of_the_eye_before_goes_with_it(explained, settle, qtbot, fakes):
    _, widget = explained
    widget.find_counterfactual()
    settle(widget)
    assert not widget.panel.curve.isHidden()
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    settle(widget)
    assert widget.panel.curve.isHidden()


def test_a_layers_new_name_is_the_photographs(explained):
    viewer, widget = explained
    choice = widget.photograph.choice
    assert choice.currentText() == "photograph"
    viewer.layers["photograph"].name = "left eye"
    assert choice.currentText() == "left eye"
    heard = []
    widget.photograph.changed.connect(lambda: heard.append(1))
    widget.layers["Counterfactual"].name = "something"
    assert not heard
