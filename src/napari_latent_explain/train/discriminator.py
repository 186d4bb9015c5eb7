"""A projected discriminator: small heads on frozen features (Sauer et al., NeurIPS 2021, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ProjectedDiscriminator"]


class ProjectedDiscriminator(nn.Module):
    """Feature maps to one map of scores each, flattened side by side: (N, K). Positive means real."""

    def __init__(self, channels: Sequence[int], width: int = 64) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(c, width, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, 1, 1)),
            )
            for c in channels
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Score the maps."""
        return torch.cat([head(x).flatten(1) for head, x in zip(self.heads, maps, strict=True)], dim=1)
