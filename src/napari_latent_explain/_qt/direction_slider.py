"""One slider: a direction's name, where it acts, its range, pictures along it, and its measured effect."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QDoubleSlider

from napari_latent_explain._qt.pixmaps import pixmap_of

if TYPE_CHECKING:
    from napari_latent_explain.domain import ActivityMap, Mix, StyleDirection
    from napari_latent_explain.explain.frame_strip import FrameStrip

__all__ = ["DirectionSlider"]

_HANDLE = 16
_EXCERPTS, _EXCERPT = 5, 64
_MAP = 34


class _Slider(QDoubleSlider):  # type: ignore[misc]
    """A slider that a double click resets and that the wheel moves only when it has the focus.

    Signals
    -------
    double_clicked()
    key(text: str)
        M, S or F2 was pressed.
    """

    double_clicked = Signal()
    key = Signal(str)

    def __init__(self, orientation: Qt.Orientation) -> None:
        super().__init__(orientation)
        self.pressing = False

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the handle where it is, or bring it to where the groove was pressed: that is where the drag begins."""
        value = self.value()
        share = (value - self.minimum()) / max(self.maximum() - self.minimum(), 1e-9)
        handle = _HANDLE / 2 + (self.width() - _HANDLE) * share
        taken = abs(event.position().x() - handle) <= _HANDLE / 2
        self.pressing = True
        self.blockSignals(taken)
        super().mousePressEvent(event)
        if taken:
            self.setValue(value)
        self.blockSignals(False)
        self.pressing = False

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

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Mute, solo, rename or reset by a key."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_0):
            self.double_clicked.emit()
        elif event.key() in (Qt.Key.Key_M, Qt.Key.Key_S, Qt.Key.Key_F2):
            self.key.emit({Qt.Key.Key_M: "M", Qt.Key.Key_S: "S", Qt.Key.Key_F2: "F2"}[event.key()])
        else:
            super().keyPressEvent(event)


class _Marks(QWidget):  # type: ignore[misc]
    """Ticks and numbers under a slider: the ends of what real eyes show, and zero."""

    paints_text = True

    def __init__(self, low: float, high: float, *, taught: bool) -> None:
        super().__init__()
        self._low, self._high = low, high
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "The ends are what this attribute was taught; no photograph shows any of it."
            if taught
            else "The ends are what real eyes show: 5 % and 95 % of the reference photographs."
        )

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


class _Excerpts(QWidget):  # type: ignore[misc]
    """Small pictures of the place that the slider changes most, from minus to plus; a click goes there.

    Signals
    -------
    chosen(strength: float)
    """

    chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._strengths: tuple[float, ...] = ()
        self._pixmaps: list[QPixmap] = []
        self._at = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "The place that this slider changes most, from the least to the greatest strength. Click to go there."
        )
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def strengths(self) -> tuple[float, ...]:
        """What is shown, empty before it was drawn."""
        return self._strengths

    def sizeHint(self) -> QSize:  # noqa: N802
        """Have room for the pictures, drawn or not, so that nothing moves when they come."""
        return QSize(200, _EXCERPT + 2)

    def show_strip(self, strip: FrameStrip) -> None:
        """Show excerpts of a strip."""
        self._strengths, pictures = strip.excerpts(_EXCERPTS, 2 * _EXCERPT)
        self._pixmaps = [pixmap_of(picture) for picture in pictures]
        self.update()

    def show_strength(self, strength: float) -> None:
        """Frame the picture nearest to a strength."""
        self._at = strength
        self.update()

    def _cells(self) -> list[QRectF]:
        count = max(1, len(self._strengths))
        side = min(_EXCERPT, self.width() / count - 3)
        step = (self.width() - side) / max(1, count - 1)
        return [QRectF(k * step, 1, side, side) for k in range(count)]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the pictures and the frame."""
        if not self._strengths:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        nearest = int(np.abs(np.array(self._strengths) - self._at).argmin())
        for k, (cell, pixmap) in enumerate(zip(self._cells(), self._pixmaps, strict=True)):
            painter.drawPixmap(cell, pixmap, QRectF(pixmap.rect()))
            if k == nearest:
                painter.setPen(QPen(QColor("#f28e2b"), 2))
                painter.drawRect(cell.adjusted(1, 1, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Choose the picture under the pointer."""
        for cell, strength in zip(self._cells(), self._strengths, strict=False):
            if cell.contains(event.position()):
                self.chosen.emit(strength)
                return


