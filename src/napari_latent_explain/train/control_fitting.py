"""Making the heads that know nothing, see `model.control_heads`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_latent_explain.model.batches import in_batches
from napari_latent_explain.model.classifier import FundusClassifier
from napari_latent_explain.model.control_heads import ControlHeads
from napari_latent_explain.train.logistic import fit_logistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.model.explainer import Explainer

__all__ = ["fit_control_heads"]

_PENALTY = 2e-2  # as the classifier's own first fit


def fit_control_heads(
    explainer: Explainer, x: Tensor, labels: NDArray[np.int64], rng: np.random.Generator, count: int = 16
) -> ControlHeads | None:
    """Make `count` heads of each kind for a two-class classifier of this package.

    Parameters
    ----------
    explainer : Explainer
        The model.
    x, labels : torch.Tensor, numpy.ndarray
        Training photographs (N, 3, R, R) and their labels (N,); those of label -1 take no part.
    rng : numpy.random.Generator
        For weights and for shuffling.
    count : int
        Heads of each kind.

    Returns
    -------
    ControlHeads or None
        None for a classifier that was not made here, or without labels of both classes.
    """
    classifier = explainer.classifier
    if not isinstance(classifier, FundusClassifier) or set(labels[labels >= 0].tolist()) != {0, 1}:
        return None
    x = x[torch.from_numpy(labels >= 0).to(x.device)]
    y = torch.from_numpy(labels[labels >= 0])
    with torch.no_grad():
        features = in_batches(classifier.features, x)
        logits = classifier.head(features)
    features, margins = features.cpu(), (logits[:, 1] - logits[:, 0]).cpu()
    spread = margins.std()
    drawn: dict[str, list[Tensor]] = {"random": [], "shuffled": []}
    for _ in range(count):
        weight = torch.from_numpy(rng.standard_normal(features.shape[1])).float() / features.std(dim=0).clamp_min(1e-3)
        drawn["random"].append(weight)
        shuffled = y[torch.from_numpy(rng.permutation(len(y)))]
        drawn["shuffled"].append(fit_logistic(features, shuffled, _PENALTY).weight)
    weights, biases = {}, {}
    for name, directions in drawn.items():
        scaled = [w * spread / (features @ w).std().clamp_min(1e-6) for w in directions]
        offsets = [-(features @ w).mean() for w in scaled]
        weights[name] = torch.stack([torch.stack([-w / 2, w / 2]) for w in scaled])
        biases[name] = torch.stack([torch.stack([-b / 2, b / 2]) for b in offsets])
    return ControlHeads(weights, biases)
