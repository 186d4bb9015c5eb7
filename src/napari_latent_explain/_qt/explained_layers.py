"""The four pictures of an explanation, and a map to compare with, as fixed napari layers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import Colormap

from napari_latent_explain._qt.light_box import COUNTERFACTUAL, ORIGINAL, RECONSTRUCTION, LightBox
from napari_latent_explain.domain import LUMINANCE, percent
from napari_latent_explain.export.colours import difference_scale

if TYPE_CHECKING:
    import napari.viewer
    from numpy.typing import NDArray

    from napari_latent_explain._qt.light_box import Viewed
    from napari_latent_explain.domain import Field, Region
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["BANNER", "COMPARISON", "ROLES", "ExplainedLayers", "is_ours"]

BANNER = "Synthetic - for research, not for diagnosis"
DIFFERENCE = "Difference"
ROLES = (ORIGINAL, RECONSTRUCTION, COUNTERFACTUAL, DIFFERENCE)
COMPARISON = "Comparison"
_KEY = "latent_explain"
_LUMINANCE = np.array(LUMINANCE, dtype=np.float32)
_ENDS = {
    "blue-orange": ([0.45, 0.75, 1.0, 1], [0.0, 0.35, 0.85, 1], [0.85, 0.40, 0.0, 1], [1.0, 0.80, 0.45, 1]),
    "purple-green": ([0.85, 0.65, 1.0, 1], [0.50, 0.15, 0.75, 1], [0.10, 0.55, 0.20, 1], [0.65, 0.95, 0.65, 1]),
}


def _darker_brighter(name: str) -> Colormap:
    """Black where nothing changes; one colour for darker and one for brighter, both told apart by the colour-blind."""
    darkest, darker, brighter, brightest = _ENDS[name]
    colours = [darkest, darker, [0, 0, 0, 1], brighter, brightest]
    return Colormap(colors=colours, name=f"latent_explain_{name}", display_name=name)


def is_ours(layer: Any, *roles: str) -> bool:
    """Whether a layer is one of the fixed ones (with one of these roles, if any are named)."""
    mark = layer.metadata.get(_KEY)
    return isinstance(mark, dict) and mark.get("role") in (roles or (*ROLES, COMPARISON))


class ExplainedLayers:
    """Keeps Original, Reconstruction, Counterfactual and Difference in a viewer, side by side.

    The layers are added once and updated in place ever after, and so is a fifth for a map to compare with: the
    photograph with the map over it, in a cell of its own (in a grid, napari can't lay one layer over another's cell).
    No other layer is touched; only the layer that the photograph came from is hidden while its explanation is shown
    (the same picture twice only takes room) and shown again by `release`. All lie in the photograph's own pixel
    coordinates, on the square around the field of view, so that a point has the same coordinates in each cell and in
    the photograph. What the colour pictures look like is up to `box`.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    colours : str
        Of the difference: "blue-orange" or "purple-green".
    """

    def __init__(self, viewer: napari.viewer.Viewer, colours: str = "blue-orange") -> None:
        self._viewer = viewer
        self._colours = colours if colours in _ENDS else "blue-orange"
        self.box = LightBox()
        self.source: Any = None
        self._hidden: Any = None
        self._rows = 2
        self._reconstruction = False
        self._field: Field | None = None
        self._said: dict[str, str] = {}
        self._moved = self._roughly = self._had_map = False

    @property
    def roughly(self) -> bool:
        """Whether a rough picture stands in the place of the counterfactual."""
        return self._roughly

    def __getitem__(self, role: str) -> Any:
        """Return the layer with this role (KeyError if somebody removed it)."""
        for layer in self._viewer.layers:
            if is_ours(layer, role):
                return layer
        raise KeyError(role)

    def show(self, explanation: Explanation, source: Any = None) -> None:
        """Show an explanation; `source` is the layer that its photograph came from, hidden unless a person showed it again."""
        wanted = source is not None and source is self.source and source.visible
        self.release()
        self.source = source
        square, box = explanation.field.box, self.box
        box.field, box.region = explanation.field, ()
        box.take(box.develop(explanation, explanation.frame, box.look, outlined=box.outlined))
        active = self._viewer.layers.selection.active
        for role in ROLES:
            self._put(role, _signed(explanation.frame) if role == DIFFERENCE else box.picture(role), square)
            self[role].visible = role != RECONSTRUCTION or self._reconstruction
        if any(is_ours(layer, COMPARISON) for layer in self._viewer.layers):  # no map of another eye under its name
            self._had_map = bool(self[COMPARISON].visible)
            self._put(COMPARISON, box.picture(ORIGINAL), square)
            self[COMPARISON].name, self[COMPARISON].visible = COMPARISON, False
        self._roughly = False
        self._caption(explanation, explanation.frame)
        if source is not None and source.visible and not wanted:
            source.visible = False
            self._hidden = source
        elif active is not None:
            self._viewer.layers.selection.active = active
        self._say(explanation)
        self._arrange()
        if self._field is None or square != self._field.box:
            self._viewer.fit_to_view(margin=0.02)
        self._field = explanation.field

    def update(self, explanation: Explanation, viewed: Viewed) -> None:
        """Show another frame of the same explanation; a layer that somebody removed stays away."""
        self.box.show(viewed)
        self._refresh(COUNTERFACTUAL)
        self._write(DIFFERENCE, _signed(viewed.frame))
        self._roughly = False
        self._caption(explanation, viewed.frame)

    def refresh(self) -> None:
        """Show the colour pictures as the light box has them now."""
        if self._field is not None:
            for role in (ORIGINAL, RECONSTRUCTION, COUNTERFACTUAL):
                self._refresh(role)
            self._title()

    def preview(self, picture: NDArray[np.uint8]) -> None:
        """Show a rough counterfactual, (p, p, 3) uint8, until the next frame, and no difference meanwhile."""
        if not self._roughly:
            self._roughly = True
            with suppress(KeyError):
                self[COUNTERFACTUAL].name = f"{COUNTERFACTUAL}: a slider moves"
            with suppress(KeyError):
                layer = self[DIFFERENCE]
                self._write(DIFFERENCE, np.zeros_like(layer.data))
                layer.name = f"{DIFFERENCE}: when the slider rests"
        self._write(COUNTERFACTUAL, self.box.rough(picture))

    def compare(self, picture: NDArray[np.uint8] | None, name: str = COMPARISON) -> None:
        """Show the photograph with a map over it, (P, P, 3) uint8, under a name; None takes it from sight."""
        if self._field is None:
            return
        try:
            before = bool(self[COMPARISON].visible)
        except KeyError:
            before = False
        if picture is not None:
            active = self._viewer.layers.selection.active
            layer = self._put(COMPARISON, picture, self._field.box)
            layer.name, layer.visible = name, True
            self._viewer.layers.selection.active = active
        elif before:
            self[COMPARISON].visible = False
        if picture is not None:  # a map of the same photograph anew leaves the camera where it is
            before, self._had_map = before or self._had_map, False
        if before != (picture is not None):  # another number of cells, of another size
            self._viewer.fit_to_view(margin=0.02)

    def set_two_rows(self, two: bool) -> None:
        """Show the pictures in two rows, which makes them larger unless the window is very wide, or in one."""
        rows = 2 if two else 1
        if rows == self._rows:
            return
        self._rows = rows
        if any(is_ours(layer) for layer in self._viewer.layers):
            self._arrange()
            self._viewer.fit_to_view(margin=0.02)

    def set_reconstruction(self, shown: bool) -> None:
        """Show what the generator made of the photograph, or hide it."""
        self._reconstruction = shown
        try:
            layer = self[RECONSTRUCTION]
        except KeyError:
            return
        if layer.visible != shown:
            layer.visible = shown
            self._viewer.fit_to_view(margin=0.02)

    def show_region(self, region: Region | None) -> None:
        """Draw the region's outlines on every picture, or none."""
        self.box.region = region.corners(self._field, 1) if region is not None and self._field is not None else ()
        self.refresh()

    def share_of(self, position: tuple[float, ...]) -> tuple[float, float] | None:
        """Where a point of the photograph (y, x) lies on the square, as shares of its side; None if it is not on it."""
        if self._field is None:
            return None
        upright = self._field.replace(mirrored=False)
        x, y = upright.to_model(np.array([position[-1], position[-2]]) + 0.5, 1).tolist()
        return (y, x) if 0 <= y <= 1 and 0 <= x <= 1 else None

    def hide(self) -> None:
        """Show none of the pictures, and none of the words under them."""
        self.release()
        self.source = None
        text = self._viewer.canvas.overlays["text"]
        text.visible = text.visible and BANNER not in text.text
        for role in (*ROLES, COMPARISON):
            with suppress(KeyError):
                self[role].visible = False

    def release(self) -> None:
        """Show the photograph's own layer again."""
        if self._hidden is not None and self._hidden in self._viewer.layers:
            self._hidden.visible = True
        self._hidden = None

    def _caption(self, explanation: Explanation, frame: Frame) -> None:
        """Say in each cell what it is, and the target's probability."""
        target, p = explanation.target, frame.probabilities
        name = explanation.explainer.classes[target]
        for role, values in (
            (ORIGINAL, p.original), (RECONSTRUCTION, p.reconstruction), (COUNTERFACTUAL, p.counterfactual),
        ):  # fmt: skip
            self._said[role] = f"{name} {percent(values[target])}"
            with suppress(KeyError):
                self[role].name = f"{role}: {self._said[role]}"
        self._moved = bool(frame.edit)
        self._title()
        with suppress(KeyError):
            self._scale(difference_scale(frame.difference))

    def _title(self) -> None:
        """Say what stands in the counterfactual's cell."""
        box = self.box
        role = box.blink or COUNTERFACTUAL
        title = (
            f"{role}: {self._said.get(role, '')}" if box.blink is None else f"{role}, held: {self._said.get(role, '')}"
        )
        if box.blink is None:
            title = title if self._moved else title.replace(":", ": no edit yet,", 1)
            title = f"{ORIGINAL} | {title}" if box.swipe else title
        with suppress(KeyError):
            if not self._roughly and self[COUNTERFACTUAL].name != title:
                self[COUNTERFACTUAL].name = title

    def _scale(self, full: float) -> None:
        """Let the difference's colours end where the change does, and say so."""
        layer, (darker, brighter) = self[DIFFERENCE], self._colours.split("-")
        if tuple(layer.contrast_limits) != (-full, full):
            layer.contrast_limits = (-full, full)
        layer.name = f"{DIFFERENCE} ±{100 * full:.0f} % ({darker} -, {brighter} +)" if self._moved else DIFFERENCE

    def _refresh(self, role: str) -> None:
        self._write(role, self.box.picture(role))

    def _write(self, role: str, picture: NDArray[Any]) -> None:
        with suppress(KeyError):
            _write(self[role], picture)

    def _put(self, role: str, picture: NDArray[Any], square: tuple[float, ...]) -> Any:
        left, top, right, _ = square
        scale = (right - left) / picture.shape[0]
        # napari puts the middle of pixel 0 at 0; the square says where its edge is
        corner = (top + scale / 2 - 0.5, left + scale / 2 - 0.5)
        try:
            layer = self[role]
        except KeyError:
            extra: dict[str, Any] = {"rgb": True, "interpolation2d": "linear"}
            if role == DIFFERENCE:
                extra |= {
                    "rgb": False,
                    "colormap": _darker_brighter(self._colours),
                    "contrast_limits": (-1, 1),
                }
            layer = self._viewer.add_image(
                np.array(picture), name=role, metadata={_KEY: {"role": role}}, blending="translucent", **extra
            )
            layer.name_overlay.visible = True
            layer.name_overlay.position = "top_left"
            layer.name_overlay.font_size = 7
        visible = layer.visible
        with layer.events.visible.blocker():  # a hidden layer would keep the small picture of the eye before
            layer.visible = True
            _write(layer, picture, thumbnail=True)
            layer.visible = visible
        layer.scale, layer.translate = (scale, scale), corner
        return layer

    def _arrange(self) -> None:
        grid = self._viewer.canvas.grid
        grid.shape, grid.stride, grid.spacing, grid.enabled = (self._rows, -1), 1, 8, True

    def _say(self, explanation: Explanation) -> None:
        """Say under the pictures whose eye it is, without a name, by which model, and that it is synthetic."""
        text = self._viewer.canvas.overlays["text"]
        if not text.visible or BANNER in text.text:
            eye = explanation.laterality.eye
            case = (
                f"case {explanation.photograph.sha256[:8]}",
                str(eye or "eye not known"),
                explanation.explainer.identity.name,
            )
            text.text = f"{', '.join(case)}\n{BANNER}"
            text.position, text.font_size, text.visible = "bottom_center", 8, True


def _signed(frame: Frame) -> NDArray[np.float32]:
    """Signed change of luminance, (M, M) float32: negative is darker."""
    return np.asarray(frame.difference @ _LUMINANCE, dtype=np.float32)


def _write(layer: Any, picture: NDArray[Any], *, thumbnail: bool = False) -> None:
    if layer.data.shape == picture.shape and layer.data.flags.writeable:
        layer.data[...] = picture
        layer.refresh(extent=False, thumbnail=thumbnail, highlight=False)
    else:
        layer.data = np.array(picture)
