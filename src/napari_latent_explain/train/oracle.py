"""Fitting the second opinion: an independent classifier, see `model.second_opinion`.

It is fitted to the graded photographs as they are. It has seen no other source of labels, so that it shares the labels'
shortcuts; what it does not share is the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import silent
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.classifier import lite_backbone, load_imagenet
from napari_latent_explain.model.second_opinion import SecondOpinion
from napari_latent_explain.train.imagenet import imagenet_weights
from napari_latent_explain.train.logistic import fit_logistic

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["fit_oracle"]

_PENALTY = 2e-2
_COPIES = 2  # each photograph, and its mirror image


@torch.no_grad()
def fit_oracle(training: PhotographSet, progress: Progress = silent) -> SecondOpinion:
    """Fit a second opinion to those photographs that have a label of 0 or 1.

    Raises
    ------
    TrainingError
        If the package with the ImageNet weights is not installed.
    """
    graded = training.take(training.labels >= 0)
    found = SecondOpinion().eval().requires_grad_(False)
    _take_imagenet(found)
    described: list[Tensor] = []
    for start in range(0, len(graded), 8):
        progress("Fitting an independent classifier", start / len(graded))
        x = to_tensor(graded.pictures[start : start + 8])
        described.append(found.describe(torch.cat([x, x.flip(-1)])).unflatten(0, (_COPIES, -1)))
    features = torch.cat(described, dim=1).flatten(0, 1)
    with torch.enable_grad():
        model = fit_logistic(features, torch.from_numpy(graded.labels).repeat(_COPIES), _PENALTY)
    found.last.weight.copy_(model.weight[None])
    found.last.bias.copy_(model.bias[None])
    return found


def _take_imagenet(oracle: SecondOpinion) -> None:
    """Put the published weights of the stages that it has into it."""
    whole = lite_backbone(1, variant=2)
    load_imagenet(whole, imagenet_weights(2))
    kept, own = whole.state_dict(), oracle.network.state_dict()
    oracle.network.load_state_dict({name: kept[name] for name in own})
