"""A drawn region as weights on the model's crop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Field, Region

__all__ = ["region_weights"]

_FINER = 4  # the outline is drawn so many times finer than the pixels
_EDGE, _RAMP = 2, 3  # pixels: what resampling to the photograph spreads, and where the change fades in


def region_weights(region: Region, field: Field, size: int) -> NDArray[np.float32]:
    """How much of a change each pixel of the crop may take: 0 outside the region and near its edge, then rising to 1.

    The way back into the photograph spreads over the two pixels at the edge; so nothing changes outside there either.

    Parameters
    ----------
    region : Region
        What was drawn.
    field : Field
        Where the crop lies; the result is mirrored if it says so.
    size : int
        Side of the crop.

    Returns
    -------
    numpy.ndarray
        (size, size) float32 in [0, 1].
    """
    fine = Image.new("L", (size * _FINER, size * _FINER))
    brush = ImageDraw.Draw(fine)
    for corners in region.corners(field, size * _FINER):
        brush.polygon([tuple(corner) for corner in corners - 0.5], fill=1)
    inside = np.asarray(fine, dtype=bool).reshape(size, _FINER, size, _FINER).all(axis=(1, 3))
    depth = ndimage.distance_transform_cdt(np.pad(inside, 1), "chessboard")[1:-1, 1:-1]
    weights = np.clip((depth - _EDGE) / _RAMP, 0, 1).astype(np.float32)
    return np.ascontiguousarray(weights[:, ::-1]) if field.mirrored else weights
