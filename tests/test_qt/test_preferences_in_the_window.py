"""What is chosen in the Preferences is what a new window begins with."""

from __future__ import annotations

import pytest

from napari_latent_explain._napari.preferences import Preferences
from napari_latent_explain._qt import explain_widget

pytestmark = pytest.mark.gui


def test_device_project_and_colours(make_widget, monkeypatch, tmp_path, qtbot, settle):
    chosen = Preferences(
        device="cpu", project_folder=str(tmp_path / "mine"), difference_colours="purple-green", preview_size=64
    )
    monkeypatch.setattr(explain_widget, "read_preferences", lambda: chosen)
    _, widget = make_widget(project="default")
    assert widget.panel.model.device == "cpu"
    assert widget.project.project.folder == tmp_path / "mine"
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    settle(widget)
    assert widget.layers["Difference"].colormap.name == "latent_explain_purple-green"
    assert widget.layers["Difference"].name == "Difference: purple darker, green brighter; full colour 2 %"
    assert {strip.pictures.shape[1] for strip in widget.ahead.strips} == {64}


def test_the_display_size_reaches_the_explanation(make_napari_viewer_proxy, monkeypatch):
    from napari_latent_explain._qt import ExplainWidget

    monkeypatch.setattr(explain_widget, "read_preferences", lambda: Preferences(display_size=300))
    widget = ExplainWidget(make_napari_viewer_proxy(), project=None)
    assert widget._explain.keywords == {"display_size": 300}
    widget.close_down()
