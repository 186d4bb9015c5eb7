"""A map of where the classifier looks, beside the four pictures."""

import time

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_latent_explain._qt.explained_layers import COMPARISON, is_ours
from napari_latent_explain.domain import SaliencyMethod, WrongUseError

pytestmark = pytest.mark.gui


def _settle(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.busy, timeout=10_000)


def _choose(qtbot, widget, label):
    """Choose an entry of the box as a person does."""
    box = widget.panel.comparison.choice
    box.setCurrentIndex(box.findText(label))
    box.activated.emit(box.currentIndex())
    _settle(qtbot, widget)


@pytest.fixture
def explained(make_widget, qtbot):
    viewer, widget = make_widget()
    with qtbot.waitSignal(widget.explained):
        qtbot.mouseClick(widget.panel.explain, Qt.MouseButton.LeftButton)
    _settle(qtbot, widget)
    return viewer, widget


SHOWN = ("Original", "Counterfactual", "Difference")


def _visible(viewer):
    shown = (layer for layer in viewer.layers if layer.visible and layer.name != "mine")
    return [layer.name if is_ours(layer, COMPARISON) else layer.name.split(":")[0] for layer in shown]


def test_nothing_is_compared_until_asked(explained):
    viewer, widget = explained
    box = widget.panel.comparison.choice
    assert [box.itemText(i) for i in range(box.count())] == ["none", "Grad-CAM", "Occlusion", "Integrated gradients"]
    assert _visible(viewer) == list(SHOWN)
    assert not widget.explanation.mapped
    assert widget.panel.comparison.text.isHidden()


def test_a_map_lies_over_the_photograph_in_one_layer(explained, qtbot):
    viewer, widget = explained
    original = widget.layers["Original"]
    pixels = original.data.copy()
    _choose(qtbot, widget, "Grad-CAM")
    name = f"Grad-CAM: {widget.explanation.explainer.classes[1]}"
    assert _visible(viewer) == [*SHOWN, name]
    layer = widget.layers[COMPARISON]
    assert layer.data.shape == original.data.shape
    assert tuple(layer.scale) == tuple(original.scale)
    assert tuple(layer.translate) == tuple(original.translate)
    assert (layer.data[25:35, 85:95] != pixels[25:35, 85:95]).any()
    assert (layer.data[60:] == pixels[60:]).all()
    assert (original.data == pixels).all()
    assert "not what would have to be different" in widget.panel.comparison.text.text()
    count = len(viewer.layers)
    first = layer.data.copy()
    _choose(qtbot, widget, "Integrated gradients")
    _choose(qtbot, widget, "Occlusion")
    assert len(viewer.layers) == count
    assert [m for m, _ in widget.explanation.mapped] == [
        SaliencyMethod.GRADCAM, SaliencyMethod.INTEGRATED_GRADIENTS, SaliencyMethod.OCCLUSION,
    ]  # fmt: skip
    assert (widget.layers[COMPARISON].data == first).all()
    _choose(qtbot, widget, "none")
    assert _visible(viewer) == list(SHOWN)
    assert len(viewer.layers) == count
    assert widget.panel.comparison.text.isHidden()


def test_the_map_follows_target_and_photograph(explained, qtbot):
    viewer, widget = explained
    _choose(qtbot, widget, "Occlusion")
    before = widget.layers[COMPARISON].data.copy()
    widget.set_target(0)
    _settle(qtbot, widget)
    assert widget.explanation.mapped[-1] == (SaliencyMethod.OCCLUSION, 0)
    assert (widget.layers[COMPARISON].data != before).any()
    assert widget.explanation.explainer.classes[0] in widget.panel.comparison.text.text()
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    _settle(qtbot, widget)
    assert widget.explanation.mapped == [(SaliencyMethod.OCCLUSION, 1)]
    assert len([layer for layer in viewer.layers if "Occlusion" in layer.name]) == 1


def test_sliders_leave_the_map_alone(explained, qtbot):
    _, widget = explained
    _choose(qtbot, widget, "Grad-CAM")
    before = widget.layers[COMPARISON].data.copy()
    next(iter(widget.panel.sliders.rows.values())).slider.setValue(2.0)
    _settle(qtbot, widget)
    assert (widget.layers[COMPARISON].data == before).all()
    assert widget.explanation.mapped == [(SaliencyMethod.GRADCAM, 1)]


def test_a_map_of_another_explanation_is_not_shown(explained, qtbot, fakes):
    _viewer, widget = explained
    widget.explanation.slow = 0.1
    widget.compare(SaliencyMethod.OCCLUSION)
    other = fakes.FakeExplanation(widget.explanation.explainer, fakes.fake_photograph(9))
    widget.show_explanation(other)
    _settle(qtbot, widget)
    time.sleep(0.3)
    assert other.mapped == [(SaliencyMethod.OCCLUSION, 1)]
    assert (widget.layers[COMPARISON].data[60:] == other.original[60:]).all()
    assert np.array_equal(widget.layers["Original"].data, other.original)


def test_cancel_and_refusal_go_back_to_none(explained, qtbot, said, monkeypatch):
    viewer, widget = explained
    widget.explanation.slow = 0.2
    widget.compare(SaliencyMethod.OCCLUSION)
    qtbot.waitUntil(lambda: "Comparing" in widget.panel.message.text())
    assert not widget.panel.sliders.isEnabled()
    qtbot.mouseClick(widget.panel.cancel, Qt.MouseButton.LeftButton)
    _settle(qtbot, widget)
    assert widget.panel.comparison.method is None
    assert widget.panel.message.text() == "Stopped."

    def refuse(method, progress):
        msg = "Integrated gradients need captum: pip install 'napari-latent-explain[saliency]'."
        raise WrongUseError(msg)

    monkeypatch.setattr(widget.explanation, "saliency_map", refuse)
    _choose(qtbot, widget, "Integrated gradients")
    assert said == [("error", "Integrated gradients need captum: pip install 'napari-latent-explain[saliency]'.")]
    assert widget.panel.comparison.method is None
    assert _visible(viewer) == list(SHOWN)


def test_the_map_is_no_photograph_to_explain(explained, qtbot):
    _, widget = explained
    _choose(qtbot, widget, "Grad-CAM")
    box = widget.photograph.choice
    assert [box.itemText(i) for i in range(box.count())] == ["photograph"]
