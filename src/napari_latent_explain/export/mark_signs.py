"""Signs for the places that raters marked: a number, and a shape for each rater, so that no colour has to be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_latent_explain.export.page import Block, Stroke, Words

if TYPE_CHECKING:
    from napari_latent_explain.domain import CounterfactualRecord
    from napari_latent_explain.export.exhibit import Exhibit
    from napari_latent_explain.export.page import Colour, Page
    from napari_latent_explain.export.typefaces import Typeface

__all__ = ["SIGNS", "MarkSign", "lay_marks", "lay_region"]

_INK: Colour = (255, 255, 255)
_SHADE: Colour = (0, 0, 0)


@dataclass(frozen=True)
class MarkSign:
    """A regular polygon: its name, number of corners, and how far it is turned (degrees)."""

    name: str
    corners: int
    turn: float = 0.0

    def outline(self, x: float, y: float, radius: float) -> tuple[tuple[float, float], ...]:
        """Its corners around a point, the first one again at the end."""
        angles = [math.radians(self.turn + 360 * k / self.corners) for k in range(self.corners + 1)]
        return tuple((x + radius * math.sin(a), y - radius * math.cos(a)) for a in angles)


SIGNS = (
    MarkSign("circle", 24),
    MarkSign("square", 4, 45),
    MarkSign("triangle", 3),
    MarkSign("diamond", 4),
    MarkSign("pentagon", 5),
    MarkSign("hexagon", 6, 30),
)


def lay_marks(page: Page, exhibit: Exhibit, left: int, top: int, side: int, face: Typeface) -> None:
    """Draw all marks over a square picture on a page: points as their rater's sign, boxes with that sign at a corner."""
    size = max(13, side // 26)
    radius, thin = 0.85 * size, max(1, side // 300)
    for number, index, _, mark in exhibit.numbered():
        sign = SIGNS[index % len(SIGNS)]
        x, y = (left + mark.x * side, top + mark.y * side)
        if mark.is_point:
            outlines = [sign.outline(x, y, radius)]
            label = (x + 1.6 * radius + size / 4, y)
        else:
            right, bottom = x + mark.width * side, y + mark.height * side
            edges = ((x, y), (right, y), (right, bottom), (x, bottom), (x, y))
            outlines = [edges, sign.outline(x, y, radius / 2)]
            label = (x + radius + size / 4, y - size / 2)
        for points in outlines:
            page.add(Stroke(points, _SHADE, 3 * thin + 1), Stroke(points, _INK, thin + 1))
        half = size * (0.36 * len(str(number)) + 0.1)
        at = label[0] if label[0] + half < left + side else 2 * x - label[0]  # mirrored where the edge is near
        down = min(max(label[1], top + size), top + side - size)
        page.add(
            Block((at - half, down - 0.62 * size, at + half, down + 0.62 * size), fill=_SHADE, outline=_INK),
            Words((at, down), str(number), size, _INK, "mm", face),
        )


def lay_region(page: Page, record: CounterfactualRecord, left: int, top: int, side: int) -> None:
    """Draw the outline outside which nothing was allowed to change; nothing if there is none."""
    for corners in record.region.corners(record.field, side) if record.region is not None else []:
        closed = tuple((left + float(x), top + float(y)) for x, y in (*corners, corners[0]))
        page.add(Stroke(closed, _SHADE, max(4, side // 110)), Stroke(closed, _INK, max(2, side // 220)))
