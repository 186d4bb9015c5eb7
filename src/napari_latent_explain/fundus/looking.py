"""Ways to look at a photograph: red-free, local contrast, outlines of what changed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.exposure import equalize_adapthist
from skimage.measure import find_contours

from napari_latent_explain.domain import LUMINANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Look", "line_width", "outline_changes"]

_CLIP = 0.01
_LUMINANCE = np.array(LUMINANCE, dtype=np.float32)
_DARKER, _BRIGHTER = (78, 159, 221), (242, 142, 43)


class Look(StrEnum):
    """How pictures are shown; the classifier always sees them in colour."""

    COLOUR = "colour"
    RED_FREE = "red-free"
    CONTRAST = "local contrast"
    RED_FREE_CONTRAST = "red-free, local contrast"

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Show (P, P, 3) uint8 so, as (P, P, 3) uint8.

        Red-free is the green channel, in which blood is darkest (haemoglobin absorbs green). Local contrast is CLAHE (Zuiderveld,
        Graphics Gems IV, 1994), of the green channel or of the luminance, whose gain all colours then get. Each picture is
        equalised by itself, so that a change in one place shifts greys around it. Cost: CLAHE is the slow
        part, and grows with the pixels.
        """
        if self is Look.COLOUR:
            return picture
        if self is Look.CONTRAST:
            grey = (picture.astype(np.float32) @ _LUMINANCE / 255).astype(np.float32)
            gain = _equalised(grey) / np.maximum(grey, 1 / 255)
            shown: NDArray[np.uint8] = np.clip(np.rint(picture * gain[..., None]), 0, 255).astype(np.uint8)
            return shown
        green = picture[..., 1]
        if self is Look.RED_FREE_CONTRAST:
            green = np.rint(255 * _equalised((green / 255).astype(np.float32))).astype(np.uint8)
        return np.repeat(green[..., None], 3, axis=-1)


def _equalised(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """CLAHE of (P, P) in [0, 1]; what is black stays black."""
    if grey.min() == grey.max():
        return grey
    equalised: NDArray[np.float32] = equalize_adapthist(grey, clip_limit=_CLIP).astype(np.float32)
    return np.where(grey > 0, equalised, 0).astype(np.float32)


def line_width(size: int) -> int:
    """Width of a line on a picture of this side, in pixels, that is still seen where the picture is shown 350 pixels wide."""
    return max(1, round(size / 350))


def outline_changes(
    picture: NDArray[np.uint8], difference: NDArray[np.float32], *, level: float = 0.02
) -> NDArray[np.uint8]:
    """Draw lines round what became brighter (orange) and darker (blue) by more than `level`.

    Parameters
    ----------
    picture : numpy.ndarray
        (P, P, 3) uint8; it is not changed.
    difference : numpy.ndarray
        (M, M, 3) float32 in [-1, 1], as `Frame.difference`.
    level : float
        Of luminance, full scale is 1, after a blur over a hundredth of the width: single pixels are not outlined.
    """
    image = Image.fromarray(picture.copy())
    draw = ImageDraw.Draw(image)
    blurred = ndimage.gaussian_filter(difference @ _LUMINANCE, len(difference) / 100)
    luminance = np.pad(blurred, 1)
    scale, wide = len(picture) / len(difference), line_width(len(picture))
    for sign, colour in ((1, _BRIGHTER), (-1, _DARKER)):
        for line in find_contours(sign * luminance, level):
            corners = [((x - 0.5) * scale, (y - 0.5) * scale) for y, x in line]
            draw.line(corners, fill=(0, 0, 0), width=2 * wide + 1)
            draw.line(corners, fill=colour, width=wide)
    return np.asarray(image)
