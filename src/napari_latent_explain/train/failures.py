"""Grids of what a bundle does worst, to be looked at: scores are means, and a mean hides its worst cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.train.samples import save_samples

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.train.scoreboard import Measured

__all__ = ["write_failures"]


def write_failures(measured: Measured, folder: Path, count: int = 6) -> list[Path]:
    """Write up to three PNG files and return their paths; each column is one eye.

    ``worst_reconstructions.png``: photograph, reconstruction, twice the difference, least fine detail first.
    ``worst_composites.png``: photograph, composite, twice the difference, furthest from the other class first.
    ``nearest_training_eyes.png``: photograph, reconstruction, the training eye nearest to it (in the order given).
    """
    x, made, drawn = measured.photographs, measured.composites, measured.reconstructions

    def rows(worst_first: NDArray[np.int64], other: Tensor) -> list[Tensor]:
        chosen = torch.from_numpy(worst_first[:count])
        return [x[chosen], other[chosen], 2 * (other[chosen] - x[chosen])]

    written = {
        "worst_reconstructions.png": rows(np.argsort(measured.detail), drawn),
        "worst_composites.png": rows(np.argsort(measured.margins), made),
    }
    if measured.nearest is not None:
        written["nearest_training_eyes.png"] = [x[:count], drawn[:count], measured.nearest[:count]]
    for name, pictures in written.items():
        save_samples(pictures, folder / name)
    return [folder / name for name in written]
