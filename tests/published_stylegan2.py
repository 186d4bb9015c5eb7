"""StyleGAN2 from the formulas of its paper in plain loops and float64, and checkpoints in the formats of two programs.

`Published` holds a generator's effective weights; `layers` follows Karras et al., CVPR 2020 (arXiv:1912.04958), eq. 1 to 3 and
figure 7, without a convolution of torch's. `nvlabs_pickle` and `rosinality_file` write the same generator as
stylegan2-ada-pytorch and rosinality's stylegan2-pytorch name and scale it.
"""

from __future__ import annotations

import argparse
import math
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

RATE = 0.01
SOURCE = "raise SystemExit('the source in a checkpoint was run')\n"


@dataclass
class Published:
    """Raw parameters with names of our own, float32, before run-time gains (stylegan2-ada's convention)."""

    channels: tuple[int, ...]
    z_dim: int
    widths: tuple[int, ...]
    weights: dict[str, torch.Tensor]
    clamp: float | None
    rate: float = RATE

    @property
    def resolutions(self) -> list[int]:
        return [4 << k for k in range(len(self.channels))]

    def convolutions(self, r: int) -> list[str]:
        return ["conv1"] if r == 4 else ["conv0", "conv1"]


def make_published(
    channels: tuple[int, ...], *, z_dim: int = 6, widths: tuple[int, ...] = (7, 5), clamp: float | None = 256.0, seed: int = 0,
    rate: float = RATE,
) -> Published:  # fmt: skip
    """Random parameters, biases and noise strengths included."""
    rng = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=rng)

    weights: dict[str, torch.Tensor] = {"const": draw(channels[0], 4, 4), "average": draw(widths[-1])}
    for i, (a, b) in enumerate(zip((z_dim, *widths), widths, strict=False)):
        weights |= {f"mapping{i}.weight": draw(b, a) / rate, f"mapping{i}.bias": 0.3 * draw(b) / rate}
    made = Published(channels, z_dim, widths, weights, clamp, rate)
    inputs = channels[0]
    for r, outputs in zip(made.resolutions, channels, strict=True):
        for name in [*made.convolutions(r), "torgb"]:
            key, kernel, out = f"b{r}.{name}", (1 if name == "torgb" else 3), (3 if name == "torgb" else outputs)
            weights |= {
                f"{key}.weight": draw(out, inputs, kernel, kernel), f"{key}.bias": 0.5 * draw(out),
                f"{key}.affine.weight": draw(inputs, widths[-1]), f"{key}.affine.bias": 1 + 0.2 * draw(inputs),
            }  # fmt: skip
            if name != "torgb":
                weights |= {f"{key}.strength": 0.4 * draw(), f"{key}.noise": draw(r, r)}
            inputs = outputs
    return made


# The reference: loops over kernels and pixels, float64.


def _leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, 0.2 * x, x) * math.sqrt(2)


def _linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, rate: float) -> np.ndarray:
    return x @ (weight * rate / math.sqrt(weight.shape[1])).T + bias * rate


