"""Another network's opinion of a picture, to ask whether an edit convinces more than the classifier it was made for.

The shallow half of EfficientNet-Lite2 with its ImageNet weights, and a logistic regression on what it sees (`train.oracle`).
Nothing else of a model has seen this network, and it has seen no edit; what it shares with the classifier are the labels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_latent_explain.model.classifier import fold_batch_norms, lite_backbone, stage_features

__all__ = ["SecondOpinion"]

_STAGES = 5
_CHANNELS = (16, 24, 48, 120)  # of the maps at 1/2, 1/4, 1/8 and 1/16 of the size


class SecondOpinion(nn.Module):
    """Pictures (N, 3, R, R) in [-1, 1] to log odds (N,) of the second of two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.network = lite_backbone(1, variant=2)
        self.network._blocks = self.network._blocks[:_STAGES]  # type: ignore[index]  # noqa: SLF001
        for unused in ("_conv_head", "_bn1", "_fc"):
            setattr(self.network, unused, nn.Identity())
        self.last = nn.Linear(_CHANNELS[-1] + sum(_CHANNELS), 1)

    def describe(self, x: Tensor) -> Tensor:
        """Means of the deepest map and standard deviations of all four: (N, 328)."""
        maps = stage_features(self.network, x)
        return torch.cat([maps[-1].mean(dim=(2, 3)), *(m.std(dim=(2, 3), correction=0) for m in maps)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the log odds."""
        odds: Tensor = self.last(self.describe(x))[:, 0]
        return odds

    def folded(self) -> SecondOpinion:
        """Fold the batch norms in place, for speed: the same function, whose weights no longer fit a bundle."""
        fold_batch_norms(self.network)
        return self
