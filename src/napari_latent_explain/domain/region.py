"""Where in a photograph something may change."""

from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Region"]

_Outline = Annotated[tuple[tuple[float, float], ...], Field(min_length=3, max_length=10_000)]


class Region(FrozenModel):
    """Outlines that a person drew: outside all of them nothing may change.

    Parameters
    ----------
    outlines : tuple of tuple of (y, x)
        Polygons in pixels of the photograph, the middle of its first pixel at (0, 0).
    """

    outlines: Annotated[tuple[_Outline, ...], Field(min_length=1, max_length=1_000)]