def _correlate(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(I, H, W) with (O, I, k, k), the size kept."""
    k = weight.shape[-1]
    padded = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    height, width = x.shape[1:]
    found = np.zeros((weight.shape[0], height, width))
    for dy in range(k):
        for dx in range(k):
            found += np.einsum("oi,ihw->ohw", weight[:, :, dy, dx], padded[:, dy : dy + height, dx : dx + width])
    return found


def _low_pass(x: np.ndarray, before: int, after: int) -> np.ndarray:
    """[1, 3, 3, 1] in both directions with a gain of 4, after padding."""
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64 * 4
    padded = np.pad(x, ((0, 0), (before, after), (before, after)))
    height, width = padded.shape[1] - 3, padded.shape[2] - 3
    found = np.zeros((x.shape[0], height, width))
    for dy in range(4):
        for dx in range(4):
            found += taps[dy, dx] * padded[:, dy : dy + height, dx : dx + width]
    return found


def _spaced(x: np.ndarray) -> np.ndarray:
    """Zeros between the pixels: (C, 2 H, 2 W)."""
    wide = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2]))
    wide[:, ::2, ::2] = x
    return wide


def map_published(made: Published, z: np.ndarray) -> np.ndarray:
    """Z (z_dim,) to W."""
    x = z / np.sqrt((z**2).mean() + 1e-8)
    for i in range(len(made.widths)):
        weight, bias = (made.weights[f"mapping{i}.{part}"].double().numpy() for part in ("weight", "bias"))
        x = _leaky(_linear(x, weight, bias, made.rate))
    return x


def layers(made: Published, ws: np.ndarray, *, noise: bool, eps_scale: bool = False) -> dict[str, np.ndarray]:
    """What every layer gives, and the ``picture``, for one W+ (2 B, w_dim) as published.

    `eps_scale` divides 3 x 3 weights by the root of their inputs before demodulation, as rosinality's program does.
    """
    w = {name: value.double().numpy() for name, value in made.weights.items()}
    found: dict[str, np.ndarray] = {}
    x, picture, vector = w["const"], None, 0

    def clamped(value: np.ndarray) -> np.ndarray:
        return value if made.clamp is None else np.clip(value, -made.clamp, made.clamp)

    for r in made.resolutions:
        for name in made.convolutions(r):
            key = f"b{r}.{name}"
            style = _linear(ws[vector], w[f"{key}.affine.weight"], w[f"{key}.affine.bias"], 1.0)
            vector += 1
            weight = w[f"{key}.weight"] / (math.sqrt(9 * len(style)) if eps_scale else 1)
            weight = weight * style[None, :, None, None]  # eq. 1
            weight = weight / np.sqrt((weight**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)  # eq. 3
            if name == "conv0":  # zeros between pixels, low-pass, then a convolution proper (the kernel turned round)
                x = _correlate(_low_pass(_spaced(x), 3, 2), weight[:, :, ::-1, ::-1])[:, 1:-1, 1:-1]
            else:
                x = _correlate(x, weight)
            if noise:
                x = x + w[f"{key}.strength"] * w[f"{key}.noise"]
            x = found[key] = clamped(_leaky(x + w[f"{key}.bias"][:, None, None]))
        key = f"b{r}.torgb"
        style = _linear(ws[vector], w[f"{key}.affine.weight"], w[f"{key}.affine.bias"], 1.0)
        weight = w[f"{key}.weight"] / math.sqrt(len(style)) * style[None, :, None, None]
        colour = found[key] = clamped(_correlate(x, weight) + w[f"{key}.bias"][:, None, None])
        picture = colour if picture is None else _low_pass(_spaced(picture), 2, 1) + colour
    found["picture"] = picture
    return found


# stylegan2-ada-pytorch.


class _Persistent(nn.Module):
    """A module that pickles itself as the program's persistent classes do: a call of its own with source code and state."""

    def __init__(self, class_name: str, attributes: dict[str, Any]) -> None:
        super().__init__()
        self.class_name = class_name
        for name, value in attributes.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "class_name"}
        meta = {
            "type": "class", "version": 6, "module_src": SOURCE, "class_name": self.class_name,
            "state": state | {"_init_args": (), "_init_kwargs": sys.modules["dnnlib.util"].EasyDict(w_dim=5)},
        }  # fmt: skip
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,)


@contextmanager
def nvlabs_modules() -> Iterator[None]:
    """The program's modules by name, as far as pickling needs them."""
    persistence, util = types.ModuleType("torch_utils.persistence"), types.ModuleType("dnnlib.util")

    def _reconstruct_persistent_obj(meta: Any) -> None:
        raise AssertionError(meta)

    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj
    util.EasyDict = type("EasyDict", (dict,), {"__module__": "dnnlib.util"})
    fakes = {
        "torch_utils": types.ModuleType("torch_utils"), "torch_utils.persistence": persistence,
        "dnnlib": types.ModuleType("dnnlib"), "dnnlib.util": util,
    }  # fmt: skip
    fakes["torch_utils"].persistence, fakes["dnnlib"].util = persistence, util
    sys.modules.update(fakes)
    try:
        yield
    finally:
        for name in fakes:
            del sys.modules[name]


def _numpy_root(count: int) -> Any:
    return np.sqrt(count)  # the program keeps gains as numpy's numbers


def _nvlabs_linear(weight: torch.Tensor, bias: torch.Tensor, rate: float, activation: str) -> nn.Module:
    told = {"activation": activation, "weight_gain": rate / _numpy_root(weight.shape[1]), "bias_gain": rate}
    made = _Persistent("FullyConnectedLayer", told)
    made.weight, made.bias = nn.Parameter(weight), nn.Parameter(bias)
    return made


def _filter() -> torch.Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(taps, taps) / 64


