"""A small picture of a photograph's file, fast."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from napari_latent_explain.fundus.reader import read_photograph

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_thumbnail"]

_MOST_BYTES = 64 * 2**20


def read_thumbnail(path: Path, size: int = 64) -> NDArray[np.uint8]:
    """Read a photograph no larger than needed.

    Returns
    -------
    numpy.ndarray
        (h, w, 3) uint8, the longer side `size` pixels at most.

    Raises
    ------
    PhotographError
        If it is no readable picture.
    """
    small: Image.Image
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:  # a device or a pipe has no end
            raise ValueError
        with Image.open(io.BytesIO(path.read_bytes()), formats=("JPEG",)) as picture:
            picture.draft(
                "RGB", (2 * size, 2 * size)
            )  # a JPEG is decoded at an eighth of its size where that is enough
            small = ImageOps.exif_transpose(picture).convert("RGB")
            small.thumbnail((size, size))
    except Exception:  # noqa: BLE001 - whatever it is, the reader knows more kinds and says what is wrong
        whole = read_photograph(path)
        scale = 255 / whole.full_scale
        step = max(1, max(whole.height, whole.width) // (4 * size))
        small = Image.fromarray(np.rint(whole.pixels[::step, ::step] * scale).astype(np.uint8))
        small.thumbnail((size, size))
    return np.asarray(small)
