"""The StyleGAN2-ADA training recipe, plainly, from the papers: what this project's training is timed against.

Written from Karras et al., CVPR 2020 (StyleGAN2: weight demodulation, skip generator, residual discriminator, lazy
regularisation, path lengths) and Karras et al., NeurIPS 2020 (ADA: augmentation with an adaptive probability). No code of
theirs was used. It trains, but what it is for is its cost. Where the papers leave a choice, or a plain form costs more than a
usual one, the cheaper is taken, so that the comparison does not flatter this project:

- augmentation is one bilinear resampling (the paper upsamples with a wavelet filter around it);
- the R1 gradient is taken at the picture that the discriminator sees, behind the augmentation;
- path lengths are measured on half a batch (StyleGAN2, appendix B);
- `Sizes.transposed` replaces upsample-then-convolve by a transposed convolution before the low-pass: a quarter of the work.
"""

from __future__ import annotations

import contextlib
import copy
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from ada_augmentation import augment
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["ADA_TARGET", "Discriminator", "Generator", "ModulatedConv", "Sizes", "StyleGan2Ada"]

ADA_TARGET, ADA_EVERY, ADA_IMAGES = 0.6, 4, 500_000
R1_EVERY, PATH_EVERY = 16, 8
_GAIN = math.sqrt(2.0)


