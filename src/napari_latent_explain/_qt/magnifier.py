"""Photograph and counterfactual around the pointer, in the photograph's own pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_latent_explain._qt.pixmaps import pixmap_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Magnifier"]

_SIDE, _TIMES = 56, 3


class Magnifier(QWidget):  # type: ignore[misc]
    """Two views side by side; `side` pixels of the photograph, three times enlarged."""

    side = _SIDE

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.before, self.after = QLabel(), QLabel()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for column, (view, name) in enumerate(((self.before, "Original"), (self.after, "Counterfactual"))):
            view.setFixedSize(_SIDE * _TIMES, _SIDE * _TIMES)
            view.setAlignment(Qt.AlignmentFlag.AlignCenter)
            view.setStyleSheet("background: black; color: white;")
            view.setAccessibleName(f"Magnified {name.lower()}")
            grid.addWidget(view, 0, column)
            grid.addWidget(QLabel(name), 1, column)
        self.setToolTip(f"Each pixel of the photograph at the pointer, {_TIMES} by {_TIMES} on the screen.")
        self.clear()

    def show_detail(self, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> None:
        """Show the same window of both pictures, (h, w, 3) uint8."""
        for view, picture in ((self.before, before), (self.after, after)):
            pixels = pixmap_of(picture)
            view.setPixmap(pixels.scaled(pixels.width() * _TIMES, pixels.height() * _TIMES))

    def clear(self) -> None:
        """Ask for the pointer."""
        for view in (self.before, self.after):
            view.clear()
            view.setText("move the pointer\nover a picture")
