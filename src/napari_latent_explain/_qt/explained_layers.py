"""The four pictures of an explanation, and a map to compare with, as fixed napari layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import Colormap
from PIL import Image

if TYPE_CHECKING:
    import napari.viewer
    from numpy.typing import NDArray

    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["BANNER", "COMPARISON", "DIFFERENCE_LIMIT", "ROLES", "ExplainedLayers", "is_ours"]

BANNER = "Synthetic - for research, not for diagnosis"
ROLES = ("Original", "Reconstruction", "Counterfactual", "Difference")
COMPARISON = "Comparison"
DIFFERENCE_LIMIT = 0.2
"""Change of luminance (full scale is 1) at which the colours of the difference saturate, on both sides."""

_KEY = "latent_explain"
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_DARKER_BRIGHTER = Colormap(
    colors=[
        [0.45, 0.75, 1.0, 1],
        [0.0, 0.35, 0.85, 1],
        [0, 0, 0, 1],
        [0.85, 0.40, 0.0, 1],
        [1.0, 0.80, 0.45, 1],
    ],
    name="latent_explain_blue_orange",
    display_name="blue-orange",
)


def is_ours(layer: Any) -> bool:
    """Whether a layer is one of the fixed ones."""
    mark = layer.metadata.get(_KEY)
    return isinstance(mark, dict) and mark.get("role") in (*ROLES, COMPARISON)


class ExplainedLayers:
    """Keeps Original, Reconstruction, Counterfactual and Difference in a viewer, side by side.

    The layers are added once and updated in place ever after, and so is a fifth for a map to compare with: the
    photograph with the map over it, in a cell of its own (in a grid, napari can't lay one layer over another's cell).
    No other layer is touched; only the layer that the photograph came from is hidden while its explanation is shown
    (the same picture twice only takes room) and shown again by `release`. All lie in the photograph's own pixel
    coordinates, on the square around the field of view, so that a point has the same coordinates in each cell and in
    the photograph.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._hidden: Any = None
        self._rows = 2
        self._box: tuple[float, ...] | None = None

    def __getitem__(self, role: str) -> Any:
        """Return the layer with this role (KeyError if somebody removed it)."""
        for layer in self._viewer.layers:
            if is_ours(layer) and layer.metadata[_KEY]["role"] == role:
                return layer
        raise KeyError(role)

    def show(self, explanation: Explanation, source: Any = None) -> None:
        """Show an explanation; `source` is the layer that its photograph came from."""
        self.release()
        box = explanation.field.box
        pictures = {
            "Original": explanation.original,
            "Reconstruction": explanation.reconstruction,
            "Counterfactual": explanation.frame.counterfactual,
            "Difference": _signed(explanation.frame),
        }
        active = self._viewer.layers.selection.active
        for role, picture in pictures.items():
            self._put(role, picture, box)
        if source is not None and source.visible:
            source.visible = False
            self._hidden = source
        elif active is not None:
            self._viewer.layers.selection.active = active
        self._arrange()
        if box != self._box:
            self._viewer.fit_to_view(margin=0.02)
            self._box = box

    def update(self, frame: Frame) -> None:
        """Show another frame of the same explanation; a layer that somebody removed stays away."""
        for role, picture in (("Counterfactual", frame.counterfactual), ("Difference", _signed(frame))):
            try:
                layer = self[role]
            except KeyError:
                continue
            _write(layer, picture)

    def preview(self, picture: NDArray[np.uint8]) -> None:
        """Show a rough counterfactual, (p, p, 3) uint8, until the next frame; the difference stays that of the last frame."""
        try:
            layer = self["Counterfactual"]
        except KeyError:
            return
        size = layer.data.shape[0]
        if picture.shape[0] != size:
            picture = np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR))
        _write(layer, picture)

    def compare(self, picture: NDArray[np.uint8] | None, name: str = COMPARISON) -> None:
        """Show the photograph with a map over it, (P, P, 3) uint8, under a name; None takes it from sight."""
        if self._box is None:
            return
        try:
            before = bool(self[COMPARISON].visible)
        except KeyError:
            before = False
        if picture is not None:
            active = self._viewer.layers.selection.active
            layer = self._put(COMPARISON, picture, self._box)
            layer.name, layer.visible = name, True
            self._viewer.layers.selection.active = active
        elif before:
            self[COMPARISON].visible = False
        if before != (picture is not None):  # another number of cells, of another size
            self._viewer.fit_to_view(margin=0.02)

    def set_two_rows(self, two: bool) -> None:
        """Show the pictures in two rows, which makes them larger unless the window is very wide, or in one."""
        self._rows = 2 if two else 1
        if any(is_ours(layer) for layer in self._viewer.layers):
            self._arrange()
            self._viewer.fit_to_view(margin=0.02)

    def release(self) -> None:
        """Show the photograph's own layer again."""
        if self._hidden is not None and self._hidden in self._viewer.layers:
            self._hidden.visible = True
        self._hidden = None

    def _put(self, role: str, picture: NDArray[Any], box: tuple[float, ...]) -> Any:
        left, top, right, _ = box
        scale = (right - left) / picture.shape[0]
        # napari puts the middle of pixel 0 at 0; the box says where its edge is
        corner = (top + scale / 2 - 0.5, left + scale / 2 - 0.5)
        try:
            layer = self[role]
        except KeyError:
            extra: dict[str, Any] = {"rgb": True, "interpolation2d": "linear"}
            if role == "Difference":
                extra |= {
                    "rgb": False,
                    "colormap": _DARKER_BRIGHTER,
                    "contrast_limits": (-DIFFERENCE_LIMIT, DIFFERENCE_LIMIT),
                }
            layer = self._viewer.add_image(
                np.array(picture), name=role, metadata={_KEY: {"role": role}}, blending="translucent", **extra
            )
            layer.name_overlay.visible = True
            layer.name_overlay.position = "top_left"
            layer.name_overlay.font_size = 7
        _write(layer, picture)
        layer.scale, layer.translate = (scale, scale), corner
        return layer

    def _arrange(self) -> None:
        grid = self._viewer.canvas.grid
        grid.shape, grid.stride, grid.spacing, grid.enabled = (self._rows, -1), 1, 8, True
        text = self._viewer.canvas.overlays["text"]
        if not text.visible or BANNER in text.text:
            text.text, text.position, text.font_size, text.visible = BANNER, "bottom_center", 8, True


def _signed(frame: Frame) -> NDArray[np.float32]:
    """Signed change of luminance, (M, M) float32: negative is darker."""
    return np.asarray(frame.difference @ _LUMINANCE, dtype=np.float32)


def _write(layer: Any, picture: NDArray[Any]) -> None:
    if layer.data.shape == picture.shape and layer.data.flags.writeable:
        layer.data[...] = picture
        layer.refresh(extent=False, thumbnail=False)
    else:
        layer.data = np.array(picture)
