"""What is chosen in the Preferences is what a new window begins with."""

from __future__ import annotations

import pytest

from napari_latent_explain._napari.preferences import Preferences
from napari_latent_explain._qt import explain_widget
from napari_latent_explain.domain import Edit

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
    widget.set_edit(Edit(strengths={widget.explanation.directions[0].id: 2.0}))
    settle(widget)
    limit = widget.layers["Difference"].contrast_limits[1]
    assert widget.layers["Difference"].name == f"Difference ±{100 * limit:.0f} % (purple -, green +)"
    assert {strip.pictures.shape[1] for strip in widget.ahead.strips} == {64}


def test_the_display_size_reaches_the_explanation(make_napari_viewer_proxy, monkeypatch):
    from napari_latent_explain._qt import ExplainWidget

    monkeypatch.setattr(explain_widget, "read_preferences", lambda: Preferences(display_size=300))
    widget = ExplainWidget(make_napari_viewer_proxy(), project=None)
    assert widget._explain.keywords == {"display_size": 300}
    widget.close_down()
