"""Small pictures, fast."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from napari_latent_explain.decoding.picture import photograph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.decoding.limits import Limits

__all__ = ["shrunk", "thumbnail"]


def thumbnail(data: bytes, size: int, limits: Limits) -> NDArray[np.uint8]:
    """Decode no more than a small picture needs.

    Returns
    -------
    numpy.ndarray
        (h, w, 3) uint8, the longer side `size` pixels at most.

    Raises
    ------
    Refusal
        As `picture.photograph`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            # A JPEG is decoded at an eighth of its size where that is enough.
            picture.draft("RGB", (2 * size, 2 * size))
            small = ImageOps.exif_transpose(picture).convert("RGB")
            small.thumbnail((size, size))
            return np.asarray(small)
    except Exception:  # noqa: BLE001 - whatever it is, the reader knows more kinds and says what is wrong
        return shrunk(photograph(data, limits).pixels, size)


def shrunk(pixels: NDArray[np.uint8] | NDArray[np.uint16], size: int) -> NDArray[np.uint8]:
    """Shrink pixels (H, W, 3) to (h, w, 3) uint8, the longer side `size` at most."""
    scale = 255 / np.iinfo(pixels.dtype).max
    step = max(1, max(pixels.shape[:2]) // (4 * size))
    small = Image.fromarray(np.rint(pixels[::step, ::step] * scale).astype(np.uint8))
    small.thumbnail((size, size))
    return np.asarray(small)
