"""A StyleGAN2 skip generator as a family of checkpoints names it, and its reading: shapes decide what it is.

The result is the state of a `PublishedGenerator`, in which weights hold their run-time gains (Karras et al., CVPR 2018,
section 4.1: equalised learning rate) already: one over the square root of the inputs, times the learning-rate multiplier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from pydantic import ValidationError

from napari_latent_explain.model.importing.refusal import shown
from napari_latent_explain.model.published_generator import LARGEST_PICTURE, PublishedConfig

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.model.importing.generator_weights import GeneratorWeights

__all__ = ["Block", "GeneratorPlan", "Layer", "read_plan"]

MAPPING_RATE = (
    0.01  # learning-rate multiplier of every published mapping network; a module that tells its own is believed
)
_TAPS = (1.0, 3.0, 3.0, 1.0)


@dataclass(frozen=True)
class Layer:
    """Names of a modulated convolution's parts; `affine` is what the names of its style's linear layer begin with."""

    weight: str
    bias: str
    affine: str
    noise: str = ""
    strength: str = ""


@dataclass(frozen=True)
class Block:
    """Convolutions of one resolution (one in the first block, two in others: the first doubles the size) and its colours."""

    convolutions: tuple[Layer, ...]
    colours: Layer


@dataclass(frozen=True)
class GeneratorPlan:
    """Where a family keeps what.

    `mapping`: what the names of each layer of the mapping network begin with. `filters`: low-pass filters, which are only
    checked. `average`: mean of W, if there. `clamp`: see `PublishedConfig`. `scaled`: convolutions are divided by the square
    root of their inputs before they are modulated (which demodulation takes out but for a tiny constant).
    """

    family: str
    mapping: tuple[str, ...]
    const: str
    blocks: tuple[Block, ...]
    filters: tuple[str, ...]
    average: str = ""
    clamp: float | None = None
    scaled: bool = False


def _linear(weights: GeneratorWeights, prefix: str, rate: float) -> tuple[Tensor, Tensor]:
    """Weight (O, I) and bias (O,) of a linear layer with their gains: those that the module tells, else those of `rate`."""
    shape = weights.shape(f"{prefix}.weight")
    if len(shape) != 2:
        raise weights.checkpoint.damaged(f"{prefix} is no linear layer: its shape is {shown(shape)}")
    told = [weights.attributes.get(f"{prefix}.{name}") for name in ("weight_gain", "bias_gain")]
    usual = (rate / math.sqrt(max(shape[1], 1)), rate)
    gain, bias_gain = (own if isinstance(own, int | float) else other for own, other in zip(told, usual, strict=True))
    weight = weights.tensor(f"{prefix}.weight", (shape[0], shape[1])) * gain
    return weight, weights.tensor(f"{prefix}.bias", (shape[0],)) * bias_gain


def _check_filter(weights: GeneratorWeights, name: str) -> None:
    """The low-pass filter has to be [1, 3, 3, 1] in both directions; its gain is the family's own."""
    found = weights.tensor(name, (4, 4))
    taps = torch.tensor(_TAPS)
    if not torch.allclose(found / found.sum(), torch.outer(taps, taps) / 64, atol=1e-5):
        raise weights.checkpoint.unsupported(f"low-passes by {name}, not by [1, 3, 3, 1]; it can't be imported.")


