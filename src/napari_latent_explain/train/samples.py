"""Grids of pictures on disk, to look at a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from napari_latent_explain.export.atomic import open_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

__all__ = ["save_samples"]


def save_samples(rows: list[Tensor], path: Path) -> None:
    """Write rows of pictures, each (N, 3, R, R) in [-1, 1], as one PNG."""
    strips = [
        np.concatenate(list(((row.clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1).cpu().numpy()), 1)
        for row in rows
    ]
    with open_atomically(path) as stream:
        Image.fromarray(np.concatenate(strips, 0)).save(stream, "PNG")
