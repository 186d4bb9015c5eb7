"""What lies around the field of view, where cameras and archives burn in names and dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import ExportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Field

__all__ = ["without_surround"]


def without_surround(pixels: NDArray[np.uint8], field: Field) -> NDArray[np.uint8]:
    """Black out everything outside the field of view; inside, every pixel stays as it is.

    Parameters
    ----------
    pixels : numpy.ndarray
        (H, W, 3) uint8, a whole photograph of the size that `field` says.
    field : Field
        Where the illuminated disc lies. Text that is burned into the disc itself stays.

    Raises
    ------
    ExportError
        If the picture has another size than the field's photograph.
    """
    if pixels.shape[:2] != (field.height, field.width):
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        msg = f"A picture of {size} pixels is not the whole photograph of {field.width} x {field.height}; export that one."
        raise ExportError(msg)
    y = np.arange(field.height)[:, None] + 0.5
    x = np.arange(field.width)[None] + 0.5
    inside = (x - field.center_x) ** 2 + (y - field.center_y) ** 2 <= field.radius**2
    inside &= (y >= field.top) & (y <= field.bottom)
    return np.where(inside[..., None], pixels, np.uint8(0))
