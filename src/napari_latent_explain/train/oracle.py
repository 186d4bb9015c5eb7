"""An independent classifier, to ask whether a counterfactual convinces more than the classifier it was made for.

Another network (EfficientNet-Lite2), never fine-tuned and never used in training a bundle: a logistic regression on its
ImageNet features, fitted to the graded photographs of the IDRiD training split. It has seen no other source of labels, so
that it shares the labels' shortcuts; what it does not share is the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import silent
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.train.logistic import fit_logistic
from napari_latent_explain.train.perception import ImageNetFeatures

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.logistic import LogisticModel
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["Oracle", "fit_oracle"]


class Oracle:
    """Pictures to log odds of the second class."""

    def __init__(self, features: ImageNetFeatures, model: LogisticModel) -> None:
        self.features, self.model = features, model

    def __call__(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, R, R) in [-1, 1] to log odds (N,)."""
        return self.model(_describe(self.features, pictures))


@torch.no_grad()
def _describe(features: ImageNetFeatures, pictures: Tensor) -> Tensor:
    parts = [features(pictures[i : i + 8])[3:] for i in range(0, len(pictures), 8)]
    return torch.cat([torch.cat([m.mean(dim=(2, 3)) for m in maps], dim=1) for maps in parts])


def fit_oracle(training: PhotographSet, progress: Progress = silent) -> Oracle:
    """Fit the oracle to those photographs that have a label."""
    graded = training.take(training.labels >= 0)
    features = ImageNetFeatures(2)
    found = []
    for start in range(0, len(graded), 8):
        progress("Fitting an independent classifier", start / len(graded))
        found.append(_describe(features, to_tensor(graded.pictures[start : start + 8])))
    return Oracle(features, fit_logistic(torch.cat(found), torch.from_numpy(graded.labels), 2e-2))
