"""The encoder E: a picture to a code in W+, one vector for each style layer.

As in StylEx (Lang et al., ICCV 2021, section 3.1) the code knows what the classifier sees: its pooled features and
probabilities enter beside the encoder's own convolutions.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["EncoderConfig", "FundusEncoder"]


class EncoderConfig(FrozenModel):
    """Shape of an encoder.

    Parameters
    ----------
    input_size : int
        Side in pixels to which pictures are resampled.
    channels : tuple of int
        Channels after each halving of the size.
    hidden : int
        Size of the joint description.
    feature_size, classes : int
        What the classifier adds: pooled features and probabilities.
    style_layers, w_dim : int
        Shape of the W+ code.
    """

    input_size: int = 128
    channels: tuple[int, ...] = (32, 64, 128, 192, 192)
    hidden: int = 384
    feature_size: int = 1280
    classes: int = 2
    style_layers: int
    w_dim: int = 128


class _Down(nn.Sequential):
    """Halve the size: a strided convolution, group norm, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.GroupNorm(8, outputs), nn.LeakyReLU(0.2)
        )


class FundusEncoder(nn.Module):
    """Picture (N, 3, R, R) in [-1, 1], features (N, F) and probabilities (N, C) to W+ (N, L, w_dim)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        sizes = (3, *config.channels)
        self.convolutions = nn.Sequential(*(_Down(a, b) for a, b in itertools.pairwise(sizes)))
        side = config.input_size // 2 ** len(config.channels)
        self.spatial = nn.Linear(config.channels[-1] * side * side, config.hidden)
        self.semantic = nn.Linear(config.feature_size + config.classes, config.hidden // 2)
        joint = config.hidden + config.hidden // 2
        self.heads = nn.Linear(joint, config.style_layers * config.w_dim)
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.normal_(self.heads.bias, std=0.5)

    def forward(self, x: Tensor, features: Tensor, probabilities: Tensor) -> Tensor:
        """Return the W+ code."""
        size = self.config.input_size
        if x.shape[-1] != size:
            x = functional.interpolate(x, (size, size), mode="bilinear", antialias=x.shape[-1] > size)
        own = functional.leaky_relu(self.spatial(self.convolutions(x).flatten(1)), 0.2)
        seen = functional.leaky_relu(self.semantic(torch.cat([features, probabilities], dim=1)), 0.2)
        code: Tensor = self.heads(torch.cat([own, seen], dim=1))
        return code.view(-1, self.config.style_layers, self.config.w_dim)
