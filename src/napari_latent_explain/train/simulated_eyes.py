"""Simulated eyes with the numbers that made them, as arrays: what is known of each is exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import silent
from napari_latent_explain.fundus import simulate
from napari_latent_explain.fundus.factors import sample_factors
from napari_latent_explain.train.photographs import PhotographSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress

__all__ = ["FACTORS", "SimulatedEyes", "draw_simulated_eyes"]

FACTORS = (
    "disc_x", "disc_y", "disc_radius", "cup_ratio", "vessel_calibre", "vessel_density", "tortuosity", "macula_darkness",
    "pigmentation", "illumination", "vignetting", "tilt", "haze", "microaneurysms", "haemorrhages", "hard_exudates",
    "cotton_wool_spots", "drusen",
)  # fmt: skip
_MOST = {"microaneurysms": 25, "haemorrhages": 12, "hard_exudates": 40, "cotton_wool_spots": 5, "drusen": 20}
_PRESENT = 0.5  # share of eyes that have a kind of lesion, each kind on its own


@dataclass(frozen=True, eq=False)
class SimulatedEyes:
    """N right eyes without a notch, and their factors (N, K) in the order of `FACTORS`; all labels are -1."""

    photographs: PhotographSet
    factors: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.factors)

    @property
    def standardised(self) -> NDArray[np.float64]:
        """Each factor less its mean, over its standard deviation."""
        standard: NDArray[np.float64] = (self.factors - self.factors.mean(axis=0)) / self.factors.std(axis=0)
        return standard


def draw_simulated_eyes(count: int, size: int, seed: int, progress: Progress = silent) -> SimulatedEyes:
    """Draw eyes whose factors are independent of one another, lesions too.

    Parameters
    ----------
    count : int
        Eyes.
    size : int
        Side in pixels; eyes are drawn at twice that and averaged down, so that fine parts stay.
    seed : int
        Not negative; the first eyes do not depend on the count.
    progress : Progress
        Told once an eye.
    """
    pictures = np.zeros((count, size, size, 3), np.uint8)
    masks = np.zeros((count, size, size), bool)
    factors = np.zeros((count, len(FACTORS)))
    for k in range(count):
        progress("Drawing simulated eyes", k / count)
        rng = np.random.default_rng([seed, k])
        lesions = {name: int(rng.integers(1, most)) * int(rng.random() < _PRESENT) for name, most in _MOST.items()}
        known = sample_factors(rng, laterality="OD", notch=False, neovascularisation=0.0, **lesions)
        eye = simulate(seed=int(rng.integers(2**31)), factors=known, size=2 * size)
        coarse = eye.picture.reshape(size, 2, size, 2, 3).mean(axis=(1, 3))
        masks[k] = eye.masks["field"].reshape(size, 2, size, 2).all(axis=(1, 3))
        pictures[k] = np.rint(coarse) * masks[k][..., None]
        factors[k] = [float(getattr(known, name)) for name in FACTORS]
    names = tuple(f"simulated/{seed}_{k}.png" for k in range(count))
    return SimulatedEyes(PhotographSet(names, pictures, masks, np.full(count, -1)), factors)
