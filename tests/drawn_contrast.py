"""How well the text of a window can be read: colours as they were drawn, not as they were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QTextEdit,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LEAST = 4.5
"""WCAG 2.2, 1.4.3, for text of usual size."""


def pixels_of(image: QImage) -> NDArray[np.uint8]:
    """(h, w, 3) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    if hasattr(bits, "setsize"):
        bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bytes(bits), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)


def luminance(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of sRGB, as WCAG has it."""
    share = colours.astype(np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(picture: NDArray[np.uint8]) -> float:
    """Contrast between the commonest colour of a picture, its ground, and the colour that stands out most."""
    flat = picture.reshape(-1, 3)
    colours, counts = np.unique(flat, axis=0, return_counts=True)
    ground = luminance(colours[counts.argmax()])
    all_of_them = luminance(colours)
    return float(((np.maximum(all_of_them, ground) + 0.05) / (np.minimum(all_of_them, ground) + 0.05)).max())


def _text(part: QWidget) -> str:
    if isinstance(part, QLabel):
        return "" if part.pixmap() is not None and not part.pixmap().isNull() else part.text()
    if isinstance(part, QAbstractButton):
        return part.text()
    if isinstance(part, QLineEdit):
        return part.text() or part.placeholderText()
    if isinstance(part, QComboBox):
        return part.currentText()
    if isinstance(part, QPlainTextEdit | QTextEdit):
        return part.toPlainText() or part.placeholderText()
    if isinstance(part, QAbstractSpinBox):
        return ""  # its line edit is a part of its own
    return "painted" if getattr(part, "paints_text", False) else ""


def _where(part: QWidget) -> QRect:
    """Where a part's text stands: no frame, box or arrow, whose lines are not text."""
    if isinstance(part, QCheckBox | QRadioButton):
        option = QStyleOptionButton()
        part.initStyleOption(option)
        element = (
            QStyle.SubElement.SE_CheckBoxContents
            if isinstance(part, QCheckBox)
            else QStyle.SubElement.SE_RadioButtonContents
        )
        return part.style().subElementRect(element, option, part)
    if isinstance(part, QComboBox):
        option = QStyleOptionComboBox()
        part.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        return (
            part.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, part).adjusted(2, 3, -2, -3)
        )
    if isinstance(part, QLabel):
        style = part.contentsRect()
        return style.adjusted(6, 0, 0, 0) if "border-left" in part.styleSheet() else style
    if getattr(part, "paints_text", False):
        return part.rect()
    return part.rect().adjusted(4, 3, -4, -3)


def texts(root: QWidget) -> Iterator[tuple[QWidget, str, float]]:
    """Every part of a window that can be used now and shows text, its text, and the contrast that was drawn."""
    whole = pixels_of(root.grab().toImage())
    ratio = whole.shape[1] / root.width()
    for part in root.findChildren(QWidget):
        text = _text(part).strip()
        if not text or not part.isVisibleTo(root) or not part.isEnabled():
            continue
        seen = part.visibleRegion().boundingRect() & _where(part)
        if seen.width() < 4 or seen.height() < 6:
            continue  # scrolled away
        corner = part.mapTo(root, seen.topLeft())
        top, left = round(corner.y() * ratio), round(corner.x() * ratio)
        bottom, right = round(top + seen.height() * ratio), round(left + seen.width() * ratio)
        drawn = whole[max(0, top) : bottom, max(0, left) : right]
        if drawn.size:
            yield part, text, contrast(drawn)


def illegible(root: QWidget) -> list[str]:
    """What is drawn with less than `LEAST`, one line each."""
    return [f"{type(part).__name__} '{text[:50]}': {ratio:.2f}" for part, text, ratio in texts(root) if ratio < LEAST]


def without_visible_focus(root: QWidget) -> list[str]:
    """The controls that look the same with the focus and without it."""
    window, unseen = root.window(), []
    window.activateWindow()
    QApplication.processEvents()
    for part in root.findChildren(QWidget):
        takes = part.focusPolicy() & Qt.FocusPolicy.TabFocus
        if not takes or not part.isVisibleTo(root) or not part.isEnabled() or part.focusProxy() is not None:
            continue
        if part.visibleRegion().isEmpty():
            continue
        part.clearFocus()
        QApplication.processEvents()
        without = pixels_of(part.grab().toImage())
        part.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        if part.hasFocus() and np.array_equal(without, pixels_of(part.grab().toImage())):
            unseen.append(f"{type(part).__name__} '{part.accessibleName() or _text(part)}'")
        elif not part.hasFocus():
            unseen.append(f"{type(part).__name__} '{part.accessibleName()}' did not take the focus")
        part.clearFocus()
    return unseen
