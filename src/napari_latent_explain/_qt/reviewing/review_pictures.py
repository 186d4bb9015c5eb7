"""The pictures of a trial, side by side with one camera, and the marks that a rater puts in them."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_latent_explain._qt.reviewing.marked_picture import draw_marks
from napari_latent_explain.domain import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import napari.viewer
    from numpy.typing import NDArray

__all__ = ["ReviewPictures"]

_KEY, _MOST = "latent_explain_review", 3
_LEAST = 0.012  # share of the side: shorter drags are clicks
_PAUSE = 0.03


@dataclass(frozen=True)
class _View:
    """How a viewer laid its layers out, and where its camera looked."""

    grid: tuple[Any, ...]
    center: tuple[float, ...]
    zoom: float


class ReviewPictures(QObject):  # type: ignore[misc]
    """Keeps up to three layers in a viewer and updates them in place; other layers are hidden until `let_go`.

    Signals
    -------
    marked(mark: Mark)
        A person clicked a point or dragged a box while `marking`.
    """

    marked = Signal(object)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._shown: list[tuple[str, NDArray[np.uint8]]] = []
        self._held: int | None = None
        self._marks: tuple[Mark, ...] = ()
        self._hidden: list[Any] = []
        self._before: _View | None = None
        self._visible = True
        self._pan = True
        self._fitted: tuple[float, ...] = ()
        self.marking = False
        self._drag = self._make_drag()
        viewer.mouse_drag_callbacks.append(self._drag)

    @property
    def layers(self) -> list[Any]:
        """Our layers, from left to right."""
        ours = [layer for layer in self._viewer.layers if _KEY in layer.metadata]
        return sorted(ours, key=lambda layer: layer.metadata[_KEY])

    def show(self, pictures: Sequence[tuple[str, NDArray[np.uint8]]]) -> None:
        """Show pictures under their labels, (P, P, 3) uint8 each; the camera looks at the whole of the first trial's."""
        if self._before is None:
            self._before = _view_of(self._viewer)
        first = not self._shown or self._shown[0][1].shape != pictures[0][1].shape or len(self._shown) != len(pictures)
        self._shown, self._held, self._marks = list(pictures), None, ()
        for layer in self._viewer.layers:
            if _KEY not in layer.metadata and layer.visible:
                layer.visible = False
                self._hidden.append(layer)
        for place in range(_MOST):
            self._put(place)
        if first:
            _arrange(self._viewer, ((1, -1), 1, 8, True))
            self.look_at_all()

    def set_visible(self, visible: bool) -> None:
        """Show the pictures, or hide all of them."""
        self._visible = visible
        for layer in self.layers[: len(self._shown)]:
            layer.visible = visible

    def look_at_all(self) -> None:
        """Show the whole pictures."""
        self._viewer.fit_to_view(margin=0.02)
        self._fitted = self._camera()

    def fit_again(self) -> None:
        """Show the whole pictures in a window of another size, unless a person looks closer at something."""
        if self._shown and self._camera() == self._fitted:
            self.look_at_all()

    def _camera(self) -> tuple[float, ...]:
        camera = self._viewer.scene.camera
        return (*camera.center, camera.zoom)

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Draw marks over every picture."""
        if tuple(marks) != self._marks:
            self._marks = tuple(marks)
            self._refresh()

    def set_marking(self, marking: bool) -> None:
        """Take clicks and drags as marks; the wheel still zooms."""
        if marking != self.marking:
            self.marking = marking
            if marking:
                self._pan = self._viewer.scene.camera.mouse_pan
            self._viewer.scene.camera.mouse_pan = self._pan and not marking

    def hold(self, place: int | None) -> None:
        """Blink: show one picture in the place of all, or each in its own again."""
        if place != self._held and self._shown:
            self._held = place
            self._refresh()

    def let_go(self) -> None:
        """Take our layers away, and leave the viewer as it was: its other layers, its grid, its camera."""
        self.set_marking(False)
        for layer in self.layers:
            self._viewer.layers.remove(layer)
        for layer in self._hidden:
            layer.visible = True
        if self._before is not None:
            _arrange(self._viewer, self._before.grid)
            camera = self._viewer.scene.camera
            camera.center, camera.zoom = self._before.center, self._before.zoom
        self._hidden, self._shown, self._before, self._visible = [], [], None, True

    def close_down(self) -> None:
        """Let go of the viewer, and hear its clicks no more."""
        with suppress(ValueError):
            self._viewer.mouse_drag_callbacks.remove(self._drag)
        self.let_go()

    def _refresh(self) -> None:
        for place in range(len(self._shown)):
            self._put(place)

    def _put(self, place: int) -> None:
        layer = next((one for one in self.layers if one.metadata[_KEY] == place), None)
        if place >= len(self._shown):
            if layer is not None:
                layer.visible = False
            return
        label = self._shown[place][0]
        source = self._shown[self._held if self._held is not None else place]
        picture = draw_marks(source[1], self._marks)
        if layer is None:
            layer = self._viewer.add_image(
                np.array(picture), name=label, rgb=True, interpolation2d="linear", metadata={_KEY: place},
                blending="translucent",
            )  # fmt: skip
            layer.name_overlay.visible = True
            layer.name_overlay.position = "top_left"
            layer.name_overlay.font_size = 10
        else:
            layer.data = np.array(picture)
        layer.name = label if self._held is None else f"{label} (held: {source[0]})"
        layer.visible = self._visible

    def _make_drag(self) -> Any:
        """The callback, as a function of its own: napari keeps what it is given."""

        def drag(_viewer: Any, event: Any) -> Iterator[None]:
            if not self.marking or not self._shown or event.button != 1:
                return
            start = self._share(event.position)
            if start is None:
                return
            marks, last, mark = self._marks, 0.0, Mark(x=start[0], y=start[1])
            yield
            while event.type == "mouse_move":
                mark = _spanned(start, self._share(event.position, inside=True))
                if time.monotonic() - last > _PAUSE:
                    self.show_marks((*marks, mark))
                    last = time.monotonic()
                yield
            self.show_marks(marks)
            self.marked.emit(_spanned(start, self._share(event.position, inside=True)) if last else mark)

        return drag

    def _share(self, position: Sequence[float], *, inside: bool = False) -> tuple[float, float] | None:
        """Where a point (y, x) of the pictures lies, as shares (x, y); None, or the nearest one, if it is not on them."""
        height, width = self._shown[0][1].shape[:2]
        x, y = (position[-1] + 0.5) / width, (position[-2] + 0.5) / height
        if inside:
            return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None


def _view_of(viewer: napari.viewer.Viewer) -> _View:
    grid, camera = viewer.canvas.grid, viewer.scene.camera
    return _View((grid.shape, grid.stride, grid.spacing, grid.enabled), tuple(camera.center), camera.zoom)


def _arrange(viewer: napari.viewer.Viewer, grid: tuple[Any, ...]) -> None:
    """Lay layers out by shape, stride and spacing of a grid, and whether there is one."""
    ours = viewer.canvas.grid
    ours.shape, ours.stride, ours.spacing, ours.enabled = grid


def _spanned(start: tuple[float, float], end: tuple[float, float] | None) -> Mark:
    """The box between two corners; a point if they almost meet."""
    end = end if end is not None else start
    left, top = min(start[0], end[0]), min(start[1], end[1])
    width, height = abs(start[0] - end[0]), abs(start[1] - end[1])
    if max(width, height) < _LEAST:
        return Mark(x=start[0], y=start[1])
    return Mark(x=left, y=top, width=min(width, 1 - left), height=min(height, 1 - top))
