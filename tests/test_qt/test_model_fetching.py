"""A model that is not on this machine is fetched when it is chosen."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_latent_explain._qt import model_chooser, verbs
from napari_latent_explain.domain import BundleError, Cancelled
from napari_latent_explain.model.downloads import Download

pytestmark = pytest.mark.gui


@pytest.fixture
def offered(make_widget, monkeypatch, tmp_path):
    """Make a widget that offers a model which was fetched before, and one that was not."""
    large, small = (
        Download(
            name=name, title=f"A {name} model", address=f"https://models.org/{name}/", sha256="0" * 64, bytes=24_000_000
        )
        for name in ("large", "small")
    )
    monkeypatch.setattr(model_chooser, "DOWNLOADS", (small, large))
    monkeypatch.setattr(model_chooser, "fetched_bundle", lambda name: tmp_path if name == "small" else None)
    return make_widget


def _choose(widget, index):
    box = widget.panel.model.model
    box.setFocus()
    box.setCurrentIndex(index)


def test_models_that_can_be_fetched_are_offered(offered, tmp_path):
    chooser = offered()[1].panel.model
    assert [chooser.model.itemText(k) for k in range(3)] == [
        "Default model",
        "A small model",
        "A large model (fetch, 24 MB)",
    ]
    assert "https://models.org/large/" in chooser.model.itemData(2, Qt.ItemDataRole.ToolTipRole)
    heard = []
    chooser.changed.connect(lambda: heard.append(chooser.bundle))
    chooser.model.setCurrentIndex(1)
    assert heard == [tmp_path]


def test_choosing_one_fetches_it_with_progress_and_takes_it_then(offered, monkeypatch, tmp_path, qtbot, settle):
    may_end, folder = threading.Event(), tmp_path / "large"

    def fetch(name, progress):
        progress("Downloading", 0.5)
        assert may_end.wait(30)
        return name, folder

    monkeypatch.setattr(verbs, "fetch", fetch)
    widget = offered()[1]
    chooser, heard = widget.panel.model, []
    chooser.changed.connect(lambda: heard.append(chooser.bundle))
    _choose(widget, 2)
    assert chooser.bundle is None
    assert chooser.model.currentIndex() == 0
    qtbot.waitUntil(lambda: widget.panel.message.text().startswith("Downloading"))
    assert widget.panel.cancel.isEnabled()
    may_end.set()
    settle(widget)
    assert chooser.bundle == folder
    assert chooser.model.currentText() == "A large model"
    assert heard == [folder]
    assert chooser.model.count() == 3
    _choose(widget, 0)
    _choose(widget, 2)
    assert heard == [folder, None, folder]


@pytest.mark.parametrize("error", [BundleError("The model large could not be downloaded."), Cancelled()])
def test_what_fails_or_is_stopped_leaves_the_model_before(offered, monkeypatch, settle, error, capsys):
    def fetch(name: str, progress: object) -> tuple[str, Path]:
        raise error

    monkeypatch.setattr(verbs, "fetch", fetch)
    widget = offered()[1]
    said = []
    widget._work.refused.connect(said.append)
    _choose(widget, 2)
    settle(widget)
    assert widget.panel.model.bundle is None
    assert widget.panel.model.model.itemText(2) == "A large model (fetch, 24 MB)"
    assert said == ([str(error)] if isinstance(error, BundleError) else [])