class _Name(QLineEdit):  # type: ignore[misc]
    """A name that can be changed in place: Enter keeps, Escape leaves it.

    Signals
    -------
    named(name: str)
    """

    named = Signal(str)

    def __init__(self, name: str, tip: str) -> None:
        super().__init__(name)
        self._name, self._shown = name, self.text()
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setMaxLength(80)
        self.setFrame(False)
        self.setToolTip(f"{tip}\n\nClick, or press F2 at the slider, to call it otherwise.")
        self.setAccessibleName(f"Name of {name}")
        self.setCursorPosition(0)
        self.editingFinished.connect(self.finish)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Leave the name as it was at Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._name)
            self.clearFocus()
        else:
            super().keyPressEvent(event)

    def show_name(self, name: str) -> None:
        """Show another name without saying so."""
        self._name = name
        self.setText(name)
        self._shown = self.text()  # no more than there is room for
        self.setCursorPosition(0)
        self.setAccessibleName(f"Name of {name}")

    def finish(self) -> None:
        """Take what was typed; nothing at all leaves the name as it was."""
        if self.text() == self._shown:
            return
        name = self.text().strip().encode(errors="ignore").decode()  # the longest allowed may end in half a character
        if not name:
            self.setText(self._name)
        elif name != self._name:
            self._name = name
            self.named.emit(name)
        self._shown = self.text()
        self.setCursorPosition(0)


class DirectionSlider(QWidget):  # type: ignore[misc]
    """A direction's name, slider, strength and measured effect.

    Signals
    -------
    moved(direction_id: str, strength: float, dragging: bool)
    released()
    reset_asked(direction_id: str)
    muted(direction_id: str, on: bool), soloed(direction_id: str, on: bool)
    renamed(direction_id: str, name: str)
    """

    moved = Signal(str, float, bool)
    released = Signal()
    reset_asked = Signal(str)
    muted = Signal(str, bool)
    soloed = Signal(str, bool)
    renamed = Signal(str, str)

    def __init__(self, direction: StyleDirection, low: float, high: float, *, mirrored: bool = False) -> None:
        super().__init__()
        self.direction = direction
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setRange(low, high)
        self.slider.setSingleStep(0.1)
        self.slider.setPageStep(0.5)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.setAccessibleName(f"Strength of {direction.name}")
        self.slider.setMinimumHeight(20)
        unit = (
            "a unit of what this attribute was taught"
            if direction.taught
            else "the usual difference between eyes (a standard deviation)"
        )
        self.slider.setToolTip(
            f"Drag, or use the arrow keys. One is {unit}; "
            "double-click, 0 or Delete puts it back to 0. M mutes, S shows it alone, F2 renames it."
        )
        self.slider.setEnabled(high - low > 1e-6)
        self.value = QLabel("0")
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("+00.00 "))
        self.mute = _small("M", "Mute (M): leave this direction out of the picture; its slider stays where it is.")
        self.solo = _small("S", "Solo (S): show this direction alone; the other sliders stay where they are.")
        for button in (self.mute, self.solo):
            button.setCheckable(True)
        self.reset = _small("0", "Put this direction back to 0 (also a double click on its slider, 0 or Delete).")
        for button, does in ((self.mute, "Mute"), (self.solo, "Solo"), (self.reset, "Reset")):
            button.setAccessibleName(f"{does} {direction.name}")
        self.effect = QLabel(_effect(direction))
        self.effect.setWordWrap(True)
        self.effect.setToolTip(
            f"Mean change that this direction made to the target class in {direction.held_out} photographs "
            "that were not used to find it, with 95 % intervals. It alone changed the decision in "
            f"{100 * direction.flip_share:.0f} % of those of the other class. Coordinate {direction.id}."
        )
        self.name = _Name(direction.name, self.effect.toolTip())
        self.excerpts = _Excerpts()
        self._lay_out(low, high, mirrored=mirrored)
        self.slider.valueChanged.connect(self._say_moved)
        self.slider.sliderReleased.connect(self.released)
        self.slider.double_clicked.connect(self._say_reset)
        self.slider.key.connect(self._key)
        self.reset.clicked.connect(self._say_reset)
        self.mute.clicked.connect(lambda on: self.muted.emit(direction.id, on))
        self.solo.clicked.connect(lambda on: self.soloed.emit(direction.id, on))
        self.name.named.connect(lambda name: self.renamed.emit(direction.id, name))
        self.excerpts.chosen.connect(lambda strength: self.moved.emit(direction.id, strength, False))

    def _lay_out(self, low: float, high: float, *, mirrored: bool) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        if self.direction.where is not None:
            head.addWidget(_where(self.direction.where, mirrored=mirrored))
        head.addWidget(self.name, 1)
        head.addWidget(self.value)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.mute, self.solo, self.reset):
            buttons.addWidget(button)
        foot = QGridLayout()
        foot.setSpacing(4)
        foot.addWidget(self.effect, 0, 0)
        foot.addLayout(buttons, 0, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        foot.setColumnStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.slider)
        column.addWidget(_Marks(low, high, taught=self.direction.taught))
        column.addWidget(self.excerpts)
        column.addLayout(foot)

    def show_mix(self, mix: Mix) -> None:
        """Show a strength, and whether it is heard, without saying that anything was moved."""
        key = self.direction.id
        if not self.slider.isSliderDown():
            self.slider.blockSignals(True)
            self.slider.setValue(mix.edit[key])
            self.slider.blockSignals(False)
            self._show_number(mix.edit[key])
        self.mute.setChecked(key in mix.muted)
        self.solo.setChecked(key == mix.solo)
        self.value.setEnabled(mix.hears(key))
        self.value.setToolTip("" if mix.hears(key) else "Not heard: it is muted, or another one is shown alone.")

    def _show_number(self, strength: float) -> None:
        self.value.setText(f"{strength:+.2f}" if abs(strength) >= 0.005 else "0")
        self.reset.setEnabled(abs(strength) >= 0.005)
        self.excerpts.show_strength(strength)

    def _say_moved(self, strength: float) -> None:
        self._show_number(strength)
        dragging = self.slider.isSliderDown() or self.slider.pressing
        self.moved.emit(self.direction.id, float(strength), bool(dragging))

    def _say_reset(self) -> None:
        self.reset_asked.emit(self.direction.id)

    def _key(self, key: str) -> None:
        if key == "F2":
            self.name.setFocus()
            self.name.selectAll()
        else:
            (self.mute if key == "M" else self.solo).click()


