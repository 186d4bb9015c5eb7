"""Measures on the pictures: a drag is a distance, where the file says how large a pixel is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt

from napari_latent_explain._qt.distance import Distance
from napari_latent_explain._qt.explained_layers import is_ours
from napari_latent_explain._qt.light_box import ORIGINAL
from napari_latent_explain._qt.shortcuts import CALIPER_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import napari.viewer
    from qtpy.QtWidgets import QWidget

    from napari_latent_explain._qt.explained_layers import ExplainedLayers
    from napari_latent_explain._qt.looking_tools import LookingTools
    from napari_latent_explain.explain import Explanation

__all__ = ["Caliper"]


class Caliper(QObject):  # type: ignore[misc]
    """Draws a line with its length while the mouse is dragged over a picture; *Escape* puts it away.

    While it is at work, one of the four pictures is the viewer's active layer, so that a drag does nothing to a layer of
    the user's; whoever makes another layer active has put it away.

    Parameters
    ----------
    viewer, layers, tools, panel
        The napari viewer, the pictures in it, the switches, and the widget in which *Escape* is heard too.
    """

    def __init__(
        self, viewer: napari.viewer.Viewer, layers: ExplainedLayers, tools: LookingTools, panel: QWidget
    ) -> None:
        super().__init__()
        self._viewer, self._layers, self._tools = viewer, layers, tools
        self._spacing: tuple[float, float] | None = None
        self._active: Any = None
        self._at_work = False
        tools.caliper.toggled.connect(self._switch)
        viewer.bind_key(CALIPER_KEY, self._pressed, overwrite=True)
        panel.installEventFilter(self)
        tools.show_spacing(None)

    @property
    def distance(self) -> Distance | None:
        """What is measured, None if nothing is."""
        return self._layers.box.distance

    def show(self, explanation: Explanation | None) -> None:
        """Measure on another photograph, if its file says how large a pixel is."""
        self.put_away()
        self._spacing = explanation.photograph.spacing_mm if explanation is not None else None
        self._tools.show_spacing(self._spacing)

    def toggle(self) -> None:
        """Take it up, or put it away."""
        if self._tools.caliper.isEnabled():
            self._tools.caliper.toggle()

    def put_away(self) -> None:
        """Take the line from the pictures and let the mouse move them again."""
        self._tools.caliper.setChecked(False)

    def close_down(self) -> None:
        """Let go of the viewer."""
        self.put_away()
        self._viewer.bind_key(CALIPER_KEY, None, overwrite=True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """See an *Escape* that no part of the panel wanted."""
        if self._at_work and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.put_away()
            return True
        return bool(super().eventFilter(watched, event))

    def _switch(self, wanted: bool) -> None:
        if wanted == self._at_work:
            return
        self._at_work = wanted
        selection = self._viewer.layers.selection
        if wanted:
            self._active, selection.active = selection.active, None
            with suppress(KeyError):
                selection.active = self._layers[ORIGINAL]
            selection.events.active.connect(self._other_layer)
            self._viewer.mouse_drag_callbacks.append(self._drag)
            self._viewer.bind_key("Escape", self._escaped, overwrite=True)
        else:
            selection.events.active.disconnect(self._other_layer)
            with suppress(ValueError):
                self._viewer.mouse_drag_callbacks.remove(self._drag)
            self._viewer.bind_key("Escape", None, overwrite=True)
            before, self._active = self._active, None
            now = selection.active
            if before is not None and before in self._viewer.layers and (now is None or is_ours(now)):
                selection.active = before
            self._measure(None)

    def _other_layer(self, event: Any) -> None:
        if event.value is not None and not is_ours(event.value):
            self.put_away()

    def _pressed(self, _viewer: Any) -> None:
        self.toggle()

    def _escaped(self, _viewer: Any) -> None:
        self.put_away()

    def _drag(self, _viewer: Any, event: Any) -> Iterator[None]:
        """Follow a drag; the camera stays where it is meanwhile."""
        start = self._point(event)
        if start is None or self._spacing is None or event.button != 1:
            return
        event.handled = True
        self._measure(None)
        yield
        while event.type == "mouse_move":
            event.handled = True
            self._draw(start, event)
            yield
        self._draw(start, event)

    def _draw(self, start: tuple[float, float], event: Any) -> None:
        end = self._point(event)
        if end is not None and end != start and self._spacing is not None and self._at_work:
            self._measure(Distance(start, end, self._spacing))

    def _point(self, event: Any) -> tuple[float, float] | None:
        """Where the mouse is, (y, x) in the photograph's pixels; None if it is not over the square that is shown."""
        y, x = event.position[-2:]
        return (float(y), float(x)) if self._layers.share_of((y, x)) is not None else None

    def _measure(self, distance: Distance | None) -> None:
        self._tools.show_distance(distance)
        if distance != self._layers.box.distance:
            self._layers.box.distance = distance
            self._layers.refresh()
