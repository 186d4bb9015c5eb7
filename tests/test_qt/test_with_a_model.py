"""The widget with the real verbs: a real photograph, a tiny untrained model from its folder."""

import numpy as np
import pytest

from napari_latent_explain._qt.explained_layers import ROLES

pytestmark = [pytest.mark.gui, pytest.mark.real_photograph]


def test_from_a_file_to_a_moved_slider(make_napari_viewer_proxy, qtbot, said, data_folder, small_bundle):
    from napari_latent_explain._qt import ExplainWidget

    viewer = make_napari_viewer_proxy()
    widget = ExplainWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Latent explain")
    widget.open_photograph(data_folder / "fullres" / "cc0_left_eye.jpg")
    widget.panel.model.add_folder(small_bundle)
    with qtbot.waitSignal(widget.explained, timeout=120_000):
        widget.explain()
    qtbot.waitUntil(lambda: not widget.busy)
    assert [layer.name.split(":")[0] for layer in viewer.layers] == list(ROLES)
    assert (widget.layers["Counterfactual"].data == widget.layers["Original"].data).all()
    before = widget.panel.bars.values[widget.explanation.target, "Counterfactual"].text()
    for row in widget.panel.sliders.rows.values():
        row.slider.setValue(row.slider.maximum() if row.slider.maximum() > 0 else row.slider.minimum())
    qtbot.waitUntil(lambda: not widget.busy, timeout=20_000)
    assert widget.explanation.edit
    assert np.abs(widget.layers["Difference"].data).max() > 0
    assert (widget.layers["Counterfactual"].data != widget.layers["Original"].data).any()
    after = widget.panel.bars.values[widget.explanation.target, "Counterfactual"].text()
    probabilities = widget.explanation.frame.probabilities
    assert probabilities.counterfactual != probabilities.original
    assert after == f"{100 * probabilities.counterfactual[widget.explanation.target]:.1f} %"
    assert before
    widget.find_counterfactual()
    qtbot.waitUntil(lambda: not widget.busy, timeout=60_000)
    widget.set_target(1 - widget.explanation.target)
    assert not widget.explanation.edit
    assert not [text for kind, text in said if kind == "error"]


def test_a_file_that_is_no_photograph_is_refused(make_napari_viewer_proxy, qtbot, said, small_bundle, tmp_path):
    from napari_latent_explain._qt import ExplainWidget

    viewer = make_napari_viewer_proxy()
    widget = ExplainWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Latent explain")
    (tmp_path / "notes.png").write_text("no picture")
    widget.open_photograph(tmp_path / "notes.png")
    widget.panel.model.add_folder(small_bundle)
    widget.explain()
    qtbot.waitUntil(lambda: bool(said), timeout=60_000)
    assert said[0][0] == "error"
    assert "notes.png" in said[0][1]
    assert "program" not in said[0][1]
