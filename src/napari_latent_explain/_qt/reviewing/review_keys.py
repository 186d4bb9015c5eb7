"""The keys of a review: digits and letters answer, a few others go on, back, and away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BLINK", "KEYS", "ReviewKeys"]

BLINK = "b"
"""Held, it shows the photograph or the first picture in the place of all; so it can be no answer's key."""

KEYS = {
    "lock": ("Enter", "Lock the trial and go to the next"),
    "next": ("Right arrow", "Next trial"),
    "previous": ("Left arrow", "The trial before, to look at it"),
    "down": ("Down arrow", "Next question"),
    "up": ("Up arrow", "The question before"),
    "undo": ("Ctrl+Z", "Undo the last answer"),
    "pause": ("F9", "Have a break, or go on"),
    "whole": ("Ctrl+0", "Show the whole pictures"),
    "help": ("F1", "Show this list"),
}
_ELSEWHERE = {
    "1 to 9, A to Z": "Give the answer that shows this key",
    "B (held)": "Blink: the same picture in every place",
    "Click, drag": "While marks are asked for: mark a point, or a box",
    "Wheel": "Zoom all pictures together; drag moves them",
}
_PLAIN = {
    Qt.Key.Key_Return: "lock", Qt.Key.Key_Enter: "lock", Qt.Key.Key_Right: "next", Qt.Key.Key_Left: "previous",
    Qt.Key.Key_Down: "down", Qt.Key.Key_Up: "up", Qt.Key.Key_F9: "pause", Qt.Key.Key_F1: "help",
}  # fmt: skip
_CONTROL = {Qt.Key.Key_Z: "undo", Qt.Key.Key_0: "whole"}
_EVERYWHERE = ("pause", "help")  # in words too
_WATCHED = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride)


class ReviewKeys(QObject):  # type: ignore[misc]
    """Hears the keys while a study is on show, wherever the focus is in its windows, but in words and dialogs.

    The window's own keys would go to what has the focus, and napari has keys for the pictures: so they are heard before both.

    Parameters
    ----------
    widget : QWidget
        Its window is heard, and the one that this floats over.
    actions : mapping
        What each of `KEYS` does.
    press : callable
        Told the letter or digit that was pressed.
    blink : callable
        Told True when B goes down, False when it comes up.
    """

    def __init__(
        self,
        widget: QWidget,
        actions: Mapping[str, Callable[[], Any]],
        press: Callable[[str], Any],
        blink: Callable[[bool], None],
    ) -> None:
        super().__init__()
        self._widget, self._actions, self._press, self._blink = widget, dict(actions), press, blink
        self._listening = False

    @property
    def listed(self) -> tuple[tuple[str, str], ...]:
        """All keys and what they do."""
        return (*_ELSEWHERE.items(), *KEYS.values())

    def set_listening(self, listening: bool) -> None:
        """Hear the keys, or leave them to others."""
        if listening and not self._listening:
            QApplication.instance().installEventFilter(self)
        elif self._listening and not listening:
            QApplication.instance().removeEventFilter(self)
        self._listening = listening

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """See keys before anybody else does."""
        kind = event.type()
        if kind == QEvent.Type.ApplicationDeactivate:
            self._blink(False)
        if kind not in _WATCHED or not isinstance(watched, QWidget) or not self._is_ours(watched):
            return False
        what = self._meaning(watched, event)
        if what is None:
            return False
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()  # no shortcut: the key comes as a key
        elif what == BLINK:
            if not event.isAutoRepeat():
                self._blink(kind == QEvent.Type.KeyPress)
        elif kind == QEvent.Type.KeyPress and not event.isAutoRepeat():
            if what in self._actions:
                self._actions[what]()
            else:
                self._press(what)
        return True

    def _is_ours(self, watched: QWidget) -> bool:
        if QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None:
            return False
        mine, theirs = self._widget.window(), watched.window()
        return theirs is mine or (mine.parentWidget() is not None and theirs is mine.parentWidget())

    @staticmethod
    def _meaning(watched: QWidget, event: Any) -> str | None:
        """The action or answer that a key stands for; None if it is not ours."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        writing = isinstance(watched, QLineEdit | QPlainTextEdit) and not watched.isReadOnly()
        key = event.key()
        if modifiers == Qt.KeyboardModifier.ControlModifier:
            return None if writing else _CONTROL.get(key)
        if modifiers != Qt.KeyboardModifier.NoModifier:
            return None
        action = _PLAIN.get(key)
        if action is not None:
            return action if not writing or action in _EVERYWHERE else None
        letter = str(event.text()).lower()
        if writing or len(letter) != 1 or not (letter.isascii() and letter.isalnum()):
            return None
        return letter
