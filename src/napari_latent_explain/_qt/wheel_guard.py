"""The wheel scrolls a column of controls, and changes none of them by the way."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QSlider, QWidget

__all__ = ["WheelGuard"]


class WheelGuard(QObject):  # type: ignore[misc]
    """Lets the wheel over the boxes and sliders that are in a widget by now scroll what they stand in.

    A box of choices never follows the wheel, and numbers and sliders only after a click: whoever scrolls through a panel must not
    choose another target class with it.

    Parameters
    ----------
    inside : QWidget
        The column.
    """

    def __init__(self, inside: QWidget) -> None:
        super().__init__(inside)
        for kind in (QComboBox, QAbstractSpinBox, QSlider):
            for control in inside.findChildren(kind):
                control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # else the wheel gives it the focus first
                control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Pass the wheel on."""
        if event.type() == QEvent.Type.Wheel and (isinstance(watched, QComboBox) or not watched.hasFocus()):
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))
