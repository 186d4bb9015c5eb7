"""A scale bar, where somebody said how large a pixel is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.export.page import Stroke, Words

if TYPE_CHECKING:
    from napari_latent_explain.export.exhibit import Exhibit
    from napari_latent_explain.export.page import Colour, Page
    from napari_latent_explain.export.typefaces import Typeface

__all__ = ["bar_length", "lay_scale_bar"]

_WIDEST = 0.22  # of the picture's side: what the black corner outside the round field has room for
_STEPS = (1, 2, 5)


def bar_length(across: float) -> float:
    """A round length, 1, 2 or 5 times a power of ten: the longest that is at most 22 % of `across` (both micrometres)."""
    decade = 1e-6
    best = decade
    while decade <= across:
        best = max([best, *(step * decade for step in _STEPS if step * decade <= _WIDEST * across)])
        decade *= 10
    return best


def lay_scale_bar(page: Page, exhibit: Exhibit, left: int, top: int, side: int, ink: Colour, face: Typeface) -> None:
    """Draw a scale bar into the upper left corner of a square crop; nothing if the spacing is not known."""
    if exhibit.spacing is None:
        return
    across = 2 * exhibit.record.field.radius * exhibit.spacing
    length = bar_length(across)
    margin, size = side // 40, max(13, side // 30)
    end = left + margin + length / across * side
    y = top + margin + size // 4
    page.add(Stroke(((left + margin, y), (end, y)), ink, max(3, side // 120)))
    said = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} um"
    page.add(Words((left + margin, y + size // 3), said, size, ink, "la", face))
