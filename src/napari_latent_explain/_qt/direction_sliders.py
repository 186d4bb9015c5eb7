"""One slider for each style direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget
from superqt import QDoubleSlider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_latent_explain.domain import DirectionId, Edit, StyleDirection

__all__ = ["DirectionSlider", "DirectionSliders"]

_HANDLE = 16


class _Slider(QDoubleSlider):  # type: ignore[misc]
    """A slider that a double click resets and that the wheel moves only when it has the focus."""

    double_clicked = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Reset."""
        self.double_clicked.emit()
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Let the wheel scroll the panel unless this slider was chosen on purpose."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _Marks(QWidget):  # type: ignore[misc]
    """Ticks and numbers under a slider: the ends of what real eyes show, and zero."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self._low, self._high = low, high
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("The ends are what real eyes show: 5 % and 95 % of the reference photographs.")

    def sizeHint(self) -> QSize:  # noqa: N802
        """Have room for a tick and a line of text."""
        return QSize(100, self.fontMetrics().height() + 5)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the three marks where the handle would stand; the middle one gives way."""
        painter = QPainter(self)
        ink = QColor(self.palette().windowText().color())
        painter.setPen(ink)
        metrics, width = self.fontMetrics(), self.width() - _HANDLE
        taken: list[tuple[float, float]] = []
        for value in (self._low, self._high, 0.0):
            x = _HANDLE / 2 + width * (value - self._low) / max(self._high - self._low, 1e-9)
            text = f"{value:+.1f}" if value else "0"
            wide = metrics.horizontalAdvance(text)
            left = min(max(0.0, x - wide / 2), self.width() - wide)
            painter.drawLine(int(x), 0, int(x), 4)
            if all(left > end + 3 or left + wide < begin - 3 for begin, end in taken):
                painter.drawText(int(left), metrics.ascent() + 4, text)
                taken.append((left, left + wide))
        painter.end()


class DirectionSlider(QWidget):  # type: ignore[misc]
    """A direction's name, slider, strength and measured effect.

    Signals
    -------
    moved(direction_id: str, strength: float, dragging: bool)
    released()
    reset_asked(direction_id: str)
    """

    moved = Signal(str, float, bool)
    released = Signal()
    reset_asked = Signal(str)

    def __init__(self, direction: StyleDirection, low: float, high: float) -> None:
        super().__init__()
        self.direction = direction
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setRange(low, high)
        self.slider.setSingleStep(0.1)
        self.slider.setPageStep(0.5)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.setAccessibleName(f"Strength of {direction.name}")
        self.slider.setMinimumHeight(20)
        self.slider.setToolTip(
            "Drag, or use the arrow keys. One is the usual difference between eyes (a standard deviation); "
            "double-click puts it back to 0."
        )
        self.slider.setEnabled(high - low > 1e-6)
        self.value = QLabel("0")
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("+00.00 "))
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setToolTip(f"Put {direction.name} back to 0.")
        self.reset.setAccessibleName(f"Reset {direction.name}")
        self.effect = QLabel(_effect(direction))
        self.effect.setWordWrap(True)
        self.effect.setToolTip(
            f"Mean change that this direction made to the target class in {direction.held_out} photographs "
            "that were not used to find it, with 95 % intervals. It alone changed the decision in "
            f"{100 * direction.flip_share:.0f} % of those of the other class. Coordinate {direction.id}."
        )
        name = QLabel(f"<b>{direction.name}</b>")
        name.setWordWrap(True)
        name.setToolTip(self.effect.toolTip())
        head = QHBoxLayout()
        head.addWidget(name, 1)
        head.addWidget(self.value)
        head.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.slider)
        column.addWidget(_Marks(low, high))
        column.addWidget(self.effect)
        self.slider.valueChanged.connect(self._say_moved)
        self.slider.sliderReleased.connect(self.released)
        self.slider.double_clicked.connect(self._say_reset)
        self.reset.clicked.connect(self._say_reset)

    def show_strength(self, strength: float) -> None:
        """Show a strength without saying that it was moved."""
        self.slider.blockSignals(True)
        self.slider.setValue(strength)
        self.slider.blockSignals(False)
        self._show_number(strength)

    def _show_number(self, strength: float) -> None:
        self.value.setText(f"{strength:+.2f}" if abs(strength) >= 0.005 else "0")
        self.reset.setEnabled(abs(strength) >= 0.005)

    def _say_moved(self, strength: float) -> None:
        self._show_number(strength)
        self.moved.emit(self.direction.id, float(strength), bool(self.slider.isSliderDown()))

    def _say_reset(self) -> None:
        self.reset_asked.emit(self.direction.id)


class DirectionSliders(QWidget):  # type: ignore[misc]
    """The sliders of one target class. `rows` maps direction ids to their sliders.

    Signals
    -------
    moved(direction_id: str, strength: float, dragging: bool)
    released()
    reset_asked(direction_id: str)
    """

    moved = Signal(str, float, bool)
    released = Signal()
    reset_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.rows: dict[DirectionId, DirectionSlider] = {}

    def set_directions(
        self, directions: Sequence[StyleDirection], ranges: Mapping[DirectionId, tuple[float, float]]
    ) -> None:
        """Make the sliders anew."""
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            old.hide()
            old.deleteLater()
        self.rows = {}
        for direction in directions:
            row = DirectionSlider(direction, *ranges[direction.id])
            row.moved.connect(self.moved)
            row.released.connect(self.released)
            row.reset_asked.connect(self.reset_asked)
            row.show_strength(0.0)
            self._column.addWidget(row)
            self.rows[direction.id] = row
        if not directions:
            empty = QLabel("This model has no directions towards this class.")
            empty.setWordWrap(True)
            self._column.addWidget(empty)

    def show_edit(self, edit: Edit) -> None:
        """Put every slider where the edit says."""
        for direction_id, row in self.rows.items():
            if not row.slider.isSliderDown():
                row.show_strength(edit[direction_id])


def _effect(direction: StyleDirection) -> str:
    low, high = direction.effect_logit_interval
    less, more = (100 * p for p in direction.effect_probability_interval)
    return (
        f"log odds {direction.effect_logit:+.2f} ({low:+.2f} to {high:+.2f})<br>"
        f"probability {100 * direction.effect_probability:+.1f} points ({less:+.1f} to {more:+.1f})"
    )
