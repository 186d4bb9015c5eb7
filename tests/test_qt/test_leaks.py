"""Opening and closing the widget again and again leaves nothing behind."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

pytestmark = pytest.mark.gui

TIMES = 50


def _resident() -> int:
    """Kilobytes of this process in memory."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _timers() -> int:
    """Timers that will still tick."""
    ticking = 0
    for timer in [thing for thing in gc.get_objects() if issubclass(type(thing), QTimer)]:
        with suppress(RuntimeError):  # deleted by Qt
            ticking += timer.isActive()
    return ticking


def _growth(memory: list[int]) -> float:
    """Kilobytes more each time: the median growth over five times, which a step or two of an arena do not move."""
    return float(np.median(np.subtract(memory[5:], memory[:-5])) / 5)


def test_the_measure_of_growth_sees_a_small_leak_and_passes_over_a_step():
    rng = np.random.default_rng(0)
    noise = rng.integers(-400, 400, 25)
    assert _growth(list(1_500_000 + 150 * np.arange(25) + noise)) > 100
    assert _growth(list(1_500_000 + 4000 * (np.arange(25) > 12) + noise)) < 100


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_fifty_times_open_and_closed(make_napari_viewer_proxy, fakes, qtbot, said, settle, tmp_path):
    from napari_latent_explain._qt import ExplainWidget

    viewer = make_napari_viewer_proxy()
    viewer.add_image(fakes.fake_photograph().pixels.copy(), name="photograph", rgb=True)
    moves, bindings = list(viewer.mouse_move_callbacks), dict(viewer.keymap)
    seen, memory, timers = [], [], []
    for _ in range(TIMES):
        widget = ExplainWidget(
            viewer,
            load=lambda bundle, device: fakes.fake_explainer(),
            explain=fakes.fake_explain,
            project=tmp_path / "p",
        )
        with qtbot.waitSignal(widget.explained):
            widget.explain()
        settle(widget)
        row = next(iter(widget.panel.sliders.rows.values()))
        row.slider.setValue(1.0)
        settle(widget)
        seen.append(weakref.ref(widget))
        widget.close()
        widget.deleteLater()
        del widget, row
        QApplication.sendPostedEvents(None, 52)  # DeferredDelete
        QApplication.processEvents()
        gc.collect()
        memory.append(_resident())
        timers.append(_timers())
    assert not [thread for thread in threading.enumerate() if thread.name == "latent-explain-worker"]
    assert len(viewer.layers) == 5  # the photograph and the four pictures, which the next widget uses again
    assert list(viewer.mouse_move_callbacks) == moves
    assert dict(viewer.keymap) == bindings
    assert timers[-1] <= timers[4]
    assert sum(widget() is not None for widget in seen[:-5]) == 0
    assert _growth(memory[TIMES // 2 :]) < 100, memory
    assert not said
