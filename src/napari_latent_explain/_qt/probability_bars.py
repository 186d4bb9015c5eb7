"""Class probabilities of the three pictures as labelled bars."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from napari_latent_explain.domain import percent

if TYPE_CHECKING:
    from napari_latent_explain.domain import Probabilities

__all__ = ["PICTURES", "ProbabilityBars"]

PICTURES = ("Original", "Reconstruction", "Counterfactual")
TARGET_COLOUR, OTHER_COLOUR = "#f28e2b", "#4e9fdd"


class _Bar(QWidget):  # type: ignore[misc]
    """A horizontal bar from 0 to 1."""

    def __init__(self, colour: str) -> None:
        super().__init__()
        self._colour, self._value = QColor(colour), 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As tall as a line of text."""
        return QSize(120, max(10, self.fontMetrics().height() - 4))

    def set_value(self, value: float) -> None:
        """Show another value."""
        self._value = min(max(value, 0.0), 1.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the track, the bar, and a mark at one half."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        frame = QRectF(self.rect())
        track = QColor(self.palette().windowText().color())
        track.setAlpha(45)
        painter.setBrush(track)
        painter.drawRoundedRect(frame, 2, 2)
        painter.setBrush(self._colour)
        painter.drawRoundedRect(QRectF(0, 0, frame.width() * self._value, frame.height()), 2, 2)
        half = QColor(self.palette().windowText().color())
        half.setAlpha(150)
        painter.fillRect(QRectF(frame.width() / 2 - 0.5, 0, 1, frame.height()), half)
        painter.end()


class ProbabilityBars(QWidget):  # type: ignore[misc]
    """For each class three bars: the photograph, its reconstruction, the counterfactual.

    The target class is orange, the others blue. `values` maps (class index, picture) to the label that
    holds the number.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._classes: tuple[str, ...] = ()
        self._bars: dict[tuple[int, str], _Bar] = {}
        self.values: dict[tuple[int, str], QLabel] = {}
        self.setAccessibleName("Class probabilities")
        self.setToolTip("What the classifier says about each of the three pictures; the mark is at 50 %.")

    def set_classes(self, classes: tuple[str, ...], target: int) -> None:
        """Make the bars of a model; the target's come first."""
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            old.hide()
            old.deleteLater()
        self._classes, self._bars, self.values = classes, {}, {}
        row = 0
        for index in sorted(range(len(classes)), key=lambda c: c != target):
            title = QLabel(f"<b>{escape(classes[index])}</b>" + (" (target)" if index == target else ""))
            self._grid.addWidget(title, row, 0, 1, 3)
            for picture in PICTURES:
                row += 1
                bar, value = _Bar(TARGET_COLOUR if index == target else OTHER_COLOUR), QLabel()
                value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                value.setMinimumWidth(value.fontMetrics().horizontalAdvance(">99.9 % "))
                self._bars[index, picture], self.values[index, picture] = bar, value
                for column, widget in enumerate((QLabel(picture), bar, value)):
                    self._grid.addWidget(widget, row, column)
            row += 1

    def show_probabilities(self, probabilities: Probabilities) -> None:
        """Show the numbers of a frame."""
        for picture in PICTURES:
            for index, share in enumerate(getattr(probabilities, picture.lower())):
                self._show(index, picture, share, percent(share))

    def show_about(self, counterfactual: tuple[float, ...]) -> None:
        """Show about what the classifier says of a rough counterfactual, until the exact numbers come."""
        for index, share in enumerate(counterfactual):
            self._show(index, PICTURES[2], share, f"~{percent(share, 0)}")

    def _show(self, index: int, picture: str, share: float, text: str) -> None:
        self._bars[index, picture].set_value(share)
        self._bars[index, picture].setAccessibleName(f"{self._classes[index]}, {picture}: {text}")
        self.values[index, picture].setText(text)