@dataclass(frozen=True)
class Sizes:
    """Shape of generator and discriminator; the defaults are the paper's configuration for 256 px.

    Parameters
    ----------
    resolution : int
        Side of the picture, a power of two from 8.
    channel_base, channel_max : int
        A block at resolution r has ``min(channel_base / r, channel_max)`` channels.
    w_dim, mapping_layers : int
        Width (of Z too) and depth of the mapping network.
    transposed : bool
        Upsample by a transposed convolution, low-pass after it.
    """

    resolution: int = 256
    channel_base: int = 16384
    channel_max: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    transposed: bool = False

    def channels(self, resolution: int) -> int:
        """Channels of the block at `resolution`."""
        return max(min(self.channel_base // resolution, self.channel_max), 8)

    @property
    def blocks(self) -> list[int]:
        """Resolutions above 4."""
        return [2**k for k in range(3, int(math.log2(self.resolution)) + 1)]


# -- layers -------------------------------------------------------------------------------------------------------------


@lru_cache
def _low_pass(device: torch.device, dtype: torch.dtype) -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return (torch.outer(taps, taps) / 64).to(device, dtype)


def _filtered(x: Tensor, *, up: bool = False, down: bool = False) -> Tensor:
    """Double or halve the size of (N, C, H, W) with the separable low-pass [1, 3, 3, 1]."""
    channels = x.shape[1]
    kernel = _low_pass(x.device, x.dtype)
    if up:
        kernel = (4 * kernel).expand(channels, 1, 4, 4)
        return functional.conv_transpose2d(x, kernel, stride=2, padding=1, groups=channels)
    return functional.conv2d(x, kernel.expand(channels, 1, 4, 4), stride=2 if down else 1, padding=1, groups=channels)


class Linear(nn.Module):
    """A fully connected layer with equalised learning rate (Karras et al., ICLR 2018, section 4.1)."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.gain, self.rate = rate / math.sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) to (N, outputs)."""
        return functional.linear(x, self.weight * self.gain, self.bias * self.rate)


class Conv(nn.Module):
    """A convolution with equalised learning rate; `down` low-passes and halves."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, down: bool = False, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.gain, self.down = 1 / math.sqrt(inputs * kernel**2), down

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W), or half as large."""
        if self.down and self.weight.shape[-1] == 1:  # the shortcut: halve first, then mix the channels
            return functional.conv2d(_filtered(x, down=True), self.weight * self.gain, self.bias)
        if self.down:
            blurred = functional.pad(
                _filtered(x), (1, 1, 1, 1)
            )  # one smaller than x: padded to cover every other pixel
            return functional.conv2d(blurred, self.weight * self.gain, self.bias, stride=2)
        return functional.conv2d(x, self.weight * self.gain, self.bias, padding=self.weight.shape[-1] // 2)


class ModulatedConv(nn.Module):
    """Weights modulated, demodulated and applied for each picture of the batch (StyleGAN2, section 2.2)."""

    def __init__(self, inputs: int, outputs: int, w_dim: int, kernel: int = 3, *, demodulate: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.affine = Linear(w_dim, inputs, bias=1.0)
        self.gain, self.demodulate = 1 / math.sqrt(inputs * kernel**2), demodulate

    def weights(self, w: Tensor) -> Tensor:
        """One weight for each w: (N, outputs, inputs, k, k)."""
        weight: Tensor = self.weight[None] * self.gain * self.affine(w)[:, None, :, None, None]
        if self.demodulate:
            weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
        return weight

    def forward(self, x: Tensor, w: Tensor, *, up: bool = False, transposed: bool = False) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W), or twice as large."""
        n, inputs, height, width = x.shape
        weight = self.weights(w)
        outputs, kernel = weight.shape[1], weight.shape[-1]
        if up and transposed:
            flat = weight.transpose(1, 2).flip(3, 4).reshape(n * inputs, outputs, kernel, kernel)
            grown = functional.conv_transpose2d(x.reshape(1, n * inputs, height, width), flat, stride=2, groups=n)
            return 4 * _filtered(grown.reshape(n, outputs, *grown.shape[2:]))
        if up:
            x = _filtered(x, up=True)
        flat = weight.reshape(n * outputs, inputs, kernel, kernel)
        x = functional.conv2d(x.reshape(1, n * inputs, *x.shape[2:]), flat, padding=kernel // 2, groups=n)
        return x.reshape(n, outputs, *x.shape[2:])


class StyledLayer(nn.Module):
    """A modulated convolution, noise of a learned strength, bias, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, sizes: Sizes, *, up: bool) -> None:
        super().__init__()
        self.convolution = ModulatedConv(inputs, outputs, sizes.w_dim)
        self.noise = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.up, self.transposed = up, sizes.transposed

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W), or twice as large."""
        x = self.convolution(x, w, up=self.up, transposed=self.transposed)
        x = x + self.noise * torch.randn(len(x), 1, *x.shape[2:], device=x.device, dtype=x.dtype)
        return functional.leaky_relu(x + self.bias[:, None, None], 0.2) * _GAIN


# -- networks -----------------------------------------------------------------------------------------------------------


class Generator(nn.Module):
    """Z to W to a picture: mapping network and skip generator."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.mapping = nn.ModuleList(Linear(sizes.w_dim, sizes.w_dim, rate=0.01) for _ in range(sizes.mapping_layers))
        width = sizes.channels(4)
        self.const = nn.Parameter(torch.randn(1, width, 4, 4))
        layers, colours = [StyledLayer(width, width, sizes, up=False)], [self._colour(width)]
        for r in sizes.blocks:
            layers.append(StyledLayer(width, sizes.channels(r), sizes, up=True))
            width = sizes.channels(r)
            layers.append(StyledLayer(width, width, sizes, up=False))
            colours.append(self._colour(width))
        self.layers, self.colours = nn.ModuleList(layers), nn.ModuleList(colours)
        self.colour_biases = nn.Parameter(torch.zeros(len(colours), 3, 1, 1))

    def _colour(self, width: int) -> ModulatedConv:
        return ModulatedConv(width, 3, self.sizes.w_dim, kernel=1, demodulate=False)

    @property
    def depth(self) -> int:
        """How many vectors W+ has: one a layer, and one for the last colours."""
        return len(self.layers) + 1

    def map(self, z: Tensor) -> Tensor:
        """Z (N, w_dim) to W (N, w_dim)."""
        z = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.mapping:
            z = functional.leaky_relu(layer(z), 0.2) * _GAIN
        return z

    def forward(self, ws: Tensor) -> Tensor:
        """W+ (N, depth, w_dim) to pictures (N, 3, R, R)."""
        x = self.layers[0](self.const.expand(len(ws), -1, -1, -1), ws[:, 0])
        picture: Tensor = self.colours[0](x, ws[:, 1]) + self.colour_biases[0]
        for k in range(1, len(self.colours)):
            x = self.layers[2 * k - 1](x, ws[:, 2 * k - 1])
            x = self.layers[2 * k](x, ws[:, 2 * k])
            colour = self.colours[k](x, ws[:, 2 * k + 1]) + self.colour_biases[k]
            picture = _filtered(picture, up=True) + colour
        return picture


class Discriminator(nn.Module):
    """The residual discriminator of StyleGAN2 with minibatch standard deviation."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        channels = [sizes.channels(r) for r in [4, *sizes.blocks]]
        self.colours = Conv(3, channels[-1], kernel=1)
        self.first, self.second, self.skips = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for inner, outer in zip(channels[-2::-1], channels[:0:-1], strict=True):
            self.first.append(Conv(outer, outer))
            self.second.append(Conv(outer, inner, down=True))
            self.skips.append(Conv(outer, inner, kernel=1, down=True, bias=False))
        self.last = Conv(channels[0] + 1, channels[0])
        self.dense, self.score = Linear(16 * channels[0], channels[0]), Linear(channels[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N, 3, R, R) to scores (N,): positive means real."""
        x = functional.leaky_relu(self.colours(x), 0.2) * _GAIN
        for first, second, skip in zip(self.first, self.second, self.skips, strict=True):
            inside = functional.leaky_relu(first(x), 0.2) * _GAIN
            inside = functional.leaky_relu(second(inside), 0.2) * _GAIN
            x = (inside + skip(x)) / _GAIN
        x = functional.leaky_relu(self.last(torch.cat([x, _batch_deviation(x)], dim=1)), 0.2) * _GAIN
        x = functional.leaky_relu(self.dense(x.flatten(1)), 0.2) * _GAIN
        scores: Tensor = self.score(x)[:, 0]
        return scores


def _batch_deviation(x: Tensor, largest: int = 8) -> Tensor:
    """Mean standard deviation within groups of the batch, as one more channel (N, 1, H, W)."""
    n = len(x)
    size = next(k for k in range(min(largest, n), 0, -1) if n % k == 0)
    groups = x.float().reshape(size, n // size, -1)
    deviation = (groups.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=1)
    return deviation.repeat(size)[:, None, None, None].expand(n, 1, *x.shape[2:]).to(x.dtype)


# -- training -----------------------------------------------------------------------------------------------------------


class StyleGan2Ada:
    """The training loop's parts, so that each can be timed: `main`, `regularise_paths` (every 8), `regularise_scores` (every 16).

    Parameters
    ----------
    sizes : Sizes
    batch : int
        Real pictures in a step; as many are generated, once for each network's turn.
    device : torch.device
    half : bool
        Whether the forward passes run under bfloat16 autocast.
    """

    def __init__(self, sizes: Sizes, batch: int, device: torch.device | str = "cpu", *, half: bool = False) -> None:
        self.sizes, self.batch, self.device, self.half = sizes, batch, torch.device(device), half
        self.generator = Generator(sizes).to(self.device)
        self.discriminator = Discriminator(sizes).to(self.device)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.g_optimizer = self._adam(self.generator, PATH_EVERY)
        self.d_optimizer = self._adam(self.discriminator, R1_EVERY)
        self.p, self.step, self._signs = 0.0, 0, list[Tensor]()
        self.mean_path = torch.zeros((), device=self.device)

    @staticmethod
    def _adam(network: nn.Module, every: int) -> torch.optim.Adam:
        share = every / (every + 1)  # lazy regularisation (StyleGAN2, appendix B)
        return torch.optim.Adam(network.parameters(), lr=0.0025 * share, betas=(0.0, 0.99**share), eps=1e-8)

    def _mixed(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.half else contextlib.nullcontext()

    def codes(self, n: int) -> Tensor:
        """W+ codes of fresh noise with style mixing: (n, depth, w_dim)."""
        first, second = self.generator.map(torch.randn(2 * n, self.sizes.w_dim, device=self.device)).split(n)
        depth = self.generator.depth
        mixes = torch.rand(n, device=self.device) < 0.9
        crossing = torch.where(mixes, torch.randint(1, depth, (n,), device=self.device), depth)
        own = (torch.arange(depth, device=self.device)[None] < crossing[:, None])[..., None]
        return torch.where(own, first[:, None], second[:, None])

    def main(self, real: Tensor) -> dict[str, float]:
        """One turn of each network with the non-saturating logistic loss, the average, and `p`; returns the losses."""
        self.discriminator.requires_grad_(False)
        with self._mixed():
            scores = self.discriminator(augment(self.generator(self.codes(self.batch)), self.p))
        loss_g = functional.softplus(-scores.float()).mean()
        self._step(self.g_optimizer, loss_g)
        self.discriminator.requires_grad_(True)
        with self._mixed():
            with torch.no_grad():
                fake = self.generator(self.codes(self.batch))
            false = self.discriminator(augment(fake, self.p))
            true = self.discriminator(augment(real, self.p))
        loss_d = functional.softplus(false.float()).mean() + functional.softplus(-true.float()).mean()
        self._step(self.d_optimizer, loss_d)
        self.adapt(true.detach())
        self._move_average()
        self.step += 1
        return {"generator": float(loss_g.detach()), "discriminator": float(loss_d.detach())}

    def adapt(self, scores: Tensor) -> None:
        """Every fourth step move `p` towards where the discriminator's scores of real pictures overfit least (ADA, section 3)."""
        self._signs.append(scores.sign().mean())
        if len(self._signs) == ADA_EVERY:
            overfitting = float(torch.stack(self._signs).mean())
            step = self.batch * ADA_EVERY / ADA_IMAGES
            self.p = min(max(self.p + math.copysign(step, overfitting - ADA_TARGET), 0.0), 1.0)
            self._signs.clear()

    def r1(self, real: Tensor) -> Tensor:
        """Mean squared gradient of the discriminator at real pictures as it sees them (Mescheder et al., ICML 2018)."""
        seen = augment(real, self.p).detach().requires_grad_(True)
        with self._mixed():
            scores = self.discriminator(seen)
        (gradient,) = torch.autograd.grad(scores.float().sum(), seen, create_graph=True)
        return gradient.square().sum(dim=(1, 2, 3)).mean()

    def regularise_scores(self, real: Tensor, weight: float = 1.0) -> float:
        """Do a step on R1."""
        loss = self.r1(real)
        self._step(self.d_optimizer, loss * (weight / 2 * R1_EVERY))
        return float(loss.detach())

    def regularise_paths(self, weight: float = 2.0) -> float:
        """Do a step on path lengths (StyleGAN2, section 3.2), on half a batch."""
        ws = self.codes(max(self.batch // 2, 1))
        with self._mixed():
            pictures = self.generator(ws).float()
        noise = torch.randn_like(pictures) / self.sizes.resolution
        (gradient,) = torch.autograd.grad((pictures * noise).sum(), ws, create_graph=True)
        lengths = gradient.square().sum(dim=2).mean(dim=1).sqrt()
        self.mean_path = self.mean_path.lerp(lengths.detach().mean(), 0.01)
        loss = (lengths - self.mean_path).square().mean()
        self._step(self.g_optimizer, loss * (weight * PATH_EVERY))
        return float(loss.detach())

    def advance(self, real: Tensor) -> dict[str, float]:
        """One step of the recipe with what is due."""
        due_paths, due_scores = self.step % PATH_EVERY == 0, self.step % R1_EVERY == 0
        terms = self.main(real)
        if due_paths:
            terms["paths"] = self.regularise_paths()
        if due_scores:
            terms["r1"] = self.regularise_scores(real)
        return terms

    @staticmethod
    def _step(optimizer: torch.optim.Adam, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    @torch.no_grad()
    def _move_average(self, images: int = 20_000) -> None:
        decay = 0.5 ** (self.batch / images)
        for slow, fast in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            slow.lerp_(fast, 1 - decay)
