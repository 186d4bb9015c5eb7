"""The generator's function computed as StyleGAN2 was published: the yardstick of the faster form in `generator`.

Weights are modulated for each picture and the batch is convolved in groups; to double the size, zeros are put between pixels,
the map is low-passed, and the convolution runs at the high resolution (Karras et al., CVPR 2020, figure 2, and StyleGAN's
upsample-then-convolve). Same weights, same pictures up to rounding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from napari_latent_explain.model.generator import StyleGenerator

__all__ = ["synthesise_as_published"]


def _doubled(x: Tensor, margin: int = 0) -> Tensor:
    """Zeros between the pixels, then the low-pass filter [1, 3, 3, 1], its gain 4; with `margin` more pixels all round."""
    n, channels, height, width = x.shape
    wide = x.new_zeros(n, channels, 2 * height, 2 * width)
    wide[:, :, ::2, ::2] = x
    taps = x.new_tensor([1.0, 3.0, 3.0, 1.0])
    fir = (torch.outer(taps, taps) / 16).expand(channels, 1, 4, 4)
    return functional.conv2d(
        functional.pad(wide, (2 + margin, 1 + margin, 2 + margin, 1 + margin)), fir, groups=channels
    )


def _modulated(x: Tensor, weight: Tensor, style: Tensor, *, padding: int, demodulate: bool) -> Tensor:
    """Convolve each picture with weights (O, I, k, k) of its own: one convolution in as many groups as pictures."""
    n, (outputs, inputs, kernel, _) = len(x), weight.shape
    weights = weight[None] * style[:, None, :, None, None]
    if demodulate:
        weights = weights * torch.rsqrt(weights.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    x = x.reshape(1, n * inputs, *x.shape[2:])
    x = functional.conv2d(x, weights.reshape(n * outputs, inputs, kernel, kernel), padding=padding, groups=n)
    return x.reshape(n, outputs, *x.shape[2:])


def synthesise_as_published(generator: StyleGenerator, code: Tensor) -> Tensor:
    """Codes (N, `generator.code_size`) to pictures (N, 3, R, R)."""
    named, x = generator.unpack(code)
    picture: Tensor | None = None
    gain = math.sqrt(2.0)
    for r in generator.config.block_resolutions:
        for name in generator.config.convolutions(r):
            convolution = cast("Any", generator.convolutions[f"b{r}_{name}"])
            weight, padding = convolution.weight, 1
            if convolution.up:  # the transposed convolution of the faster form turns its kernel round
                x, weight, padding = _doubled(x, margin=1), weight.flip(2, 3), 0
            x = _modulated(x, weight, named[f"b{r}.{name}"], padding=padding, demodulate=True)
            x = functional.leaky_relu(x + convolution.bias[:, None, None], 0.2) * gain
        to_colours = cast("Any", generator.colours[f"b{r}"])
        weight = to_colours.weight * to_colours.gain
        colour = _modulated(x, weight, named[f"b{r}.torgb"], padding=0, demodulate=False)
        colour = colour + to_colours.bias[:, None, None]
        picture = colour if picture is None else _doubled(picture) + colour
    if picture is None:
        raise AssertionError  # a generator has at least one block
    return picture
