"""Where in a photograph something may change."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Constraint

from napari_latent_explain.domain.field import Field
from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Region"]

_Outline = Annotated[tuple[tuple[float, float], ...], Constraint(min_length=3, max_length=10_000)]


class Region(FrozenModel):
    """Outlines that a person drew: outside all of them nothing may change.

    Parameters
    ----------
    outlines : tuple of tuple of (y, x)
        Polygons in pixels of the photograph, the middle of its first pixel at (0, 0).
    """

    outlines: Annotated[tuple[_Outline, ...], Constraint(min_length=1, max_length=1_000)]

    def corners(self, field: Field, size: int) -> list[NDArray[np.float64]]:
        """Each outline's corners (x, y) on the crop of a field, `size` pixels wide, as the photograph stands: (N, 2) each."""
        upright = field.replace(mirrored=False)
        return [upright.to_model(np.array(outline)[:, ::-1] + 0.5, size) for outline in self.outlines]
