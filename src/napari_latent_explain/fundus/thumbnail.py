"""A small picture of a photograph's file, fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.decoding import Request
from napari_latent_explain.fundus.photograph_bytes import photograph_bytes
from napari_latent_explain.fundus.reader import ask_decoder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_thumbnail"]


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
    answer = ask_decoder(Request("thumbnail", size=size), photograph_bytes(path), path.name)
    return np.asarray(answer.pixels, dtype=np.uint8)
