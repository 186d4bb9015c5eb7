"""StyleGAN2 as other programs train it: the network that an imported checkpoint becomes.

Written from the paper (Karras et al., CVPR 2020, arXiv:1912.04958): weights are scaled by a style (eq. 1) and divided by the
expected spread of what they give (eq. 2 and 3), which here scales the input and the output of one shared convolution; noise and
bias follow (figure 2d); colours of all resolutions are added up (section 4.1, skip generator). It differs from
`generator.StyleGenerator` in what is needed to draw the same pictures: any channel counts, constant noise maps, activations
held within a clamp, and weights that hold their run-time gains already.
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
from napari_latent_explain.model.style_components import StyleComponents
from napari_latent_explain.model.style_space import StyleLayer, StyleLayout

__all__ = ["LARGEST_PICTURE", "PublishedConfig", "PublishedGenerator"]

LARGEST_PICTURE = 2048  # side in pixels; published ones draw 1024

_GAIN = math.sqrt(2.0)
_TAPS = (1.0, 3.0, 3.0, 1.0)
Width = Annotated[int, Field(ge=1, le=4096)]


class PublishedConfig(FrozenModel):
    """Shape of a StyleGAN2 skip generator.

    Parameters
    ----------
    first_resolution : int
        Side of the learned constant: 4 in every published recipe.
    channels : tuple of int
        Channels of the block at the first resolution, at twice that, and so on; the picture's side follows from their number.
    z_dim : int
        Size of one vector of Z.
    mapping_widths : tuple of int
        What each layer of the mapping network gives; the last is the size of one vector of W.
    clamp : float, optional
        Activations and colours are held within plus and minus this (256 in stylegan2-ada).
    noise : bool
        The constant noise maps are added; otherwise there is no noise at all.
    components : int
        Independent components of the styles that are coordinates too: not published, but fitted here.
    """

    first_resolution: Annotated[int, Field(ge=2, le=64)] = 4
    channels: Annotated[tuple[Width, ...], Field(min_length=1, max_length=9)]
    z_dim: Width
    mapping_widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=32)]
    clamp: Annotated[float, Field(gt=0)] | None = None
    noise: bool = True
    components: Annotated[int, Field(ge=0, le=64)] = 0

    @model_validator(mode="after")
    def _is_not_gigantic(self) -> PublishedConfig:
        if self.resolution > LARGEST_PICTURE:
            msg = f"pictures of {self.resolution} px are larger than any published generator's"
            raise ValueError(msg)
        return self

    @property
    def resolution(self) -> int:
        """Side of the picture in pixels."""
        return self.block_resolutions[-1]

    @property
    def w_dim(self) -> int:
        """Size of one vector of W."""
        return self.mapping_widths[-1]

    @property
    def block_resolutions(self) -> list[int]:
        """The first resolution, twice that, ... up to the resolution."""
        return [self.first_resolution << k for k in range(len(self.channels))]

    def convolutions(self, resolution: int) -> list[str]:
        """Names of a block's convolutions; ``conv0`` doubles the size."""
        return ["conv1"] if resolution == self.first_resolution else ["conv0", "conv1"]

    @property
    def attributes(self) -> int:
        """Learned directions beside the styles: a published generator has none."""
        return 0

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """Of the attributes."""
        return ()

    @property
    def structure_length(self) -> int:
        """Numbers in a structure code: a published generator has none."""
        return 0


