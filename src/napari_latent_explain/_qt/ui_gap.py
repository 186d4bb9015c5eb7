"""How long the window's event loop stands still while a slider is dragged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from napari_latent_explain._qt.explain_widget import ExplainWidget

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain.explain import Explanation

__all__ = ["measure_plain_gap", "measure_ui_gap"]

_TICK_MS, _STEP_MS, _PATIENCE = 5, 16, 120.0


def measure_ui_gap(explanation: Explanation, seconds: float = 5.0) -> float:
    """Drag the first slider to and fro in a napari window, sixty moves a second, and return the 95 % quantile of the gaps.

    A gap is the time from one tick of a timer of 5 ms to the next: as long as it lasts, nothing is drawn and no key is heard.
    In milliseconds, 5 at best. Needs a display.
    """
    viewer = _viewer()
    widget = ExplainWidget(viewer, project=None)
    viewer.window.add_dock_widget(widget, name="Latent Explain", area="right")
    widget.show_explanation(explanation)
    _wait(lambda: not widget.busy and not widget.ahead.busy)
    row = next(iter(widget.panel.sliders.rows.values()))
    low, high = row.slider.minimum(), row.slider.maximum()
    row.slider.setSliderDown(True)
    gap = _gap_while(lambda share: row.slider.setValue(low + (high - low) * share), seconds)
    row.slider.setSliderDown(False)
    _wait(lambda: not widget.busy)
    widget.close_down()
    viewer.close()
    return gap


def measure_plain_gap(size: int, seconds: float = 5.0) -> float:
    """The same quantile in a napari window without this plugin, one of whose two pictures is replaced as often.

    What the window takes beyond this is the plugin's; what it takes below is napari's, Qt's and the display's.

    Parameters
    ----------
    size : int
        Side of both pictures in pixels, shown in two cells.
    seconds : float
        How long.
    """
    viewer = _viewer()
    pictures = np.random.default_rng(0).integers(0, 255, (2, size, size, 3), dtype=np.uint8)
    viewer.add_image(pictures[0], rgb=True)
    layer = viewer.add_image(pictures[1], rgb=True)
    viewer.grid.enabled = True
    gap = _gap_while(lambda share: setattr(layer, "data", pictures[int(share > 0.5)]), seconds)
    viewer.close()
    return gap


def _viewer() -> Any:
    import napari

    viewer: Any = napari.Viewer(show=True)
    viewer.window.resize(1500, 950)
    return viewer


def _gap_while(move: Callable[[float], object], seconds: float) -> float:
    """Call `move` sixty times a second with a share that swings between 0 and 1, and measure the gaps meanwhile."""
    turns: list[float] = []
    ticking, moving = QTimer(), QTimer()
    ticking.setTimerType(Qt.TimerType.PreciseTimer)
    ticking.timeout.connect(lambda: turns.append(time.perf_counter()))
    began = time.perf_counter()
    moving.timeout.connect(lambda: move(0.5 + 0.5 * np.sin((time.perf_counter() - began) / 2 * np.pi)))
    ticking.start(_TICK_MS)
    moving.start(_STEP_MS)
    while time.perf_counter() - began < seconds:
        QApplication.processEvents()
    ticking.stop()
    moving.stop()
    return float(1000 * np.quantile(np.diff(turns), 0.95))


def _wait(until: Callable[[], bool]) -> None:
    began = time.perf_counter()
    while not until() and time.perf_counter() - began < _PATIENCE:
        QApplication.processEvents()
        time.sleep(0.005)