class _Reading:
    """Fills the state, layer by layer."""

    def __init__(self, weights: GeneratorWeights, plan: GeneratorPlan, w_dim: int, *, noise: bool) -> None:
        self.weights, self.plan, self.w_dim, self.noise = weights, plan, w_dim, noise
        self.state: dict[str, Tensor] = {}

    def affine(self, layer: Layer, key: str, channels: int) -> None:
        weight, bias = _linear(self.weights, layer.affine, 1.0)
        if weight.shape != (channels, self.w_dim):
            raise self.weights.checkpoint.unsupported(
                f"has the style layer {layer.affine} in the shape {tuple(weight.shape)}, where the other weights ask for "
                f"{(channels, self.w_dim)}; it is no StyleGAN2 skip generator that can be imported."
            )
        self.state |= {f"affines.{key}.weight": weight, f"affines.{key}.bias": bias}

    def convolution(self, layer: Layer, r: int, name: str, inputs: int) -> int:
        """Read one convolution; returns its output channels."""
        weights, key = self.weights, f"b{r}_{name}"
        shape = weights.shape(layer.weight)
        outputs = shape[-4] if len(shape) >= 4 else 0
        gain = 1 / math.sqrt(9 * inputs) if self.plan.scaled else 1.0
        self.affine(layer, key, inputs)
        self.state |= {
            f"convolutions.{key}.weight": weights.tensor(layer.weight, (outputs, inputs, 3, 3)) * gain,
            f"convolutions.{key}.bias": weights.tensor(layer.bias, (outputs,)),
            f"convolutions.{key}.strength": torch.zeros(()),
            f"convolutions.{key}.noise": torch.zeros(r, r),
        }
        if layer.strength in weights.tensors:
            strength = self.state[f"convolutions.{key}.strength"] = weights.tensor(layer.strength, ())
            if layer.noise in weights.tensors:
                self.state[f"convolutions.{key}.noise"] = weights.tensor(layer.noise, (r, r))
            elif self.noise and float(strength) != 0:
                raise weights.checkpoint.unsupported(
                    f"adds noise but keeps no noise map {layer.noise}; import it with --noise none."
                )
        return outputs

    def colours(self, layer: Layer, r: int, inputs: int) -> None:
        self.affine(layer, f"b{r}_torgb", inputs)
        weight = self.weights.tensor(layer.weight, (3, inputs, 1, 1))
        self.state[f"colours.b{r}.weight"] = weight / math.sqrt(inputs)
        self.state[f"colours.b{r}.bias"] = self.weights.tensor(layer.bias, (3,))


def _config(weights: GeneratorWeights, said: dict[str, object]) -> PublishedConfig:
    try:
        return PublishedConfig.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its shape"
        raise weights.checkpoint.unsupported(
            f"is no generator that can be imported ({where}: {first['msg']})."
        ) from error


def read_plan(
    weights: GeneratorWeights, plan: GeneratorPlan, *, noise: bool
) -> tuple[PublishedConfig, dict[str, Tensor]]:
    """Read a generator by its family's names.

    Parameters
    ----------
    weights : GeneratorWeights
        Its tensors.
    plan : GeneratorPlan
        Where they are.
    noise : bool
        Whether the constant noise maps are to be added.

    Returns
    -------
    PublishedConfig, dict
        Shape, and state without ``average`` where the file has none.

    Raises
    ------
    BundleError
        If weights are missing, do not fit one another, or are left over.
    """
    state: dict[str, Tensor] = {}
    z_dim, widths = 0, list[int]()
    for i, prefix in enumerate(plan.mapping):
        weight, state[f"mapping.{i}.bias"] = _linear(weights, prefix, MAPPING_RATE)
        if widths and weight.shape[1] != widths[-1]:
            raise weights.checkpoint.damaged(f"{prefix} of its mapping network does not fit the layer before")
        z_dim = z_dim or weight.shape[1]
        widths.append(weight.shape[0])
        state[f"mapping.{i}.weight"] = weight
    first = weights.shape(plan.const)[-3:]
    if len(first) != 3 or first[1] != first[2] or not widths or not plan.blocks:
        raise weights.checkpoint.unsupported(
            "has no mapping network or no square learned constant; it can't be imported."
        )
    if first[1] << (len(plan.blocks) - 1) > LARGEST_PICTURE:
        raise weights.checkpoint.too_large(f"pictures of more than {LARGEST_PICTURE} px")
    reading = _Reading(weights, plan, widths[-1], noise=noise)
    state["const"] = weights.tensor(plan.const, (first[0], first[1], first[2]))
    channels, inputs, r = [], first[0], first[1]
    for block in plan.blocks:
        names = ("conv0", "conv1")[-len(block.convolutions) :]
        for name, layer in zip(names, block.convolutions, strict=True):
            inputs = reading.convolution(layer, r, name, inputs)
        reading.colours(block.colours, r, inputs)
        channels.append(inputs)
        r *= 2
    for name in plan.filters:
        _check_filter(weights, name)
    state |= reading.state
    if plan.average in weights.tensors:
        state["average"] = weights.tensor(plan.average, (widths[-1],))
    if weights.left():
        raise weights.checkpoint.unsupported(
            f"has weights that a StyleGAN2 skip generator does not have ({shown(weights.left()[0])} and "
            f"{len(weights.left()) - 1} more); only that architecture can be imported."
        )
    if first[0] != channels[0]:
        raise weights.checkpoint.unsupported("changes the number of channels in its first block; it can't be imported.")
    config = _config(
        weights,
        {
            "first_resolution": first[1], "channels": channels, "z_dim": z_dim, "mapping_widths": widths,
            "clamp": plan.clamp, "noise": noise,
        },
    )  # fmt: skip
    return config, state
