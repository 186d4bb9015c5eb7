"""The looking tools change what is shown and never what is explained."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication

from napari_latent_explain.domain import Region
from napari_latent_explain.fundus.looking import Look


@pytest.fixture
def moved(explained, settle):
    """A widget whose first slider stands at 2."""
    viewer, widget = explained
    next(iter(widget.panel.sliders.rows.values())).slider.setValue(2.0)
    settle(widget)
    return viewer, widget


def _data(widget, role):
    return widget.layers[role].data.copy()


def test_red_free_shows_the_green_channel_of_every_picture(moved, settle):
    _, widget = moved
    tools, frame = widget.panel.looking, widget.explanation.frame
    probabilities = frame.probabilities
    tools.look.choose(Look.RED_FREE)
    tools.look.chosen.emit()
    settle(widget)
    for role, picture in (("Original", widget.explanation.original), ("Counterfactual", frame.counterfactual)):
        assert np.array_equal(_data(widget, role), np.repeat(picture[..., 1:2], 3, axis=-1))
    assert widget.explanation.frame.probabilities == probabilities
    next(iter(widget.panel.sliders.rows.values())).slider.setValue(1.0)
    settle(widget)  # a new frame comes in the same look
    assert np.array_equal(
        _data(widget, "Counterfactual"), np.repeat(widget.explanation.frame.counterfactual[..., 1:2], 3, axis=-1)
    )
    tools.look.choose(Look.COLOUR)
    tools.look.chosen.emit()
    settle(widget)
    assert np.array_equal(_data(widget, "Counterfactual"), widget.explanation.frame.counterfactual)


def test_changes_are_outlined_on_the_counterfactual_alone(moved, settle):
    _, widget = moved
    before = _data(widget, "Original")
    widget.panel.looking.outlined.click()
    settle(widget)
    drawn = (_data(widget, "Counterfactual") != widget.explanation.frame.counterfactual).any(axis=-1)
    assert 0 < drawn.mean() < 0.2
    assert np.array_equal(_data(widget, "Original"), before)


def test_b_blinks_while_it_is_held(moved):
    _, widget = moved
    shown = _data(widget, "Counterfactual")
    press, release = (
        QKeyEvent(kind, Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, "b")
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
    )
    QApplication.sendEvent(widget, press)
    assert np.array_equal(_data(widget, "Counterfactual"), widget.explanation.original)
    QApplication.sendEvent(widget, release)
    assert np.array_equal(_data(widget, "Counterfactual"), shown)


def test_the_button_blinks_with_the_reconstruction(moved, qtbot):
    _, widget = moved
    tools = widget.panel.looking
    tools.partner.setCurrentIndex(1)
    shown = _data(widget, "Counterfactual")
    tools.blink.pressed.emit()
    size = widget.explanation.model_size
    there = _data(widget, "Counterfactual")[:: len(shown) // size, :: len(shown) // size].astype(int)
    assert np.abs(there - widget.explanation.reconstruction).mean() < np.abs(there - shown[::2, ::2]).mean()
    tools.blink.released.emit()
    assert np.array_equal(_data(widget, "Counterfactual"), shown)


def test_swipe_lays_the_original_over_the_left_part(moved):
    _, widget = moved
    widget.panel.looking.swipe.setValue(50)
    shown, size = _data(widget, "Counterfactual"), len(widget.explanation.original)
    half = size // 2
    assert np.array_equal(shown[:, : half - 2], widget.explanation.original[:, : half - 2])
    assert np.array_equal(shown[:, half + 2 :], widget.explanation.frame.counterfactual[:, half + 2 :])
    widget.panel.looking.swipe.setValue(0)
    assert np.array_equal(_data(widget, "Counterfactual"), widget.explanation.frame.counterfactual)


def _point(viewer, y, x):
    for callback in viewer.mouse_move_callbacks:
        callback(viewer, SimpleNamespace(position=(y, x)))


def test_the_crosshair_stands_at_the_same_place_in_every_picture(moved, qtbot):
    viewer, widget = moved
    widget.panel.looking.cross.click()
    field = widget.explanation.field
    _point(viewer, field.center_y, field.center_x)
    qtbot.waitUntil(lambda: widget.layers.box.cross is not None)
    for role in ("Original", "Counterfactual"):
        data = _data(widget, role)
        middle = len(data) // 2
        assert (data[middle, :10] == 255).all()
        assert (data[:10, middle] == 255).all()
        assert not (data[middle, middle] == 255).all()  # nothing is hidden there
    widget.panel.looking.cross.click()
    assert np.array_equal(_data(widget, "Original"), widget.explanation.original)


def test_the_magnifier_shows_the_photographs_own_pixels(moved, qtbot):
    viewer, widget = moved
    tools = widget.panel.looking
    tools.magnified.click()
    _point(viewer, 70.0, 90.0)
    qtbot.waitUntil(lambda: not tools.magnifier.before.pixmap().isNull())
    image = tools.magnifier.before.pixmap().toImage()
    side = tools.magnifier.side
    assert image.width() == 3 * side
    got = image.pixelColor(3 * (side // 2) + 1, 3 * (side // 2) + 1)
    wanted = widget.explanation.photograph.pixels[70, 90]
    assert (got.red(), got.green(), got.blue()) == tuple(int(v) for v in wanted)


def test_one_to_one_and_the_reconstruction(moved):
    viewer, widget = moved
    assert not widget.layers["Reconstruction"].visible
    widget.panel.looking.reconstruction.click()
    assert widget.layers["Reconstruction"].visible
    viewer.scene.camera.zoom = 3.3
    widget.panel.looking.true_size.click()
    assert viewer.scene.camera.zoom == 1.0


def test_each_picture_says_what_it_is_and_the_targets_probability(moved):
    _, widget = moved
    share = widget.explanation.frame.probabilities.counterfactual[1]
    assert widget.layers["Counterfactual"].name == f"Counterfactual: referable retinopathy {100 * share:.1f} %"
    assert widget.layers["Original"].name == "Original: referable retinopathy 27.0 %"


def test_a_region_is_drawn_taken_and_freed(moved, settle, said):
    viewer, widget = moved
    layers = list(viewer.layers)
    widget.region.draw.click()
    drawing = next(layer for layer in viewer.layers if layer not in layers)
    assert not viewer.canvas.grid.enabled  # one large picture to draw on
    drawing.add_polygons([[40.0, 60.0], [40.0, 110.0], [100.0, 110.0], [100.0, 60.0]])
    widget.region.done.click()
    settle(widget)
    assert viewer.canvas.grid.enabled
    assert list(viewer.layers) == layers
    assert widget.explanation.region is not None
    assert not widget.explanation.frame.difference.any()  # the fake changes nothing where a region is drawn
    assert (_data(widget, "Original") != widget.explanation.original).any()  # the outline
    widget.undo()
    settle(widget)
    assert widget.explanation.region is None
    assert widget.explanation.frame.difference.any()
    widget.redo()
    settle(widget)
    assert widget.region.free.isEnabled()
    widget.region.free.click()
    settle(widget)
    assert widget.explanation.region is None
    assert np.array_equal(_data(widget, "Original"), widget.explanation.original)


def test_a_drawing_that_is_left_changes_nothing(moved, settle):
    viewer, widget = moved
    region = Region(outlines=(((40.0, 60.0), (40.0, 110.0), (100.0, 110.0)),))
    widget.set_region(region)
    settle(widget)
    layers, seen = list(viewer.layers), [layer.visible for layer in viewer.layers]
    widget.region.draw.click()
    widget.region.leave.click()
    assert (list(viewer.layers), [layer.visible for layer in viewer.layers]) == (layers, seen)
    assert widget.explanation.region == region


def test_a_look_that_is_chosen_while_a_picture_is_made_shows_the_new_picture(moved, settle):
    _, widget = moved
    widget.explanation.slow = 0.1
    next(iter(widget.panel.sliders.rows.values())).slider.setValue(-1.0)
    assert widget.busy
    widget.panel.looking.look.choose(Look.RED_FREE)
    widget.panel.looking.look.chosen.emit()
    settle(widget)
    assert widget.explanation.edit == widget.session.current.mix.heard
    shown = widget.explanation.frame.counterfactual
    assert np.array_equal(_data(widget, "Counterfactual"), np.repeat(shown[..., 1:2], 3, axis=-1))


def test_an_outline_that_is_not_closed_yet_counts(moved, settle):
    viewer, widget = moved
    layers = list(viewer.layers)
    widget.region.draw.click()
    assert not widget.panel.looking.isEnabled()  # the arrangement is the drawing's now
    drawing = next(layer for layer in viewer.layers if layer not in layers)
    for position in ((40.0, 60.0), (40.0, 110.0), (100.0, 110.0), (100.0, 60.0)):
        event = SimpleNamespace(
            position=position, type="mouse_press", modifiers=(), button=1, dims_displayed=[0, 1], pos=np.array(position),
            view_direction=None, up_direction=None, handled=False, is_dragging=False, inverted=False,
        )  # fmt: skip
        for callback in drawing.mouse_drag_callbacks:
            gesture = callback(drawing, event)
            if gesture is not None:
                next(gesture, None)
                event.type = "mouse_release"
                next(gesture, None)
    widget.region.done.click()
    settle(widget)
    assert widget.explanation.region is not None
    assert widget.panel.looking.isEnabled()


def test_a_drawing_layer_that_somebody_removes_leaves_the_region_as_it_was(moved, settle):
    viewer, widget = moved
    region = Region(outlines=(((40.0, 60.0), (40.0, 110.0), (100.0, 110.0)),))
    widget.set_region(region)
    settle(widget)
    layers = list(viewer.layers)
    widget.region.draw.click()
    viewer.layers.remove(next(layer for layer in viewer.layers if layer not in layers))
    widget.region.done.click()
    settle(widget)
    assert widget.explanation.region == region
    assert viewer.canvas.grid.enabled


def test_the_magnifier_follows_the_edit_and_blinking_ends_with_another_window(moved, qtbot, settle):
    viewer, widget = moved
    tools = widget.panel.looking
    tools.magnified.click()
    _point(viewer, 70.0, 90.0)
    qtbot.waitUntil(lambda: not tools.magnifier.after.pixmap().isNull())
    asked = []
    detail = widget.explanation.detail
    widget.explanation.detail = lambda *where: asked.append(where) or detail(*where)
    next(iter(widget.panel.sliders.rows.values())).slider.setValue(1.0)
    settle(widget)
    assert asked
    shown = _data(widget, "Counterfactual")
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, "b"))
    assert (_data(widget, "Counterfactual") != shown).any()
    QApplication.sendEvent(widget, QEvent(QEvent.Type.WindowDeactivate))
    assert np.array_equal(_data(widget, "Counterfactual"), shown)