class _PlainLinear(nn.Module):
    """A linear layer whose weights hold their gain."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)


def _clamped(x: Tensor, clamp: float | None) -> Tensor:
    return x if clamp is None else x.clamp(-clamp, clamp)


class _PublishedConvolution(nn.Module):
    """Modulated 3 x 3 convolution, demodulated, noise, bias, leaky ReLU with a gain of the square root of 2, clamp.

    To double the size it convolves at low resolution with a stride of 2 (transposed), then low-passes by [1, 3, 3, 1].
    """

    fir: Tensor
    noise: Tensor

    def __init__(self, inputs: int, outputs: int, side: int, config: PublishedConfig, *, up: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.zeros(side, side))
        self.up, self.clamp, self.noisy = up, config.clamp, config.noise
        taps = torch.tensor(_TAPS)
        fir = torch.outer(taps, taps) / 64 * 4
        self.register_buffer("fir", fir.expand(outputs, 1, 4, 4).clone(), persistent=False)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        x = x * style[:, :, None, None]
        if self.up:
            x = functional.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = functional.conv2d(x, self.fir, padding=1, groups=x.shape[1])
        else:
            x = functional.conv2d(x, self.weight, padding=1)
        energy = style.square() @ self.weight.square().sum(dim=(2, 3)).T
        x = x * torch.rsqrt(energy + 1e-8)[:, :, None, None]
        if self.noisy:
            x = x + self.noise * self.strength
        x = functional.leaky_relu(x + self.bias[None, :, None, None], 0.2) * _GAIN
        return _clamped(x, self.clamp)


class _PublishedColours(nn.Module):
    """A modulated 1 x 1 convolution to red, green and blue, without demodulation."""

    def __init__(self, inputs: int, clamp: float | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1) / math.sqrt(inputs))
        self.bias = nn.Parameter(torch.zeros(3))
        self.clamp = clamp

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return _clamped(functional.conv2d(x * style[:, :, None, None], self.weight, self.bias), self.clamp)


class PublishedGenerator(nn.Module):
    """Z -> W -> S -> picture, with every step open: what `StyleGenerator` offers, for an imported checkpoint.

    Shapes, for N pictures: z (N, z_dim); w (N, w_dim); ws (N, L, w_dim), one vector for each of the L style layers;
    s (N, `layout.size`), all styles side by side, then components, which is the whole code; picture (N, 3, R, R) float32,
    nominally in [-1, 1], not clamped to it. `average` is the mean of W, (w_dim,).
    """

    fir_up: Tensor
    average: Tensor

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        self.config = config
        sizes = (config.z_dim, *config.mapping_widths)
        self.mapping = nn.ModuleList(_PlainLinear(a, b) for a, b in itertools.pairwise(sizes))
        self.register_buffer("average", torch.zeros(config.w_dim))
        self.const = nn.Parameter(torch.randn(config.channels[0], *[config.first_resolution] * 2))
        self.convolutions = nn.ModuleDict()
        self.colours = nn.ModuleDict()
        self.affines = nn.ModuleDict()
        layers: list[StyleLayer] = []
        inputs = config.channels[0]
        for r, outputs in zip(config.block_resolutions, config.channels, strict=True):
            for name in config.convolutions(r):
                layers.append(StyleLayer(f"b{r}.{name}", inputs))
                self.convolutions[f"b{r}_{name}"] = _PublishedConvolution(
                    inputs, outputs, r, config, up=name == "conv0"
                )
                inputs = outputs
            layers.append(StyleLayer(f"b{r}.torgb", outputs))
            self.colours[f"b{r}"] = _PublishedColours(outputs, config.clamp)
        for layer in layers:
            self.affines[layer.name.replace(".", "_")] = _PlainLinear(config.w_dim, layer.channels)
        self.styles_count = sum(layer.channels for layer in layers)
        if config.components:
            self.components = StyleComponents(config.components, self.styles_count)
            layers.append(StyleLayer("components", config.components))
        self.layout = StyleLayout(tuple(layers))
        taps = torch.tensor(_TAPS)
        fir = (torch.outer(taps, taps) / 64 * 4).expand(3, 1, 4, 4).clone()
        self.register_buffer("fir_up", fir, persistent=False)

    @property
    def style_layer_count(self) -> int:
        """L, the number of vectors in a W+ code as this package counts them: one for each style layer."""
        return len(self.affines)

    @property
    def code_size(self) -> int:
        """Length of a code: styles and components."""
        return self.layout.size

    def map(self, z: Tensor) -> Tensor:
        """Z (N, z_dim) to W (N, w_dim)."""
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.mapping:
            x = functional.leaky_relu(layer(x), 0.2) * _GAIN
        return x

    def spread(self, published: Tensor) -> Tensor:
        """W+ as it is published, (N, 2 B, w_dim) for B blocks, to one vector for each style layer (N, L, w_dim).

        There the colours of a block share their vector with the next block's first convolution.
        """
        order, start = list[int](), 0
        for r in self.config.block_resolutions:
            count = len(self.config.convolutions(r))
            order += range(start, start + count + 1)
            start += count
        return published[:, order]

    def styles(self, ws: Tensor) -> Tensor:
        """W (N, w_dim) or W+ (N, L, w_dim) to the styles of all channels (N, `styles_count`)."""
        if ws.ndim == 2:
            ws = ws[:, None].expand(-1, self.style_layer_count, -1)
        return torch.cat([affine(ws[:, i]) for i, affine in enumerate(self.affines.values())], dim=1)

    def code(self, ws: Tensor, attributes: Tensor | None = None, structure: Tensor | None = None) -> Tensor:
        """W or W+ to codes (N, `code_size`); attributes and structure codes, as `StyleGenerator` takes them, are empty here."""
        parts = [part for part in (attributes, structure) if part is not None]
        styles = self.styles(ws)
        if self.config.components:
            styles = self.components.split(styles)
        return torch.cat([styles, *parts], dim=1)

    def synthesise(self, code: Tensor) -> Tensor:
        """Codes (N, `code_size`) to pictures (N, 3, R, R)."""
        s = self.components.joined(code) if self.config.components else code
        channels = self.layout.split_sizes[: self.style_layer_count]
        named = dict(zip(self.layout.offsets, s.split(channels, dim=1), strict=False))
        x = self.const[None].expand(len(code), -1, -1, -1)
        picture: Tensor | None = None
        for r in self.config.block_resolutions:
            for name in self.config.convolutions(r):
                x = self.convolutions[f"b{r}_{name}"](x, named[f"b{r}.{name}"])
            colour = self.colours[f"b{r}"](x, named[f"b{r}.torgb"])
            if picture is None:
                picture = colour
            else:
                picture = functional.conv_transpose2d(picture, self.fir_up, stride=2, padding=1, groups=3) + colour
        if picture is None:
            raise AssertionError  # a generator has at least one block
        return picture

    def settled(self, code: Tensor) -> Tensor:
        """Codes of the same pictures whose components say what the styles as a whole show, see `StyleGenerator.settled`."""
        return self.components.settled(code) if self.config.components else code

    def forward(self, ws: Tensor, attributes: Tensor | None = None, structure: Tensor | None = None) -> Tensor:
        """W or W+ to pictures."""
        return self.synthesise(self.code(ws, attributes, structure))
