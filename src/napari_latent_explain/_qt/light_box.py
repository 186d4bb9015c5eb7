"""What each picture shows under the looking tools: look, outlines, blink, swipe, crosshair, region, distance. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from napari_latent_explain.fundus.looking import Look, line_width, outline_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_latent_explain._qt.distance import Distance
    from napari_latent_explain.domain import Field
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["COUNTERFACTUAL", "ORIGINAL", "RECONSTRUCTION", "Developed", "LightBox", "Viewed"]

ORIGINAL, RECONSTRUCTION, COUNTERFACTUAL = "Original", "Reconstruction", "Counterfactual"
_LINE = (255, 255, 255)


class Viewed:
    """A frame with its counterfactual as a look shows it; made in any thread."""

    def __init__(self, frame: Frame, look: Look, *, outlined: bool) -> None:
        self.frame, self.asked = frame, (look, outlined)
        picture = look(frame.counterfactual)
        self.picture: NDArray[np.uint8] = outline_changes(picture, frame.difference) if outlined else picture
        self.nothing_to_outline = outlined and bool(np.array_equal(self.picture, picture))


@dataclass(frozen=True, eq=False)
class Developed:
    """All pictures as a look shows them; made in any thread."""

    standing: Mapping[str, NDArray[np.uint8]]
    viewed: Viewed


class LightBox:
    """The colour pictures of an explanation, and how they are looked at.

    `develop` pictures, `take` them, and ask for each `picture`; `blink`, `swipe`, `cross`, `region` and `distance` act on
    what was taken.

    Attributes
    ----------
    look, outlined : Look, bool
        Colour, red-free or local contrast; whether lines are drawn round what changed.
    blink : str or None
        The picture that stands in the place of the counterfactual while a key is held.
    swipe : float
        Share of the counterfactual, from the left, in which the original shows.
    cross : (float, float) or None
        Where the crosshair stands, as shares (y, x) of the side.
    region : sequence of outlines
        Lines to draw on every picture, (N, 2) of shares (x, y) of the side.
    distance : Distance, optional
        A line to draw on every picture, with its length.
    field : Field, optional
        Which part of the photograph the pictures show.
    """

    def __init__(self) -> None:
        self.look, self.outlined = Look.COLOUR, False
        self.blink: str | None = None
        self.swipe = 0.0
        self.cross: tuple[float, float] | None = None
        self.region: Sequence[NDArray[np.float64]] = ()
        self.distance: Distance | None = None
        self.field: Field | None = None
        self._standing: Mapping[str, NDArray[np.uint8]] = {}
        self._viewed: Viewed | None = None

    @property
    def plain(self) -> bool:
        """Whether the counterfactual is shown as it is, so that a rough picture of it may stand in while a slider moves."""
        return self.look is Look.COLOUR and not self.outlined

    @property
    def nothing_to_outline(self) -> bool:
        """Whether outlines are asked for, and no change of the frame is large enough for one."""
        return self._viewed is not None and self._viewed.nothing_to_outline

    @staticmethod
    def develop(explanation: Explanation, frame: Frame, look: Look, *, outlined: bool) -> Developed:
        """Look at all pictures (thread-safe; slow with local contrast)."""
        standing = {ORIGINAL: look(explanation.original), RECONSTRUCTION: look(explanation.reconstruction)}
        return Developed(standing, Viewed(frame, look, outlined=outlined))

    def view(self, frame: Frame) -> Viewed:
        """Look at another frame (thread-safe)."""
        return Viewed(frame, self.look, outlined=self.outlined)

    def take(self, developed: Developed) -> None:
        """Put all pictures in; their look is the look from now on."""
        self.look, self.outlined = developed.viewed.asked
        self._standing, self._viewed = developed.standing, developed.viewed

    def show(self, viewed: Viewed) -> None:
        """Put in a counterfactual; it is looked at again, if the look is another one by now."""
        asked = (self.look, self.outlined)
        self._viewed = viewed if viewed.asked == asked else self.view(viewed.frame)

    def picture(self, role: str) -> NDArray[np.uint8]:
        """What stands in a cell, (P, P, 3) uint8; KeyError if nothing was put there."""
        shown = self._under_look(role)
        if role == COUNTERFACTUAL:
            if self.blink is not None:
                shown = _resized(self._under_look(self.blink), len(shown))
            elif self.swipe > 0:
                shown = self._swiped(shown)
        return self._marked(shown)

    def rough(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A rough counterfactual as it stands in the cell, quickly: its pixels are repeated."""
        shown = _resized(picture, len(self._under_look(COUNTERFACTUAL)), Image.Resampling.NEAREST)
        return self._marked(self._swiped(shown) if self.swipe > 0 else shown)

    def _swiped(self, counterfactual: NDArray[np.uint8]) -> NDArray[np.uint8]:
        edge = round(self.swipe * counterfactual.shape[1])
        both = counterfactual.copy()
        both[:, :edge] = _resized(self._under_look(ORIGINAL), len(both))[:, :edge]
        wide = line_width(len(both))
        both[:, max(0, edge - wide // 2) : edge + (wide + 1) // 2] = 255
        return both

    def _marked(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Draw region, distance, and lines through the crosshair's point that are open around it and so hide nothing there."""
        if self.cross is None and not self.region and self.distance is None:
            return picture
        image, size = Image.fromarray(picture.copy()), len(picture)
        draw, wide = ImageDraw.Draw(image), line_width(size)
        for outline in self.region:
            corners = [tuple(corner) for corner in size * np.array((*outline, outline[0]))]
            draw.line(corners, fill=(0, 0, 0), width=2 * wide + 1)
            draw.line(corners, fill=_LINE, width=wide)
        if self.cross is not None:
            y, x = (share * size for share in self.cross)
            gap = size / 24
            for line in ((0, y, x - gap, y), (x + gap, y, size, y), (x, 0, x, y - gap), (x, y + gap, x, size)):
                draw.line(line, fill=_LINE, width=wide)
        if self.distance is not None and self.field is not None:
            _draw_distance(draw, self.distance, self.field, size)
        return np.asarray(image)

    def _under_look(self, role: str) -> NDArray[np.uint8]:
        if role != COUNTERFACTUAL:
            return self._standing[role]
        if self._viewed is None:
            raise KeyError(role)
        return self._viewed.picture


def _draw_distance(draw: ImageDraw.ImageDraw, distance: Distance, field: Field, size: int) -> None:
    """A line with a bar across each end, its length beside its middle; white with a black rim, to be seen on anything."""
    wide, upright = line_width(size), field.replace(mirrored=False)
    ends = np.array([distance.start, distance.end])[:, ::-1] + 0.5
    a, b = upright.to_model(ends, size)
    across = np.array([b[1] - a[1], a[0] - b[0]])
    across *= size / 80 / max(float(np.hypot(*across)), 1e-6)
    lines = ((a, b), (a - across, a + across), (b - across, b + across))
    for fill, width in (((0, 0, 0), 2 * wide + 1), (_LINE, wide)):
        for line in lines:
            draw.line([tuple(point) for point in line], fill=fill, width=width)
    font = ImageFont.load_default(max(10, size // 26))
    left, top, right, bottom = draw.textbbox((0, 0), distance.text, font=font)
    x, y = (a + b) / 2 + (size / 40, -size / 40 - bottom)
    x, y = (min(max(at, 0.0), max(0.0, size - length)) for at, length in ((x, right), (y, bottom)))
    draw.rectangle(
        (x + left - 3 * wide, y + top - 3 * wide, x + right + 3 * wide, y + bottom + 3 * wide), fill=(0, 0, 0)
    )
    draw.text((x, y), distance.text, fill=_LINE, font=font)


def _resized(
    picture: NDArray[np.uint8], size: int, resampling: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    if len(picture) == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize((size, size), resampling))
