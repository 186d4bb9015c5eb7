"""A drag over the pictures is a distance, in millimetres of the file's own pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_latent_explain._qt.distance import Distance
from napari_latent_explain._qt.shortcuts import KEYS, ShortcutList

pytestmark = pytest.mark.gui

SPACING = (0.01, 0.02)


@pytest.fixture
def measuring(make_widget, fakes, qtbot, settle):
    """A viewer, and its widget with a photograph whose rows are 0.01 mm and whose columns are 0.02 mm apart."""

    def explain(explainer, photograph, *, progress):
        return fakes.FakeExplanation(explainer, replace(photograph, spacing_mm=SPACING))

    viewer, widget = make_widget(explain=explain)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    settle(widget)
    return viewer, widget


@pytest.fixture
def canvas(measuring, qtbot):
    """Where napari draws, with a size."""
    viewer, widget = measuring
    window = widget.window()
    window.resize(1200, 800)
    with qtbot.waitExposed(window):
        window.show()
    native = next(part for part in window.findChildren(QWidget) if type(part).__name__ == "CanvasBackendDesktop")
    qtbot.waitUntil(lambda: native.width() > 300, timeout=60_000)
    viewer.fit_to_view(margin=0.02)
    qtbot.wait(100)
    return native


@pytest.fixture
def drag(measuring, canvas, qtbot):
    """Drag with the mouse from here to there on the canvas; return where that was, (y, x) of the photograph."""
    viewer, _ = measuring

    def dragged(start, end):
        seen = []
        QTest.mouseMove(canvas, start)
        qtbot.wait(30)
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
        seen.append(tuple(viewer.cursor.position[-2:]))
        for share in (0.3, 0.7, 1.0):
            QTest.mouseMove(canvas, start + (end - start) * share)
            qtbot.wait(30)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
        qtbot.wait(30)
        seen.append(tuple(viewer.cursor.position[-2:]))
        return seen

    return dragged


def _inside(canvas):
    """Two points in the first picture of four."""
    return QPoint(canvas.width() // 6, canvas.height() // 6), QPoint(canvas.width() // 3, canvas.height() // 3)


def test_rows_and_columns_may_be_differently_far_apart():
    down, right = (Distance((0, 0), end, SPACING) for end in ((100, 0), (0, 100)))
    assert (down.millimetres, right.millimetres) == pytest.approx((1.0, 2.0))
    assert (down.pixels, right.pixels) == (100, 100)
    assert Distance((3, 4), (3, 4), SPACING).text == "0.00 mm (0 px)"


def test_a_drag_draws_a_line_with_its_length_on_every_picture(measuring, canvas, drag, qtbot):
    viewer, widget = measuring
    tools, layers = widget.panel.looking, list(viewer.layers)
    mine = viewer.layers["mine"]
    viewer.layers.selection.active = mine
    mine.mode = "add"
    points, centre = mine.data.copy(), tuple(viewer.scene.camera.center)
    widget.panel.project.parentWidget().setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert tools.caliper.isChecked()
    (y0, x0), (y1, x1) = drag(*_inside(canvas))
    assert np.hypot(y1 - y0, x1 - x0) > 10
    mm = np.hypot((y1 - y0) * 0.01, (x1 - x0) * 0.02)
    distance = widget.viewing.caliper.distance
    assert distance.millimetres == pytest.approx(mm, rel=1e-3)
    assert tools.measured.text() == f"{mm:.2f} mm ({np.hypot(y1 - y0, x1 - x0):.0f} px)"
    box = widget.explanation.field.box
    for role, picture in (
        ("Original", widget.explanation.original),
        ("Counterfactual", widget.explanation.frame.counterfactual),
    ):
        data = widget.layers[role].data
        scale = len(data) / (box[2] - box[0])
        for y, x in ((y0, x0), (y1, x1)):
            assert (data[int((y + 0.5 - box[1]) * scale), int((x + 0.5 - box[0]) * scale)] == 255).all()
        assert (data != picture).any()
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=_inside(canvas)[0])
    assert widget.viewing.caliper.distance is None
    assert np.array_equal(mine.data, points)  # the user's layer, though it was ready to be drawn in
    assert tuple(viewer.scene.camera.center) == centre
    assert list(viewer.layers) == layers

    drag(*_inside(canvas))
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not tools.caliper.isChecked()
    assert widget.viewing.caliper.distance is None
    assert not tools.measured.text()
    assert np.array_equal(widget.layers["Original"].data, widget.explanation.original)
    assert viewer.layers.selection.active == mine
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=_inside(canvas)[0])
    assert len(mine.data) == len(points) + 1  # the mouse is the user's again


def test_escape_in_the_panel_puts_it_away_and_a_length_is_of_the_photograph_at_any_zoom(measuring, canvas, drag, qtbot):
    viewer, widget = measuring
    qtbot.mouseClick(widget.panel.explain, Qt.MouseButton.LeftButton)  # explained again: the tool is as it was
    qtbot.waitUntil(lambda: not widget.busy and not widget.ahead.busy, timeout=60_000)
    caliper = widget.panel.looking.caliper
    assert caliper.isEnabled()
    caliper.click()
    drag(*_inside(canvas))
    wide = widget.viewing.caliper.distance
    viewer.scene.camera.zoom *= 2
    qtbot.wait(50)
    drag(*_inside(canvas))
    near = widget.viewing.caliper.distance
    assert near.pixels == pytest.approx(wide.pixels / 2, rel=0.02)
    assert near.millimetres == pytest.approx(wide.millimetres / 2, rel=0.02)
    qtbot.keyClick(widget, Qt.Key.Key_Escape)
    assert not caliper.isChecked()
    assert widget.viewing.caliper.distance is None


def test_without_a_spacing_it_says_why_it_is_not_there(explained, qtbot):
    _, widget = explained
    caliper = widget.panel.looking.caliper
    assert not caliper.isEnabled()
    assert "does not say how large a pixel is" in caliper.toolTip()
    qtbot.keyClick(widget, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert not caliper.isChecked()


def test_its_tip_says_what_the_length_is_worth_and_the_list_of_keys_has_it(measuring, qtbot):
    _, widget = measuring
    tip = widget.panel.looking.caliper.toolTip()
    assert "0.01 x 0.02 mm" in tip
    assert "not corrected for the optics of the eye" in tip
    listed = ShortcutList()
    qtbot.addWidget(listed)
    assert any(KEYS["caliper"][1] in label.text() for label in listed.findChildren(type(widget.panel.banner)))


def test_making_another_layer_active_or_drawing_a_region_puts_it_away(measuring):
    viewer, widget = measuring
    caliper = widget.panel.looking.caliper
    caliper.click()
    viewer.layers.selection.active = viewer.layers["mine"]
    assert not caliper.isChecked()
    assert viewer.layers.selection.active == viewer.layers["mine"]
    caliper.click()
    widget.region.draw.click()
    assert not caliper.isChecked()
    widget.region.leave.click()
    keys, drags = dict(viewer.keymap), list(viewer.mouse_drag_callbacks)
    caliper.click()
    assert len(viewer.mouse_drag_callbacks) == len(drags) + 1
    caliper.click()
    assert (dict(viewer.keymap), list(viewer.mouse_drag_callbacks)) == (keys, drags)
