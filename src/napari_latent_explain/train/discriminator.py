"""A projected discriminator: small heads on frozen features (Sauer et al., NeurIPS 2021, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ProjectedDiscriminator", "hinge_loss"]


def hinge_loss(real: Tensor, false: Tensor) -> Tensor:
    """What a discriminator has still to learn, from its scores of what is real and of what is false: a scalar."""
    return functional.relu(1 - real).mean() + functional.relu(1 + false).mean()


class ProjectedDiscriminator(nn.Module):
    """Feature maps to one map of scores each, flattened side by side: (N, K). Positive means real, and of its class.

    What class a picture should have enters as in the projection discriminator (Miyato and Koyama, ICLR 2018, eq. 3): its
    probabilities, embedded, times the pooled features of each head.
    """

    def __init__(self, channels: Sequence[int], classes: int, width: int = 64) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(c, width, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
                nn.LeakyReLU(0.2),
            )
            for c in channels
        )
        self.scores = nn.ModuleList(spectral_norm(nn.Conv2d(width, 1, 1)) for _ in channels)
        self.embeddings = nn.ModuleList(spectral_norm(nn.Linear(classes, width, bias=False)) for _ in channels)

    def forward(self, maps: list[Tensor], probabilities: Tensor) -> Tensor:
        """Score maps of N pictures that should have these probabilities (N, classes); equal ones ask for no class."""
        asked = probabilities - probabilities.mean(dim=1, keepdim=True)
        found = []
        for head, score, embedding, x in zip(self.heads, self.scores, self.embeddings, maps, strict=True):
            seen = head(x)
            agreement = (embedding(asked) * seen.mean(dim=(2, 3))).sum(dim=1, keepdim=True)
            found.append(score(seen).flatten(1) + agreement)
        return torch.cat(found, dim=1)
