"""Names of rosinality's stylegan2-pytorch, which others took over (pixel2style2pixel, e4e, restyle).

``style.{1..n}``; ``input.input``; ``conv1`` and ``convs.{2k}`` (doubles the size), ``convs.{2k+1}`` with ``conv.weight``,
``conv.modulation``, ``noise.weight``, ``activate.bias``; ``to_rgb1`` and ``to_rgbs.{k}`` with ``conv.weight``,
``conv.modulation``, ``bias``; ``noises.noise_{i}`` in the order of the convolutions; a low-pass ``kernel`` here and there.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from napari_latent_explain.model.importing.generator_plan import Block, GeneratorPlan, Layer

if TYPE_CHECKING:
    from napari_latent_explain.model.importing.generator_weights import GeneratorWeights

__all__ = ["is_rosinality", "plan_rosinality"]

_AVERAGE = "latent_avg"


def is_rosinality(weights: GeneratorWeights) -> bool:
    """Whether these are names of this family: a constant called input, and a first convolution."""
    return any(name.startswith(("input.", "to_rgb", "convs.")) for name in weights.tensors)


def _convolution(number: int) -> Layer:
    prefix = f"convs.{number - 1}" if number else "conv1"
    return Layer(
        f"{prefix}.conv.weight", f"{prefix}.activate.bias", f"{prefix}.conv.modulation", f"noises.noise_{number}",
        f"{prefix}.noise.weight",
    )  # fmt: skip


def _colours(number: int) -> Layer:
    prefix = f"to_rgbs.{number - 1}" if number else "to_rgb1"
    return Layer(f"{prefix}.conv.weight", f"{prefix}.bias", f"{prefix}.conv.modulation")


def plan_rosinality(weights: GeneratorWeights) -> GeneratorPlan:
    """Say where everything is.

    Raises
    ------
    BundleError
        If the generator has an odd number of convolutions, or works on wavelets.
    """
    names, checkpoint = weights.tensors, weights.checkpoint
    if any(".iwt." in name or ".dwt." in name or name.startswith("iwt.") for name in names):
        raise checkpoint.unsupported("works on wavelets (SWAGAN); only the StyleGAN2 architecture can be imported.")
    numbers = {int(found[1]) for name in names if (found := re.match(r"convs\.(\d{1,3})\.", name))}
    if len(numbers) % 2 or numbers != set(range(len(numbers))):
        raise checkpoint.unsupported("does not have two convolutions in every block; it can't be imported.")
    blocks = [Block((_convolution(0),), _colours(0))]
    blocks += [
        Block((_convolution(2 * k - 1), _convolution(2 * k)), _colours(k)) for k in range(1, len(numbers) // 2 + 1)
    ]
    layers = itertools.takewhile(lambda i: f"style.{i}.weight" in names, itertools.count(1))
    if weights.average is not None and sum(side > 1 for side in weights.average.size) == 1:  # not one for each layer
        names[_AVERAGE] = weights.average
    return GeneratorPlan(
        "rosinality stylegan2-pytorch",
        mapping=tuple(f"style.{i}" for i in layers),
        const="input.input",
        blocks=tuple(blocks),
        filters=tuple(name for name in names if name.endswith(".kernel")),
        average=_AVERAGE,
        scaled=True,
    )
