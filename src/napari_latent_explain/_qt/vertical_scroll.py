"""A scrolling column that is never narrower than what stands in it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

__all__ = ["VerticalScroll"]

_STYLE_MARGIN = 4  # style sheets put a pixel or two round the bar that its size hint leaves out


class VerticalScroll(QScrollArea):  # type: ignore[misc]
    """Scrolls up and down only; its least width follows its content, so that the bar covers nothing.

    Parameters
    ----------
    inside : QWidget
        The column.
    """

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside.installEventFilter(self)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow the content when its layout changes."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._follow()
        return bool(super().eventFilter(watched, event))

    def _follow(self) -> None:
        bar = self.verticalScrollBar().sizeHint().width() + _STYLE_MARGIN
        self.setMinimumWidth(self.widget().minimumSizeHint().width() + bar)
