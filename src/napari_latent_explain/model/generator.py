"""A StyleGAN2-type skip generator whose style space is open.

Written from the papers: Karras et al., CVPR 2020 (weight demodulation, section 2.2; skip generator, section 4.1) and Wu
et al., CVPR 2021 (style space S). Modulation scales the input and demodulation scales the output of one shared
convolution, which is the same function as modulating the weights and lets every picture of a batch have its own style; a single
picture without gradients has its weights modulated after all, since its maps are then written half as often.
There are no per-pixel noise inputs. With a structure code (Park et al., NeurIPS 2020: Swapping Autoencoder, section 3.2) a
small map of the photograph stands in place of the learned constant: it says where things are, the styles say how they look,
and only styles are ever edited.

Attributes are a few more coordinates of S. Each moves all styles of one resolution, or of all, along a learned unit vector, so
that one slider is one change that the classifier notices (in W+ the dictionary of Yuksel et al., ICCV 2021: LatentCLR, is
alike). Components (`style_components`) are more such coordinates, not learned but fitted to the styles of real eyes.
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

__all__ = ["GeneratorConfig", "StyleGenerator"]

_ATTRIBUTE_STEP = 0.3  # root mean square of what an attribute of 1 adds to each style of its resolution
_PLACE_RATE = 10.0  # how much faster than other weights the learned maps beside a structure code learn
_GAIN = math.sqrt(2.0)
Width = Annotated[int, Field(ge=1, le=4096)]
Few = Annotated[int, Field(ge=0, le=64)]


class GeneratorConfig(FrozenModel):
    """Shape of a generator.

    Parameters
    ----------
    resolution : int
        Side of the picture in pixels, a power of two from 8 to 1024.
    channel_base, channel_max : int
        A block at resolution r has ``min(channel_base / r, channel_max)`` channels.
    w_dim, z_dim : int
        Size of one vector of W and of Z.
    mapping_layers : int
        Depth of the mapping network Z -> W.
    structure_size, structure_channels : int
        Side and channels of the structure code that synthesis starts from; 0: a learned constant of 4 x 4.
    structure_constants : int
        Learned maps, the same for every picture, that stand beside the structure code: places that styles can fill.
    first_convolutions : int
        Convolutions at the first resolution, where they cost least.
    components : int
        Independent components of the styles that are coordinates too.
    attributes : int
        Learned directions across the styles of one resolution; attribute k acts in block ``k % len(block_resolutions)``.
    attributes_everywhere : bool
        Attributes act on the styles of all resolutions instead.
    attribute_names : tuple of str
        What each attribute does, where it was taught: ``"fewer hard exudates"``; an empty one was taught by a classifier's
        opinion. No names at all: nothing is known of them.
    """

    resolution: Annotated[int, Field(ge=8, le=1024)] = 128
    channel_base: Annotated[int, Field(ge=1, le=2**20)] = 4096
    channel_max: Width = 192
    w_dim: Width = 128
    z_dim: Width = 128
    mapping_layers: Few = 4
    structure_size: Annotated[int, Field(ge=0, le=256)] = 0
    structure_channels: Annotated[int, Field(ge=0, le=256)] = 0
    structure_constants: Annotated[int, Field(ge=0, le=1024)] = 0
    first_convolutions: Annotated[int, Field(ge=1, le=16)] = 1
    components: Few = 0
    attributes: Few = 0
    attributes_everywhere: bool = False
    attribute_names: Annotated[tuple[str, ...], Field(max_length=64)] = ()

    @model_validator(mode="after")
    def _doubles_up_to_its_resolution(self) -> GeneratorConfig:
        sides = (self.resolution, self.first_resolution)
        if any(side & (side - 1) for side in sides) or self.first_resolution > self.resolution:
            msg = "resolution and structure_size have to be powers of two, the second no larger than the first"
            raise ValueError(msg)
        return self

    def channels(self, resolution: int) -> int:
        """Channels of the block at `resolution`."""
        return max(min(self.channel_base // resolution, self.channel_max), 8)

    @property
    def first_resolution(self) -> int:
        """Where synthesis starts: 4, or the side of the structure code."""
        return self.structure_size or 4

    @property
    def structure_length(self) -> int:
        """Numbers in a structure code: 0 without one."""
        return self.structure_channels * self.structure_size**2

    @property
    def block_resolutions(self) -> list[int]:
        """The first resolution, twice that, ... up to the resolution."""
        return [2**k for k in range(int(math.log2(self.first_resolution)), int(math.log2(self.resolution)) + 1)]

    def convolutions(self, resolution: int) -> list[str]:
        """Names of a block's convolutions; ``conv0`` doubles the size."""
        first = resolution == self.first_resolution
        return [f"conv{i}" for i in (range(1, self.first_convolutions + 1) if first else range(2))]


