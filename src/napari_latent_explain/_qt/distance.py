"""A distance on a photograph. No Qt here."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Distance"]


@dataclass(frozen=True)
class Distance:
    """From one point of a photograph to another.

    Parameters
    ----------
    start, end : (float, float)
        (y, x) in pixels of the photograph as the camera wrote it.
    spacing_mm : (float, float)
        Distance from row to row and from column to column, in millimetres.

    Examples
    --------
    >>> Distance((0, 0), (30, 40), (0.01, 0.02)).text
    '0.85 mm (50 px)'
    """

    start: tuple[float, float]
    end: tuple[float, float]
    spacing_mm: tuple[float, float]

    @property
    def pixels(self) -> float:
        """Its length in pixels of the photograph."""
        return math.dist(self.start, self.end)

    @property
    def millimetres(self) -> float:
        """Its length on the retina, as the file's spacing has it; rows and columns may be differently far apart."""
        (y0, x0), (y1, x1), (row, column) = self.start, self.end, self.spacing_mm
        return math.hypot((y1 - y0) * row, (x1 - x0) * column)

    @property
    def text(self) -> str:
        """Both lengths, to be read."""
        return f"{self.millimetres:.2f} mm ({self.pixels:.0f} px)"
