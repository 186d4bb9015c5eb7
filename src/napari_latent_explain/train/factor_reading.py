"""Reading a simulated eye's factors off its picture, so that pictures that a generator draws have factors too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.latent import to_tensor
from napari_latent_explain.train.perception import ImageNetFeatures

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.train.simulated_eyes import SimulatedEyes

__all__ = ["HELD_OUT", "FactorReader", "fit_factor_reader"]

HELD_OUT = 0.25
_PENALTIES = (1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True, eq=False)
class FactorReader:
    """Ridge regressions on what EfficientNet-Lite1 sees: weights (F, K), offsets (K,), and R^2 (K,) on held-out redrawn eyes.

    Readings are in standard deviations of the simulated eyes. No training has seen Lite1.
    """

    features: ImageNetFeatures
    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]
    determination: NDArray[np.float64]

    def __call__(self, pictures: Tensor) -> NDArray[np.float64]:
        """Pictures (N, 3, R, R) in [-1, 1] to readings (N, K)."""
        read: NDArray[np.float64] = _describe(self.features, pictures) @ self.weights + self.offsets
        return read


@torch.no_grad()
def _describe(features: ImageNetFeatures, pictures: Tensor) -> NDArray[np.float64]:
    """Means over the quarters of the picture and standard deviations of all maps, at twice the size: (N, F)."""
    found = []
    for part in pictures.split(32):
        maps = features(torch.nn.functional.interpolate(part, scale_factor=2, mode="bilinear"))
        pooled = [torch.nn.functional.adaptive_avg_pool2d(m, 2).flatten(1) for m in maps]
        found.append(torch.cat([*pooled, *(m.std(dim=(2, 3), correction=0) for m in maps)], dim=1))
    described: NDArray[np.float64] = torch.cat(found).double().numpy()
    return described


def fit_factor_reader(eyes: SimulatedEyes, redrawn: Tensor) -> FactorReader:
    """Fit to three quarters of the eyes, as they are and as a generator draws them again; score on the last quarter so drawn.

    Parameters
    ----------
    eyes : SimulatedEyes
        N eyes with their factors.
    redrawn : Tensor
        (N, 3, R, R) in [-1, 1]: the generator's pictures of them. What it can't draw can't be read off them.
    """
    from sklearn.linear_model import RidgeCV

    features = ImageNetFeatures(1)
    known = int(len(eyes) * (1 - HELD_OUT))
    again, y = _describe(features, redrawn), eyes.standardised
    x = np.concatenate([_describe(features, to_tensor(eyes.photographs.pictures[:known])), again[:known]])
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    fitted = RidgeCV(_PENALTIES, alpha_per_target=True).fit((x - mean) / spread, np.concatenate([y[:known], y[:known]]))
    weights = fitted.coef_.T / spread[:, None]
    offsets = fitted.intercept_ - mean @ weights
    missed = y[known:] - (again[known:] @ weights + offsets)
    determination = 1 - (missed**2).mean(axis=0) / y[known:].var(axis=0)
    return FactorReader(features, weights, offsets, determination)
