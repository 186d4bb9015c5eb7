"""How long the window's event loop stands still while a slider is dragged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from napari_latent_explain._qt.explain_widget import ExplainWidget

if TYPE_CHECKING:
    from napari_latent_explain.explain import Explanation

__all__ = ["measure_ui_gap"]

_TICK_MS, _STEP_MS, _PATIENCE = 5, 16, 120.0


def measure_ui_gap(explanation: Explanation, seconds: float = 5.0) -> float:
    """Drag the first slider to and fro in a napari window, sixty moves a second, and return the 95 % quantile of the gaps.

    A gap is the time from one tick of a timer of 5 ms to the next: as long as it lasts, nothing is drawn and no key is heard.
    In milliseconds, 5 at best. Needs a display.
    """
    import napari

    viewer: Any = napari.Viewer(show=True)
    viewer.window.resize(1500, 950)
    widget = ExplainWidget(viewer, project=None)
    viewer.window.add_dock_widget(widget, name="Latent Explain", area="right")
    widget.show_explanation(explanation)
    _wait(lambda: not widget.busy and not widget.ahead.busy)
    row = next(iter(widget.panel.sliders.rows.values()))
    low, high = row.slider.minimum(), row.slider.maximum()
    turns: list[float] = []
    ticking, dragging = QTimer(), QTimer()
    ticking.setTimerType(Qt.TimerType.PreciseTimer)
    ticking.timeout.connect(lambda: turns.append(time.perf_counter()))
    began = time.perf_counter()

    def drag() -> None:
        phase = (time.perf_counter() - began) / 2 * np.pi
        row.slider.setValue(low + (high - low) * (0.5 + 0.5 * np.sin(phase)))

    dragging.timeout.connect(drag)
    row.slider.setSliderDown(True)
    ticking.start(_TICK_MS)
    dragging.start(_STEP_MS)
    while time.perf_counter() - began < seconds:
        QApplication.processEvents()
    ticking.stop()
    dragging.stop()
    row.slider.setSliderDown(False)
    _wait(lambda: not widget.busy)
    widget.close_down()
    viewer.close()
    return float(1000 * np.quantile(np.diff(turns), 0.95))


def _wait(until: Any) -> None:
    began = time.perf_counter()
    while not until() and time.perf_counter() - began < _PATIENCE:
        QApplication.processEvents()
        time.sleep(0.005)
