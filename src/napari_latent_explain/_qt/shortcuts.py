"""Every key of the window in one place: what it does, and the list that tells a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

from napari_latent_explain._qt.key_list import KeyList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import napari.viewer

__all__ = ["CALIPER_KEY", "KEYS", "BlinkKey", "ShortcutList", "bind"]

CALIPER_KEY = "Control-D"
"""Over the pictures, in napari's spelling; in the panel it is that of `KEYS`."""

KEYS = {
    "explain": ("Ctrl+Return", "Explain the chosen photograph"),
    "find": ("Ctrl+.", "Find a counterfactual"),
    "another": ("Ctrl+Shift+.", "Find another answer"),
    "undo": ("Ctrl+Z", "Undo"),
    "redo": ("Ctrl+Shift+Z", "Redo"),
    "reset": ("Ctrl+0", "Put all sliders back to 0"),
    "search": ("Ctrl+L", "Find a direction by its name"),
    "caliper": ("Ctrl+D", "Caliper: measure a distance, also over the pictures; Escape puts it away"),
    "help": ("F1", "Show this list"),
}
"""What `bind` binds: action -> (key, words)."""

_ELSEWHERE = {
    "B (held)": "Blink: another picture in the place of the counterfactual, also over the pictures",
    "Arrow keys, Page up/down": "Move the slider that has the focus, by a tenth or by a half",
    "Home, End": "To the least or the greatest strength that real eyes show",
    "0 or Delete": "Put the slider that has the focus back to 0",
    "M, S": "Mute that direction; show it alone",
    "F2": "Rename that direction",
    "Enter": "In the list of photographs: show the chosen one",
}


def bind(widget: QWidget, actions: Mapping[str, Callable[[], Any]]) -> None:
    """Bind the keys of `KEYS` wherever the focus is inside a widget."""
    for name, action in actions.items():
        shortcut = QShortcut(QKeySequence(KEYS[name][0]), widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(action)


class BlinkKey(QObject):  # type: ignore[misc]
    """Tells while B is held, in the panel and over the pictures.

    Parameters
    ----------
    viewer, panel : napari.viewer.Viewer, QWidget
        Where the key may be pressed.
    held : callable
        Told True when it goes down, False when it comes up.
    """

    def __init__(self, viewer: napari.viewer.Viewer, panel: QWidget, held: Callable[[bool], None]) -> None:
        super().__init__()
        self._held = held

        def blink(_viewer: Any) -> Iterator[None]:
            held(True)
            yield
            held(False)

        self._viewer = viewer
        viewer.bind_key("B", blink, overwrite=True)
        panel.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """See what keys no part of the panel wanted."""
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate:
            self._held(False)  # its release will be another window's
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and event.key() == Qt.Key.Key_B:
            down = kind == QEvent.Type.KeyPress
            if not event.isAutoRepeat() and not (down and event.modifiers()):
                self._held(down)
            return True
        return bool(super().eventFilter(watched, event))

    def close_down(self) -> None:
        """Let go of the viewer."""
        self._viewer.bind_key("B", None, overwrite=True)


class ShortcutList(KeyList):
    """All keys of the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Keys of Latent Explain", (*KEYS.values(), *_ELSEWHERE.items()), parent)
