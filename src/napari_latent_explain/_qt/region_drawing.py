"""Drawing the region outside which nothing may change: on one large picture, in a Shapes layer that goes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.notifications import show_info
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_latent_explain._qt.explained_layers import is_ours
from napari_latent_explain._qt.light_box import ORIGINAL
from napari_latent_explain.domain import Region

if TYPE_CHECKING:
    import napari.viewer

    from napari_latent_explain._qt.explained_layers import ExplainedLayers

__all__ = ["RegionDrawing", "region_of"]

_AREAS = ("polygon", "rectangle", "ellipse")


def region_of(layer: Any) -> Region | None:
    """The polygons, rectangles and ellipses of a Shapes layer; None if there are none."""
    outlines = []
    for corners, kind in zip(layer.data, layer.shape_type, strict=True):
        if kind not in _AREAS or len(corners) < 3:
            continue
        points = np.asarray(corners, dtype=np.float64)[:, -2:]
        if kind == "ellipse":  # napari keeps the corners of its box
            middle, right, down = points.mean(axis=0), (points[1] - points[0]) / 2, (points[3] - points[0]) / 2
            turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)[:, None]
            points = middle + np.cos(turn) * right + np.sin(turn) * down
        outlines.append(tuple((float(y), float(x)) for y, x in points))
    return Region(outlines=tuple(outlines)) if outlines else None


class RegionDrawing(QWidget):  # type: ignore[misc]
    """Buttons to draw a region and to free it.

    Signals
    -------
    drawn(region: Region or None)
        A person finished; None if nothing was drawn, or everything was freed.
    changed()
        Drawing began or ended.
    ended()
        Drawing ended, after what was drawn was told.
    """

    drawn = Signal(object)
    changed = Signal()
    ended = Signal()

    def __init__(self, viewer: napari.viewer.Viewer, layers: ExplainedLayers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._layers = viewer, layers
        self._layer: Any = None
        self._hidden: list[Any] = []
        self._region: Region | None = None
        self.draw = QPushButton("Draw a region...")
        self.draw.setToolTip(
            "Outline the only places that may change; everything outside stays as it is in the photograph."
        )
        self.done = QPushButton("Done")
        self.done.setToolTip("Take what was drawn.")
        self.leave = QPushButton("Cancel")
        self.leave.setToolTip("Leave the region as it was.")
        self.free = QPushButton("Free everything")
        self.free.setToolTip("Let everything change again.")
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.draw, self.free, self.done, self.leave):
            button.setAccessibleName(button.text())
            row.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.hint)
        self.draw.clicked.connect(self.begin)
        self.done.clicked.connect(self.finish)
        self.leave.clicked.connect(self.cancel)
        self.free.clicked.connect(lambda: self.drawn.emit(None))
        self._show_state()

    @property
    def drawing(self) -> bool:
        """Whether a person is drawing."""
        return self._layer is not None

    def show_region(self, region: Region | None) -> None:
        """Show whether there is one."""
        self._region = region
        self._layers.show_region(region)
        self._show_state()

    def begin(self) -> None:
        """Show the original alone and large, with a Shapes layer over it to draw in."""
        if self.drawing:
            return
        self._hidden = []
        for layer in self._viewer.layers:
            if layer.visible and not is_ours(layer, ORIGINAL):
                layer.visible = False
                self._hidden.append(layer)
        self._viewer.canvas.grid.enabled = False
        known = [np.array(outline) for outline in self._region.outlines] if self._region else None
        self._layer = self._viewer.add_shapes(
            known, shape_type="polygon", name="Region that may change", edge_color="white", edge_width=4,
            face_color=[1, 1, 1, 0.12], metadata={"latent_explain": {"role": "Region"}},
        )  # fmt: skip
        self._layer.mode = "add_polygon"
        self._viewer.fit_to_view(margin=0.02)
        self._show_state()

    def finish(self) -> None:
        """Take what was drawn."""
        layer = self._layer
        if layer is not None and layer not in self._viewer.layers:
            self.cancel()  # somebody took the drawing away
        elif layer is not None:
            layer.mode = "select"  # napari closes an outline that is still being drawn
            region = region_of(layer)
            self._put_away()
            if region is None:
                show_info("Nothing was drawn, so that everything may change.")
            self.drawn.emit(region)
            self.ended.emit()

    def cancel(self) -> None:
        """Go back to the pictures side by side."""
        if self.drawing:
            self._put_away()
            self.ended.emit()

    def _put_away(self) -> None:
        layer, self._layer = self._layer, None
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
        for hidden in self._hidden:
            hidden.visible = True
        self._hidden = []
        self._viewer.canvas.grid.enabled = True
        self._viewer.fit_to_view(margin=0.02)
        self._show_state()

    def _show_state(self) -> None:
        drawing = self.drawing
        for button, shown in (
            (self.draw, not drawing),
            (self.free, not drawing),
            (self.done, drawing),
            (self.leave, drawing),
        ):
            button.setVisible(shown)
        self.free.setEnabled(self._region is not None)
        if drawing:
            self.hint.setText("Click round the place; double-click closes the outline. Several outlines are allowed.")
        elif self._region is not None:
            self.hint.setText("Nothing changes outside the white outline.")
        self.hint.setVisible(drawing or self._region is not None)
        self.changed.emit()
