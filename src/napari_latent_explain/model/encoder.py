"""The encoder E: a picture to a code in W+, one vector for each style layer, to attributes and to a structure code.

As in StylEx (Lang et al., ICCV 2021, section 3.1) the code knows what the classifier sees: its probabilities, and its pooled
features where asked for, enter beside the encoder's own convolutions. With attributes the probabilities stay out of the code:
the attributes of a photograph are 0, and those of its counterfactual are what the classifier's opinion should change by (its
log odds), each times a gain that the encoder reads off the picture.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["EncoderConfig", "FundusEncoder", "opinion"]

_LEAST = 0.02  # probabilities count as no closer to 0 and 1 than this: log odds within 3.9
Width = Annotated[int, Field(ge=1, le=4096)]


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
    context : int
        Channels of a way back up from the deepest map to the structure code (Ronneberger et al., MICCAI 2015: U-Net, figure 1),
        so that what is coded at a place depends on what is around it; 0: on a few pixels alone.
    attributes : int
        Learned directions that carry a change of the classifier's opinion; 0: the opinion enters the W+ code instead.
    taught_range : float
        Attributes that have a name, or all where none has, were taught by pictures from 0 up to this (1 for outlined
        lesions); 0: by opinions alone, either way.
    taught_from : float
        The other end: -1 where one attribute takes lesions away and gives them.
    """

    input_size: Annotated[int, Field(ge=2, le=2048)] = 128
    channels: Annotated[tuple[Width, ...], Field(min_length=1, max_length=11)] = (32, 64, 128, 192, 192)
    hidden: Width = 384
    feature_size: Annotated[int, Field(ge=0, le=4096)] = 1280
    classes: Annotated[int, Field(ge=1, le=1000)] = 2
    style_layers: Annotated[int, Field(ge=1, le=64)]
    w_dim: Width = 128
    structure_size: Annotated[int, Field(ge=0, le=256)] = 0
    structure_channels: Annotated[int, Field(ge=0, le=256)] = 0
    context: Annotated[int, Field(ge=0, le=1024, multiple_of=8)] = 0
    attributes: Annotated[int, Field(ge=0, le=64)] = 0
    taught_range: Annotated[float, Field(ge=0)] = 0.0
    taught_from: Annotated[float, Field(le=0)] = 0.0

    @model_validator(mode="after")
    def _ends_with_a_map(self) -> EncoderConfig:
        if self.input_size < 2 ** len(self.channels):
            msg = f"input_size {self.input_size} can't be halved {len(self.channels)} times"
            raise ValueError(msg)
        return self


class _Down(nn.Sequential):
    """Halve the size: a strided convolution, group norm, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.GroupNorm(8, outputs), nn.LeakyReLU(0.2)
        )


class _Up(nn.Module):
    """Double the size, look at what the way down saw there, and describe both together by two convolutions."""

    def __init__(self, inputs: int, skipped: int, outputs: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(inputs + skipped, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.LeakyReLU(0.2),
            nn.Conv2d(outputs, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.LeakyReLU(0.2),
        )  # fmt: skip

    def forward(self, x: Tensor, skipped: Tensor) -> Tensor:
        x = functional.interpolate(x, skipped.shape[-2:], mode="bilinear")
        described: Tensor = self.convolutions(torch.cat([x, skipped], dim=1))
        return described


class FundusEncoder(nn.Module):
    """Picture (N, 3, R, R) in [-1, 1], features (N, F) and probabilities (N, C) to W+ (N, L, w_dim), attributes, structure."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        sizes = (3, *config.channels)
        self.convolutions = nn.Sequential(*(_Down(a, b) for a, b in itertools.pairwise(sizes)))
        side = config.input_size // 2 ** len(config.channels)
        self.spatial = nn.Linear(config.channels[-1] * side * side, config.hidden)
        joint, told = config.hidden, config.feature_size + (0 if config.attributes else config.classes)
        if told:
            self.semantic = nn.Linear(told, config.hidden // 2)
            joint += config.hidden // 2
        self.heads = nn.Linear(joint, config.style_layers * config.w_dim)
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.normal_(self.heads.bias, std=0.5)
        if config.attributes:
            self.gains = nn.Linear(config.hidden, config.attributes * config.classes)
        if config.structure_size:
            depth = int(math.log2(config.input_size // config.structure_size))
            width = config.channels[depth - 1]
            self.structure_depth = depth
            if config.context:
                beside = config.channels[depth - 1 : -1][::-1]
                below = (config.channels[-1], *[config.context] * len(beside))
                self.rising = nn.ModuleList(_Up(a, b, config.context) for a, b in zip(below, beside, strict=False))
                width = config.context if len(self.rising) else width
            self.structure = nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2),
                nn.Conv2d(width, config.structure_channels, 1),
            )  # fmt: skip

    def describe(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures to the encoder's own description (N, hidden) and structure codes (N, C * S * S; (N, 0) if none)."""
        size = self.config.input_size
        if x.shape[-1] != size:
            x = functional.interpolate(x, (size, size), mode="bilinear", antialias=x.shape[-1] > size)
        maps = []
        for down in self.convolutions:
            x = down(x)
            maps.append(x)
        own = functional.leaky_relu(self.spatial(x.flatten(1)), 0.2)
        if not self.config.structure_size:
            return own, x.new_zeros(len(x), 0)
        if not self.config.context:
            return own, self.structure(maps[self.structure_depth - 1]).flatten(1)
        for up, skipped in zip(self.rising, reversed(maps[self.structure_depth - 1 : -1]), strict=True):
            x = up(x, skipped)
        return own, self.structure(x).flatten(1)

    def styles(self, own: Tensor, features: Tensor, probabilities: Tensor) -> Tensor:
        """Return the W+ code of a description with what the classifier says of it (left out where attributes carry it)."""
        config = self.config
        told = [features[:, : config.feature_size]] + ([] if config.attributes else [probabilities])
        seen = torch.cat(told, dim=1)
        if seen.shape[1]:
            own = torch.cat([own, functional.leaky_relu(self.semantic(seen), 0.2)], dim=1)
        code: Tensor = self.heads(own)
        return code.view(-1, config.style_layers, config.w_dim)

    def attributes(self, own: Tensor, change: Tensor) -> Tensor:
        """Attributes (N, K) of the counterfactual of a description, linear in the `change` of opinion (N, C)."""
        if not self.config.attributes:
            return own.new_zeros(len(own), 0)
        gains = self.gains(own).view(len(own), self.config.attributes, self.config.classes)
        attributes: Tensor = (gains @ change[:, :, None])[:, :, 0]
        return attributes

    def forward(self, x: Tensor, features: Tensor, probabilities: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the W+ code, the attributes (0: this is a photograph) and the structure code."""
        own, structure = self.describe(x)
        attributes = own.new_zeros(len(own), self.config.attributes)
        return self.styles(own, features, probabilities), attributes, structure


def opinion(probabilities: Tensor) -> Tensor:
    """Probabilities (N, C) as log odds against their geometric mean (N, C), each probability at least 0.02 from 0 and 1."""
    logs = probabilities.clamp(_LEAST, 1 - _LEAST).log()
    return logs - logs.mean(dim=1, keepdim=True)