def _small(letter: str, tip: str) -> QPushButton:
    button = QPushButton(letter)
    button.setToolTip(tip)
    button.setFixedWidth(button.fontMetrics().horizontalAdvance("M") + 16)
    button.setStyleSheet("QPushButton:checked { background: #f28e2b; color: black; }")
    return button


def _where(where: ActivityMap, *, mirrored: bool) -> QLabel:
    """A small map of where a direction acts, seen as this eye is."""
    values = where.values() / max(where.peak, 1e-9)
    values = values[:, ::-1] if mirrored else values
    y, x = np.mgrid[-1 : 1 : values.shape[0] * 1j, -1 : 1 : values.shape[0] * 1j]
    ground = np.where(np.hypot(y, x) <= 1, 0.16, 0.0)[..., None]
    colours = np.clip(ground + values[..., None] * np.array([0.95, 0.56, 0.17]), 0, 1)
    label = QLabel()
    label.setPixmap(
        pixmap_of(np.rint(255 * colours).astype(np.uint8)).scaled(
            _MAP, _MAP, transformMode=Qt.TransformationMode.SmoothTransformation
        )
    )
    label.setFixedSize(_MAP, _MAP)
    label.setToolTip("Where in the field of view this direction acts, on average over the reference photographs.")
    label.setAccessibleName("Where it acts")
    return label


def _effect(direction: StyleDirection) -> str:
    low, high = direction.effect_logit_interval
    less, more = (100 * p for p in direction.effect_probability_interval)
    found = direction.validation
    judged = f"<br><b>Validated: {escape(found.verdict)}</b> ({found.agreeing} of {found.ratings})" if found else ""
    return (
        f"log odds {direction.effect_logit:+.2f} ({low:+.2f} to {high:+.2f})<br>"
        f"probability {100 * direction.effect_probability:+.1f} points ({less:+.1f} to {more:+.1f}), "
        f"mean of {direction.held_out} eyes{judged}"
    )
