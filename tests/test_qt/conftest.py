"""The fake explanation, and a widget that uses it."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import Qt

_SPEC = importlib.util.spec_from_file_location("fake_explanation", Path(__file__).with_name("fake_explanation.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_FAKES = importlib.util.module_from_spec(_SPEC)
sys.modules["fake_explanation"] = _FAKES
_SPEC.loader.exec_module(_FAKES)


@pytest.fixture
def fakes():
    """The module of fakes."""
    return _FAKES


@pytest.fixture
def said(monkeypatch):
    """What the widget tells the person, instead of pop-ups: pairs of kind and text."""
    from napari_latent_explain._qt import (
        explain_widget,
        explaining,
        panel_export,
        project_side,
        region_drawing,
        searching,
    )

    heard: list[tuple[str, str]] = []
    for module in (explain_widget, explaining, panel_export, project_side, region_drawing, searching):
        for kind in ("error", "warning", "info"):
            if hasattr(module, f"show_{kind}"):
                monkeypatch.setattr(module, f"show_{kind}", lambda text, kind=kind: heard.append((kind, text)))
    return heard


@pytest.fixture
def work(qtbot):
    from napari_latent_explain._qt.slow_work import SlowWork

    work = SlowWork()
    yield work
    work.close()


@pytest.fixture
def make_widget(make_napari_viewer_proxy, said, fakes):
    """Make a docked widget with fakes inside, a user's layer and a photograph in the viewer."""

    def make(**verbs):
        from napari_latent_explain._qt import ExplainWidget

        viewer = make_napari_viewer_proxy()
        viewer.add_image(fakes.fake_photograph().pixels.copy(), name="photograph", rgb=True)
        viewer.add_points([[1, 2]], name="mine")
        given = {
            "read": lambda path: fakes.fake_photograph(7),
            "load": lambda bundle, device: fakes.fake_explainer(),
            "explain": fakes.fake_explain,
            "write_panel": lambda record, path: path.write_bytes(record.counterfactual.tobytes()) and path,
            "project": None,
        }
        widget = ExplainWidget(viewer, **(given | verbs))
        viewer.window.add_dock_widget(widget, name="Latent explain")
        return viewer, widget

    return make


@pytest.fixture
def settle(qtbot):
    """Wait until a widget neither computes nor draws ahead."""
    return lambda widget: qtbot.waitUntil(lambda: not widget.busy and not widget.ahead.busy, timeout=60_000)


@pytest.fixture
def explained(make_widget, qtbot, settle):
    """A viewer and its widget, with an explained photograph."""
    viewer, widget = make_widget()
    with qtbot.waitSignal(widget.explained):
        qtbot.mouseClick(widget.panel.explain, Qt.MouseButton.LeftButton)
    settle(widget)
    return viewer, widget


@pytest.fixture
def eyes(tmp_path):
    """A folder with two eyes and a picture that is none."""
    from napari_latent_explain.fundus import simulate

    folder = tmp_path / "eyes"
    folder.mkdir()
    for seed in (3, 4):
        Image.fromarray(simulate(seed=seed, size=128).picture).save(folder / f"eye{seed}.png")
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    return folder


@pytest.fixture
def open_window(make_napari_viewer_proxy, said, small_explainer, tmp_path, monkeypatch):
    """Open a viewer with the widget and a project; more than one after another."""
    from napari_latent_explain._qt import ExplainWidget
    from napari_latent_explain.cohort import explaining
    from quick_explanation import quick

    monkeypatch.setattr(explaining, "explain_photograph", quick)
    opened = []

    def make(project=tmp_path / "project", **verbs):
        viewer = make_napari_viewer_proxy()
        given = {"load": lambda bundle, device: small_explainer, "explain": quick}
        widget = ExplainWidget(viewer, project=project, **(given | verbs))
        viewer.window.add_dock_widget(widget, name="Latent explain")
        opened.append(widget)
        return viewer, widget

    yield make
    for widget in opened:
        widget.close_down()


@pytest.fixture
def explain_first(eyes, qtbot, wait):
    """Have a window explain one of the eyes."""

    def explained(widget, name="eye3.png"):
        widget.open_photograph(eyes / name)
        with qtbot.waitSignal(widget.explained, timeout=60_000):
            widget.explain()
        wait(widget)

    return explained


@pytest.fixture
def full_disk(monkeypatch):
    """Make every write fail inside a `with`."""

    def full(_handle):
        raise OSError(28, "No space left on device")

    @contextmanager
    def filled():
        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", full)
            yield

    return filled


@pytest.fixture
def wait(qtbot):
    """Wait until a window computes, draws and writes nothing."""

    def until_still(widget):
        parts = (widget, widget.ahead, widget.project.keeper, widget.project.queue)
        qtbot.waitUntil(lambda: not any(part.busy for part in parts), timeout=60_000)

    return until_still
