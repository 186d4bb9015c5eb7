"""Names of stylegan2-ada-pytorch, and of StyleGAN2 as the StyleGAN3 repository saves it.

``mapping.fc{i}``, ``mapping.w_avg``; ``synthesis.b{r}.const`` of the first block; in each block ``conv0`` (doubles the size; not
in the first) and ``conv1`` with ``weight``, ``bias``, ``affine``, ``noise_const``, ``noise_strength``, and ``torgb`` with
``weight``, ``bias``, ``affine``; ``resample_filter`` here and there.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from napari_latent_explain.model.importing.generator_plan import Block, GeneratorPlan, Layer
from napari_latent_explain.model.importing.refusal import shown

if TYPE_CHECKING:
    from napari_latent_explain.model.importing.generator_weights import GeneratorWeights

__all__ = ["is_nvlabs", "plan_nvlabs"]

_CLAMP = 256.0  # every recipe of stylegan2-ada-pytorch sets it; a pickled module tells its own
_BLOCK = re.compile(r"synthesis\.b(\d{1,5})\.")
_CLAMPED = re.compile(r"synthesis\.b\d+\.(conv[01]|torgb)\.conv_clamp")


def is_nvlabs(weights: GeneratorWeights) -> bool:
    """Whether these are names of this family: those of a synthesis network."""
    return any(name.startswith("synthesis.") for name in weights.tensors)


def _refuse_other_architectures(weights: GeneratorWeights) -> None:
    checkpoint, names = weights.checkpoint, weights.tensors
    if any(re.match(r"synthesis\.(input\.|L\d+_)", name) for name in names):
        raise checkpoint.unsupported("is an alias-free StyleGAN3; only the StyleGAN2 architecture can be imported.")
    if weights.attributes.get("c_dim") or any(name.startswith("mapping.embed.") for name in names):
        raise checkpoint.unsupported("is a conditional generator, which takes labels; import one that takes none.")
    if any(re.fullmatch(r"synthesis\.b\d+\.skip\.weight", name) for name in names):
        raise checkpoint.unsupported("has the residual architecture; only the skip architecture can be imported.")
    for name, value in weights.attributes.items():
        own = name.rpartition(".")[2]
        if own == "activation" and value != ("linear" if name.endswith(".affine.activation") else "lrelu"):
            raise checkpoint.unsupported(f"has the activation '{shown(value)}' in {name}, which can't be imported.")
        if own == "img_channels" and value != 3:
            raise checkpoint.unsupported(f"draws {shown(value)} channels, not the three of a colour photograph.")


def _clamp(weights: GeneratorWeights) -> float | None:
    """What all convolutions are clamped to."""
    found = {value for name, value in weights.attributes.items() if _CLAMPED.fullmatch(name)} or {_CLAMP}
    value = found.pop()
    if found or not (value is None or (isinstance(value, int | float) and value > 0)):
        raise weights.checkpoint.unsupported("clamps its layers in different ways; it can't be imported.")
    return None if value is None else float(value)


def _layer(prefix: str) -> Layer:
    return Layer(
        f"{prefix}.weight", f"{prefix}.bias", f"{prefix}.affine", f"{prefix}.noise_const", f"{prefix}.noise_strength"
    )


def plan_nvlabs(weights: GeneratorWeights) -> GeneratorPlan:
    """Say where everything is.

    Raises
    ------
    BundleError
        If the generator is conditional, of another architecture, or does not double its size from block to block.
    """
    _refuse_other_architectures(weights)
    resolutions = sorted({int(found[1]) for name in weights.tensors if (found := _BLOCK.match(name))})
    if not resolutions or resolutions != [resolutions[0] << k for k in range(len(resolutions))]:
        raise weights.checkpoint.unsupported(
            f"has blocks of {shown(resolutions)} px; each must be twice the one before."
        )
    blocks = tuple(
        Block(
            tuple(_layer(f"synthesis.b{r}.{name}") for name in (("conv1",) if not i else ("conv0", "conv1"))),
            _layer(f"synthesis.b{r}.torgb"),
        )
        for i, r in enumerate(resolutions)
    )
    layers = itertools.takewhile(lambda i: f"mapping.fc{i}.weight" in weights.tensors, itertools.count())
    return GeneratorPlan(
        "stylegan2-ada-pytorch",
        mapping=tuple(f"mapping.fc{i}" for i in layers),
        const=f"synthesis.b{resolutions[0]}.const",
        blocks=blocks,
        filters=tuple(name for name in weights.tensors if name.endswith(".resample_filter")),
        average="mapping.w_avg",
        clamp=_clamp(weights),
    )
