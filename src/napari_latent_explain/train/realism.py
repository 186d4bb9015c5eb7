"""How real generated eyes look, by features that no training of this project saw (EfficientNet-Lite1, ImageNet).

KID rather than FID: it is unbiased for few pictures (Binkowski et al., ICLR 2018, section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.train.logistic import fit_logistic

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.train.perception import ImageNetFeatures

__all__ = ["describe", "detectability", "kernel_distance", "nearest_ratio"]


@torch.no_grad()
def describe(features: ImageNetFeatures, pictures: Tensor, *, texture: bool = False) -> Tensor:
    """Pictures (N, 3, R, R) in [-1, 1] to vectors (N, F): channel means of the three deepest maps.

    With `texture` means and standard deviations of all five maps, which also show what is wrong with fine detail.
    """
    found = []
    for start in range(0, len(pictures), 8):
        maps = features(pictures[start : start + 8])
        if texture:
            found.append(torch.cat([f(m) for m in maps for f in (_mean, _spread)], dim=1))
        else:
            found.append(torch.cat([_mean(m) for m in maps[2:]], dim=1))
    return torch.cat(found)


def _mean(maps: Tensor) -> Tensor:
    return maps.mean(dim=(2, 3))


def _spread(maps: Tensor) -> Tensor:
    return maps.std(dim=(2, 3), correction=0)


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """Unbiased squared maximum mean discrepancy of vectors (N, F) and (M, F), kernel (x . y / F + 1)^3; can be below 0.

    Features are standardised by `b`, so that each of them counts.
    """
    mean, spread = b.mean(dim=0), b.std(dim=0) + 1e-6
    a, b = ((x - mean).div(spread).double() for x in (a, b))

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: Tensor) -> Tensor:
        k = kernel(x, x)
        return (k.sum() - k.diagonal().sum()) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())


def detectability(real: Tensor, composites: Tensor, rng: np.random.Generator, folds: int = 5) -> float:
    """How well a fresh logistic regression tells composites from photographs: AUC by cross-validation (0.5 = not at all).

    Row k of both (N, F) is the same eye, and an eye is never in training and test at once.
    """
    fold = rng.permutation(len(real)) % folds
    scores = np.zeros((2, len(real)))
    for k in range(folds):
        fit, test = torch.from_numpy(fold != k), torch.from_numpy(fold == k)
        x = torch.cat([real[fit], composites[fit]])
        y = torch.cat([torch.zeros(int(fit.sum())), torch.ones(int(fit.sum()))])
        model = fit_logistic(x, y, 2e-2)
        scores[0, fold == k] = model(real[test]).numpy()
        scores[1, fold == k] = model(composites[test]).numpy()
    return roc_auc(scores.ravel(), np.repeat([0, 1], len(real)))


def nearest_ratio(generated: Tensor, photographs: Tensor, training: Tensor) -> float:
    """Median over eyes of (distance of its reconstruction to the nearest training eye) / (the photograph's own).

    Rows of the first two (N, F) belong together. Near 1: what is drawn is as new as the photograph; near 0: training eyes
    are handed out again.
    """
    own = torch.cdist(photographs, training).amin(dim=1)
    return float((torch.cdist(generated, training).amin(dim=1) / own).median())
