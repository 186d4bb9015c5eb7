"""A line to type in whose hint can be read in every theme."""

from __future__ import annotations

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QLineEdit, QWidget

__all__ = ["HintedLine"]


class HintedLine(QLineEdit):  # type: ignore[misc]
    """Qt draws a hint with half the strength of the text, which is less than 4.5:1 in napari's themes; this is four fifths."""

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ""
        self.setPlaceholderText(hint)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            red, green, blue, _ = self.palette().text().color().getRgb()
            ink = f"rgba({red}, {green}, {blue}, 80%)"
            if ink != self._ink:
                self._ink = ink
                self.setStyleSheet(f"QLineEdit {{ placeholder-text-color: {ink}; }}")
