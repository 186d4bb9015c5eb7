"""The encoder E: a picture to a code in W+, one vector for each style layer, and to a structure code where G has one.

As in StylEx (Lang et al., ICCV 2021, section 3.1) the code knows what the classifier sees: its probabilities, and its pooled
features where asked for, enter beside the encoder's own convolutions. Other probabilities than the photograph's own may be
given: the code is then that of a counterfactual (Singla et al., ICLR 2020, section 2: the condition of the generator).
"""

from __future__ import annotations

import itertools
import math

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
        What the classifier adds: pooled features (0: none of them) and probabilities.
    style_layers, w_dim : int
        Shape of the W+ code.
    structure_size, structure_channels : int
        Side and channels of the structure code, read off where the encoder's maps have that side; 0: none.
    """

    input_size: int = 128
    channels: tuple[int, ...] = (32, 64, 128, 192, 192)
    hidden: int = 384
    feature_size: int = 1280
    classes: int = 2
    style_layers: int
    w_dim: int = 128
    structure_size: int = 0
    structure_channels: int = 0


class _Down(nn.Sequential):
    """Halve the size: a strided convolution, group norm, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.GroupNorm(8, outputs), nn.LeakyReLU(0.2)
        )


class FundusEncoder(nn.Module):
    """Picture (N, 3, R, R) in [-1, 1], features (N, F) and probabilities (N, C) to W+ (N, L, w_dim) and structure."""

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

        if config.structure_size:
            depth = int(math.log2(config.input_size // config.structure_size))
            width = config.channels[depth - 1]
            self.structure_depth = depth
            self.structure = nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2),
                nn.Conv2d(width, config.structure_channels, 1),
            )  # fmt: skip

    def describe(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures to the encoder's own description (N, hidden) and structure codes (N, C * S * S; (N, 0) if none)."""
        size = self.config.input_size
        if x.shape[-1] != size:
            x = functional.interpolate(x, (size, size), mode="bilinear", antialias=x.shape[-1] > size)
        structure = x.new_zeros(len(x), 0)
        for depth, down in enumerate(self.convolutions, start=1):
            x = down(x)
            if self.config.structure_size and depth == self.structure_depth:
                structure = self.structure(x).flatten(1)
        return functional.leaky_relu(self.spatial(x.flatten(1)), 0.2), structure

    def styles(self, own: Tensor, features: Tensor, probabilities: Tensor) -> Tensor:
        """Return the W+ code of a description with what the classifier says of it, or should say."""
        told = torch.cat([features[:, : self.config.feature_size], probabilities], dim=1)
        seen = functional.leaky_relu(self.semantic(told), 0.2)
        code: Tensor = self.heads(torch.cat([own, seen], dim=1))
        return code.view(-1, self.config.style_layers, self.config.w_dim)

    def forward(self, x: Tensor, features: Tensor, probabilities: Tensor) -> tuple[Tensor, Tensor]:
        """Return the W+ code and the structure code."""
        own, structure = self.describe(x)
        return self.styles(own, features, probabilities), structure
