"""Whether the networks of a bundle are what its metadata say, found out without making anything much larger than its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_latent_explain.model.bounded_making import BoundedMaking
from napari_latent_explain.model.encoder import EncoderConfig, FundusEncoder
from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator
from napari_latent_explain.model.network_builder import numbers_for
from napari_latent_explain.model.published_generator import PublishedConfig, PublishedGenerator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

__all__ = ["made_for", "unlike"]

Network = StyleGenerator | PublishedGenerator | FundusEncoder


def made_for(config: GeneratorConfig | PublishedConfig | EncoderConfig, state: Mapping[str, Tensor]) -> Network:
    """An untrained network of this shape, if it is not larger than these weights; torch's random numbers stay as they were.

    Raises
    ------
    ValueError
        If there is no network of this shape, or it is larger.
    """
    try:
        with torch.random.fork_rng(devices=[]), BoundedMaking(numbers_for(state)):
            if isinstance(config, EncoderConfig):
                return FundusEncoder(config)
            return PublishedGenerator(config) if isinstance(config, PublishedConfig) else StyleGenerator(config)
    except (ValueError, IndexError, TypeError, ArithmeticError, RuntimeError) as error:
        msg = f"no network can have this shape ({str(error).splitlines()[0][:120] if str(error) else type(error).__name__})"
        raise ValueError(msg) from error


def unlike(network: Network, state: Mapping[str, Tensor]) -> str:
    """What of `state` does not fit the network: the name of a weight that is missing, left over, or of another shape or type."""
    wanted = network.state_dict()
    for name in sorted(wanted.keys() | state.keys()):
        own, found = wanted.get(name), state.get(name)
        if own is None or found is None or own.shape != found.shape:
            return name
        if own.is_floating_point() != found.is_floating_point():
            return name
    return ""
