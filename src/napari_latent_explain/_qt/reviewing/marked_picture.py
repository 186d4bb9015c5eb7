"""Marks drawn into a picture: numbered rings and boxes that are seen on any ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Mark

__all__ = ["draw_marks"]


def draw_marks(picture: NDArray[np.uint8], marks: Sequence[Mark]) -> NDArray[np.uint8]:
    """Return a picture (P, P, 3) uint8 with `marks` drawn over it; the picture itself if there are none."""
    if not marks:
        return picture
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    height, width = picture.shape[:2]
    line = max(2, width // 300)
    size = max(11, width // 36)
    font = ImageFont.load_default(size)
    for number, mark in enumerate(marks, start=1):
        x, y = mark.x * width, mark.y * height
        radius = max(6, width // 60) if mark.is_point else 0
        box = (x - radius, y - radius, x + mark.width * width + radius, y + mark.height * height + radius)
        around = (box[0] - line, box[1] - line, box[2] + line, box[3] + line)
        outline = draw.ellipse if mark.is_point else draw.rectangle
        outline(around, outline="black", width=2 * line)
        outline(box, outline="white", width=line)
        place = (min(box[2] + line, width - 2 * size), max(box[1] - line, 0))
        draw.text(place, str(number), font=font, fill="white", stroke_width=2, stroke_fill="black")
    return np.asarray(image)
