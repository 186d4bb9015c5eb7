"""A widget that ends with its dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QCloseEvent

__all__ = ["DockedWidget"]


class DockedWidget(QWidget):  # type: ignore[misc]
    """Closes down once: with its window, or when its dock is taken away, since napari sets it free without closing it.

    A subclass says in `_end` what is to be stopped and let go.
    """

    _closed = _docked = False  # Qt tells of a new parent before __init__ is through

    def close_down(self) -> None:
        """Stop everything, keep what is to be kept, let go of the viewer. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._end()

    def _end(self) -> None:
        raise NotImplementedError

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Close down when the dock is taken away."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is not None:
                self._docked = True
            elif self._docked:
                self.close_down()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Close down with the window."""
        self.close_down()
        super().closeEvent(event)
