"""A window that lists keys and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KeyList"]


class KeyList(QDialog):  # type: ignore[misc]
    """All keys and what they do.

    Parameters
    ----------
    title : str
        Of the window.
    keys : iterable of (str, str)
        Keys and words.
    """

    def __init__(self, title: str, keys: Iterable[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        column = QVBoxLayout(self)
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        for row, (key, words) in enumerate(keys):
            grid.addWidget(QLabel(f"<b>{key}</b>"), row, 0)
            grid.addWidget(QLabel(words), row, 1)
        column.addLayout(grid)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column.addWidget(buttons)
