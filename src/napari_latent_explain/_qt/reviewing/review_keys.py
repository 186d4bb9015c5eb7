"""The keys of a review: digits and letters answer, a few others go on, back, and away."""

from __future__ import annotations

import string
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QShortcut, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BLINK", "KEYS", "ReviewKeys"]

BLINK = "b"
"""Held, it shows the middle or first picture in the place of all; so it can be no answer's key."""

KEYS = {
    "lock": ("Return", "Lock the trial and go to the next"),
    "next": ("Right", "Next trial"),
    "previous": ("Left", "The trial before, to look at it"),
    "down": ("Down", "Next question"),
    "up": ("Up", "The question before"),
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


class ReviewKeys(QObject):  # type: ignore[misc]
    """Binds the keys for as long as a study is on show, wherever the focus is but in words.

    Parameters
    ----------
    widget : QWidget
        Whose application listens.
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
        super().__init__(widget)
        self._shortcuts = []
        self._blink = blink
        pairs: list[tuple[str, Callable[[], Any]]] = [(KEYS[name][0], action) for name, action in actions.items()]
        pairs.append(("Enter", actions["lock"]))
        answers = (key for key in string.digits + string.ascii_lowercase if key != BLINK)
        pairs += [(key.upper(), partial(press, key)) for key in answers]
        for key, action in pairs:
            shortcut = QShortcut(QKeySequence(key), widget)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(action)
            self._shortcuts.append(shortcut)
        self._listening = False
        self.set_listening(False)

    @property
    def listed(self) -> tuple[tuple[str, str], ...]:
        """All keys and what they do."""
        return (*_ELSEWHERE.items(), *KEYS.values())

    def set_listening(self, listening: bool) -> None:
        """Hear the keys, or leave them to others."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(listening)
        if listening and not self._listening:
            QApplication.instance().installEventFilter(self)
        elif self._listening and not listening:
            QApplication.instance().removeEventFilter(self)
        self._listening = listening

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """See B go down and come up."""
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and event.key() == Qt.Key.Key_B:
            focus = QApplication.focusWidget()
            writes = focus is not None and focus.inputMethodQuery(Qt.InputMethodQuery.ImEnabled)
            if not event.isAutoRepeat() and not event.modifiers() and not writes:
                self._blink(event.type() == QEvent.Type.KeyPress)
        elif event.type() == QEvent.Type.ApplicationDeactivate:
            self._blink(False)
        return False
