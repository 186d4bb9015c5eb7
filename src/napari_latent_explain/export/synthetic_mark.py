"""The words in the pixels of every computed picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from napari_latent_explain.export.colours import INK
from napari_latent_explain.export.provenance import SYNTHETIC
from napari_latent_explain.export.typefaces import font, wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mark_synthetic", "marked_pixels"]


def mark_synthetic(image: Image.Image, *, simulated: bool = False, letters: int = 32) -> Image.Image:
    """Write into the pixels that a picture is synthetic, in letters that fit so many times into its width."""
    marked = image.copy()
    draw = ImageDraw.Draw(marked)
    size = max(9, image.width // letters)
    text = "SIMULATED EYE. " + SYNTHETIC if simulated else SYNTHETIC
    for above, line in enumerate(reversed(wrapped(text, image.width - 8, size))):
        place = (image.width // 2, image.height - size // 2 - above * (size + 3))
        draw.text(place, line, font=font(size), fill=INK, anchor="ms", stroke_width=2, stroke_fill=(0, 0, 0))
    return marked


def marked_pixels(pixels: NDArray[np.uint8], *, simulated: bool, side: int = 0) -> NDArray[np.uint8]:
    """A square picture with the mark in its pixels, large enough for print: (P, P, 3) uint8.

    A picture smaller than `side` is enlarged to it first.
    """
    image = Image.fromarray(pixels)
    if image.width < side:
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(mark_synthetic(image, simulated=simulated, letters=23))
