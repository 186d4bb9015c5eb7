"""What all pages of the wizard have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WizardPage", "push_button", "words"]


class WizardPage(QWidget):  # type: ignore[misc]
    """A page that knows what is still wrong with what it was told.

    Signals
    -------
    changed()
        Something was typed or chosen, or came to an end.
    """

    changed = Signal()
    heading = ""
    """What the page is called in the list of steps."""

    @property
    def problem(self) -> str:
        """What keeps a person from going on, in a sentence; empty if nothing does."""
        return ""

    @property
    def note(self) -> str:
        """What a person should know and can go on with, in a sentence; it is said where a problem would be."""
        return ""

    def take_focus(self) -> None:
        """Put the cursor where a person begins."""

    def close_down(self) -> None:
        """End what runs."""

    @property
    def closers(self) -> tuple[Callable[[], None], ...]:
        """Functions that end the threads and know no Qt object."""
        return ()


def words(text: str = "") -> QLabel:
    """Return a text that wraps and is never taken for markup."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def push_button(text: str, tip: str, name: str = "") -> QPushButton:
    """Return a button with a tooltip and a name for those who hear the window."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(name or text.replace("&", "").rstrip("."))
    return button
