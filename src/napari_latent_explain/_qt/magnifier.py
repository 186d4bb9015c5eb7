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
_NAMES = ("Original", "Counterfactual")


class Magnifier(QWidget):  # type: ignore[misc]
    """Two views side by side; `side` pixels of the photograph, three times enlarged."""

    side = _SIDE

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.before, self.after = QLabel(), QLabel()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        self._names = QLabel(), QLabel()
        for column, (view, name) in enumerate(zip((self.before, self.after), _NAMES, strict=True)):
            view.setFixedSize(_SIDE * _TIMES, _SIDE * _TIMES)
            view.setAlignment(Qt.AlignmentFlag.AlignCenter)
            view.setStyleSheet("background: black; color: white;")
            view.setAccessibleName(f"Magnified {name.lower()}")
            grid.addWidget(view, 0, column)
            grid.addWidget(self._names[column], 1, column)
        self.setToolTip(f"Each pixel of the photograph at the pointer, {_TIMES} by {_TIMES} on the screen.")
        self.clear()

    def show_detail(self, before: NDArray[np.uint8], after: NDArray[np.uint8], look: str = "colour") -> None:
        """Show the same window of both pictures, (h, w, 3) uint8, and say how they are looked at here."""
        for label, name in zip(self._names, _NAMES, strict=True):
            label.setText(f"{name}, {look}")
        for view, picture in ((self.before, before), (self.after, after)):
            pixels = pixmap_of(picture)
            view.setPixmap(pixels.scaled(pixels.width() * _TIMES, pixels.height() * _TIMES))

    def clear(self) -> None:
        """Ask for the pointer."""
        for label, name in zip(self._names, _NAMES, strict=True):
            label.setText(name)
        for view in (self.before, self.after):
            view.clear()
            view.setText("move the pointer\nover a picture")