class _EqualisedLinear(nn.Module):
    """A linear layer with run-time weight scaling (equalised learning rate).

    `rate` multiplies the learning rate of the effective weights: a hundredth for the mapping network, three for styles.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.gain = rate / math.sqrt(inputs)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight * self.gain, self.bias * self.rate)


class _Mapping(nn.Module):
    """Z -> W: normalise, then fully connected layers with a hundredth of the learning rate."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        sizes = [config.z_dim] + [config.w_dim] * config.mapping_layers
        self.layers = nn.ModuleList(_EqualisedLinear(a, b, rate=0.01) for a, b in itertools.pairwise(sizes))

    def forward(self, z: Tensor) -> Tensor:
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2) * _GAIN
        return x


class _StyledConv(nn.Module):
    """A 3 x 3 convolution whose input channels are scaled by a style, demodulated, optionally doubling the size."""

    fir: Tensor

    def __init__(self, inputs: int, outputs: int, *, up: bool) -> None:
        super().__init__()
        # Demodulation takes the scale out; it only sets how far one step of Adam turns the weights (2 % at 2e-3).
        self.weight = nn.Parameter(0.1 * torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.up = up
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        fir = torch.outer(taps, taps) / 64 * 4
        self.register_buffer("fir", fir.expand(outputs, 1, 4, 4).clone(), persistent=False)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        # Leaky ReLU commutes with a positive factor, so that the gain behind it goes into scale and bias.
        energy = style.square() @ self.weight.square().sum(dim=(2, 3)).T
        scale, bias = _GAIN * torch.rsqrt(energy + 1e-8), _GAIN * self.bias
        if len(style) == 1 and not torch.is_grad_enabled():  # one picture may as well have weights of its own
            x = self._convolved(x, self.weight * style[0, :, None, None] * scale[0, :, None, None, None], bias)
        else:
            x = self._convolved(x * style[:, :, None, None], self.weight)
            x = torch.addcmul(bias[None, :, None, None], x, scale[:, :, None, None])
        return functional.leaky_relu_(x, 0.2)

    def _convolved(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if not self.up:
            return functional.conv2d(x, weight, bias, padding=1)
        # Convolve at low resolution (stride-2 transpose), then low-pass: a quarter of the work.
        x = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        return functional.conv2d(x, self.fir, bias, padding=1, groups=x.shape[1])


class _ToRGB(nn.Module):
    """A 1 x 1 styled convolution to colours, without demodulation."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.3 * torch.randn(3, inputs, 1, 1))
        self.gain = 1 / math.sqrt(inputs)  # without it, all channels of a step add up and the picture explodes
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        weight = self.weight * self.gain
        if len(style) == 1 and not torch.is_grad_enabled():
            return functional.conv2d(x, weight * style[0, :, None, None], self.bias)
        return functional.conv2d(x * style[:, :, None, None], weight, self.bias)


class StyleGenerator(nn.Module):
    """Z -> W -> S -> picture, with every step open.

    Shapes, for N pictures: z (N, z_dim); w (N, w_dim); ws (N, L, w_dim), one vector for each of the L style layers (W+);
    s (N, `layout.size`), all styles side by side (S), then components and attributes; a code (N, `code_size`) is s and,
    behind it, the flattened structure code (nothing without one); picture (N, 3, R, R) float32, nominally in [-1, 1], not
    clamped.
    """

    fir_up: Tensor
    attribute_acts: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = _Mapping(config)
        first = config.channels(config.first_resolution)
        if config.structure_length:
            self.structure = nn.Conv2d(config.structure_channels + config.structure_constants, first, 3, padding=1)
            if config.structure_constants:
                places = torch.randn(config.structure_constants, *[config.structure_size] * 2)
                self.const = nn.Parameter(places / _PLACE_RATE)
        else:
            self.const = nn.Parameter(torch.randn(first, 4, 4))
        self.convolutions = nn.ModuleDict()
        self.colours = nn.ModuleDict()
        self.affines = nn.ModuleDict()
        layers: list[StyleLayer] = []
        inputs = first
        for r in config.block_resolutions:
            outputs = config.channels(r)
            for name in config.convolutions(r):
                layers.append(StyleLayer(f"b{r}.{name}", inputs))
                self.convolutions[f"b{r}_{name}"] = _StyledConv(inputs, outputs, up=name == "conv0")
                inputs = outputs
            layers.append(StyleLayer(f"b{r}.torgb", outputs))
            self.colours[f"b{r}"] = _ToRGB(outputs)
        for layer in layers:
            key = layer.name.replace(".", "_")
            self.affines[key] = _EqualisedLinear(config.w_dim, layer.channels, bias=1.0, rate=3.0)
        self.styles_count = sum(layer.channels for layer in layers)
        if config.attributes:
            block_of = [layer.name.split(".")[0] for layer in layers for _ in range(layer.channels)]
            blocks = [f"b{r}" for r in config.block_resolutions]
            acts = torch.tensor(
                [
                    [config.attributes_everywhere or name == blocks[k % len(blocks)] for name in block_of]
                    for k in range(config.attributes)
                ]
            )
            self.register_buffer("attribute_acts", acts.float(), persistent=False)
            self.attributes = nn.Parameter(0.01 * torch.randn(acts.shape))
        if config.components:
            self.components = StyleComponents(config.components, self.styles_count)
            layers.append(StyleLayer("components", config.components))
        if config.attributes:
            layers.append(StyleLayer("attributes", config.attributes))
        self.layout = StyleLayout(tuple(layers))
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        fir = (torch.outer(taps, taps) / 64 * 4).expand(3, 1, 4, 4).clone()
        self.register_buffer("fir_up", fir, persistent=False)

    @property
    def style_layer_count(self) -> int:
        """L, the number of vectors in a W+ code."""
        return len(self.affines)

    def map(self, z: Tensor) -> Tensor:
        """Z (N, z_dim) to W (N, w_dim)."""
        mapped: Tensor = self.mapping(z)
        return mapped

    def styles(self, ws: Tensor) -> Tensor:
        """W (N, w_dim) or W+ (N, L, w_dim) to the styles of all channels (N, `styles_count`)."""
        if ws.ndim == 2:
            ws = ws[:, None].expand(-1, self.style_layer_count, -1)
        parts = [affine(ws[:, i]) for i, affine in enumerate(self.affines.values())]
        return torch.cat(parts, dim=1)

    def attribute_directions(self) -> Tensor:
        """What an attribute of 1 adds to the styles: (`config.attributes`, styles of all channels)."""
        rows = functional.normalize(self.attributes * self.attribute_acts, dim=1)
        return rows * self.attribute_acts.sum(dim=1, keepdim=True).sqrt() * _ATTRIBUTE_STEP

    @property
    def code_size(self) -> int:
        """Length of a code: S (styles, components, attributes) and structure."""
        return self.layout.size + self.config.structure_length

    def unpack(self, code: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Codes (N, `code_size`) to the styles (N, C) of each layer, by its name, and the map that synthesis starts from."""
        config = self.config
        s, where = code.split([self.layout.size, config.structure_length], dim=1)
        s, attributes = s.split([s.shape[1] - config.attributes, config.attributes], dim=1)
        if config.components:
            s = self.components.joined(s)
        if config.attributes:
            s = s + attributes @ self.attribute_directions()
        channels = self.layout.split_sizes[: self.style_layer_count]
        named = dict(zip(self.layout.offsets, s.split(channels, dim=1), strict=False))
        if config.structure_length:
            shape = (-1, config.structure_channels, config.structure_size, config.structure_size)
            x = where.reshape(shape)
            if config.structure_constants:
                x = torch.cat([x, _PLACE_RATE * self.const[None].expand(len(x), -1, -1, -1)], dim=1)
            x = functional.leaky_relu(self.structure(x), 0.2) * _GAIN
        else:
            x = self.const[None].expand(s.shape[0], -1, -1, -1)
        return named, x

    def synthesise(self, code: Tensor) -> Tensor:
        """Codes (N, `code_size`) to pictures (N, 3, R, R)."""
        config = self.config
        named, x = self.unpack(code)
        picture: Tensor | None = None
        for r in config.block_resolutions:
            for name in config.convolutions(r):
                x = self.convolutions[f"b{r}_{name}"](x, named[f"b{r}.{name}"])
            colour = self.colours[f"b{r}"](x, named[f"b{r}.torgb"])
            if picture is None:
                picture = colour
            else:
                picture = functional.conv_transpose2d(picture, self.fir_up, stride=2, padding=1, groups=3) + colour
        if picture is None:
            raise AssertionError  # a generator has at least the 4 px block
        return picture

    def code(self, ws: Tensor, attributes: Tensor, structure: Tensor) -> Tensor:
        """W or W+, attributes (N, K) and structure codes (N, `structure_length`) to codes (N, `code_size`)."""
        styles = self.styles(ws)
        if self.config.components:
            styles = self.components.split(styles)
        return torch.cat([styles, attributes, structure], dim=1)

    def settled(self, code: Tensor) -> Tensor:
        """Codes (N, `code_size`) of the same pictures whose components say what the styles as a whole show.

        Where styles were moved one by one, as inversion does, the components do not know of it yet.
        """
        return self.components.settled(code) if self.config.components else code

    def forward(self, ws: Tensor, attributes: Tensor, structure: Tensor) -> Tensor:
        """W or W+, attributes and structure codes to pictures."""
        return self.synthesise(self.code(ws, attributes, structure))