def nvlabs_generator(made: Published, **changes: Any) -> nn.Module:
    """The generator as nested modules; `changes` are attributes of the whole."""
    w = made.weights
    resolution = made.resolutions[-1]
    whole = {
        "z_dim": made.z_dim, "c_dim": 0, "w_dim": made.widths[-1], "img_resolution": resolution, "img_channels": 3,
        "num_ws": 2 * len(made.channels),
    }  # fmt: skip
    generator = _Persistent("Generator", whole | changes)
    generator.mapping = _Persistent("MappingNetwork", {"z_dim": made.z_dim, "c_dim": 0, "num_layers": len(made.widths)})
    for i in range(len(made.widths)):
        layer = _nvlabs_linear(w[f"mapping{i}.weight"], w[f"mapping{i}.bias"], made.rate, "lrelu")
        setattr(generator.mapping, f"fc{i}", layer)
    generator.mapping.register_buffer("w_avg", w["average"])
    generator.synthesis = _Persistent("SynthesisNetwork", {"block_resolutions": made.resolutions})
    for r in made.resolutions:
        block = _Persistent("SynthesisBlock", {"resolution": r, "architecture": "skip", "is_last": r == resolution})
        block.register_buffer("resample_filter", _filter())
        if r == 4:
            block.const = nn.Parameter(w["const"])
        for name in [*made.convolutions(r), "torgb"]:
            key = f"b{r}.{name}"
            layer = _Persistent("ToRGBLayer" if name == "torgb" else "SynthesisLayer", {"conv_clamp": made.clamp})
            layer.affine = _nvlabs_linear(w[f"{key}.affine.weight"], w[f"{key}.affine.bias"], 1.0, "linear")
            layer.weight, layer.bias = nn.Parameter(w[f"{key}.weight"]), nn.Parameter(w[f"{key}.bias"])
            if name == "torgb":
                layer.weight_gain = 1 / _numpy_root(w[f"{key}.weight"].shape[1])
            else:
                layer.activation, layer.use_noise, layer.up = "lrelu", True, 2 if name == "conv0" else 1
                layer.register_buffer("resample_filter", _filter())
                layer.register_buffer("noise_const", w[f"{key}.noise"])
                layer.noise_strength = nn.Parameter(w[f"{key}.strength"])
            setattr(block, name, layer)
        setattr(generator.synthesis, f"b{r}", block)
    return generator.eval().requires_grad_(False)


def nvlabs_pickle(path: Path, made: Published, *, protocol: int = 4, **changes: Any) -> Path:
    """Write a snapshot: generators, a discriminator, an augmentation, and what it was trained with."""
    with nvlabs_modules():
        other = _Persistent("Discriminator", {"c_dim": 0})
        other.b4 = _nvlabs_linear(torch.zeros(3, 2), torch.zeros(3), 1.0, "lrelu")
        average = nvlabs_generator(made, **changes)
        tree = {
            "training_set_kwargs": dict(sys.modules["dnnlib.util"].EasyDict(path="eyes.zip", xflip=True)),
            "G": nvlabs_generator(make_published(made.channels, widths=made.widths, seed=99)), "D": other, "G_ema": average,
            "augment_pipe": None,
        }  # fmt: skip
        path.write_bytes(pickle.dumps(tree, protocol=protocol))
    return path


# rosinality's stylegan2-pytorch.


def rosinality_state(made: Published) -> OrderedDict[str, torch.Tensor]:
    """The generator's state by the program's names (weights of one more side)."""
    w, state = made.weights, OrderedDict()
    for i in range(len(made.widths)):
        state |= {f"style.{i + 1}.weight": w[f"mapping{i}.weight"], f"style.{i + 1}.bias": w[f"mapping{i}.bias"]}
    state["input.input"] = w["const"][None]
    number = 0
    for k, r in enumerate(made.resolutions):
        for name in made.convolutions(r):
            key, prefix = f"b{r}.{name}", f"convs.{number - 1}" if number else "conv1"
            state |= {
                f"{prefix}.conv.weight": w[f"{key}.weight"][None],
                f"{prefix}.conv.modulation.weight": w[f"{key}.affine.weight"],
                f"{prefix}.conv.modulation.bias": w[f"{key}.affine.bias"],
                f"{prefix}.noise.weight": w[f"{key}.strength"].reshape(1), f"{prefix}.activate.bias": w[f"{key}.bias"],
                f"noises.noise_{number}": w[f"{key}.noise"][None, None],
            }  # fmt: skip
            if name == "conv0":
                state[f"{prefix}.conv.blur.kernel"] = _filter() * 4
            number += 1
        key, prefix = f"b{r}.torgb", f"to_rgbs.{k - 1}" if k else "to_rgb1"
        state |= {
            f"{prefix}.conv.weight": w[f"{key}.weight"][None], f"{prefix}.bias": w[f"{key}.bias"].reshape(1, 3, 1, 1),
            f"{prefix}.conv.modulation.weight": w[f"{key}.affine.weight"],
            f"{prefix}.conv.modulation.bias": w[f"{key}.affine.bias"],
        }  # fmt: skip
        if k:
            state[f"{prefix}.upsample.kernel"] = _filter() * 4
    return state


def rosinality_file(path: Path, made: Published, *, zipped: bool = True, average: bool = True) -> Path:
    """Write a checkpoint with optimiser states and arguments, as a training does, or converted with the mean of W."""
    other = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(other.parameters())
    other(torch.zeros(1, 2)).sum().backward()
    optimizer.step()
    tree = {
        "g": rosinality_state(make_published(made.channels, widths=made.widths, seed=99)), "d": other.state_dict(),
        "g_ema": rosinality_state(made), "g_optim": optimizer.state_dict(),
        "args": argparse.Namespace(size=8, mixing=0.9, path="eyes"), "ada_aug_p": 0.0,
    }  # fmt: skip
    if average:
        tree["latent_avg"] = made.weights["average"]
    torch.save(tree, path, _use_new_zipfile_serialization=zipped)
    return path
