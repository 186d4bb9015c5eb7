"""Last layers that know nothing of the disease, on the features that the classifier has: what an explanation must beat.

An edit that a classifier's opinion follows says little if opinions that mean nothing would follow it as well (Adebayo et al.,
NeurIPS 2018, section 3: randomised models and randomised labels). `random` heads have weights drawn at random, `shuffled`
heads were fitted to the training photographs with their labels shuffled. All are scaled so that their log odds vary over the
training photographs as much as the classifier's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from napari_latent_explain.domain import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTROLS", "ControlHeads"]

CONTROLS = ("random", "shuffled")


@dataclass(frozen=True, eq=False)
class ControlHeads:
    """K heads of each kind: weights (K, C, F) and biases (K, C), by the names of `CONTROLS`."""

    weights: Mapping[str, Tensor]
    biases: Mapping[str, Tensor]

    def logits(self, features: Tensor) -> dict[str, Tensor]:
        """Features (N, F) to logits (K, N, C) of each kind of head."""
        return {
            name: torch.einsum("nf,kcf->knc", features, self.weights[name]) + self.biases[name][:, None]
            for name in CONTROLS
        }

    def tensors(self) -> dict[str, Tensor]:
        """Return them by name, as a bundle stores them."""
        return {f"{n}.weight": self.weights[n] for n in CONTROLS} | {f"{n}.bias": self.biases[n] for n in CONTROLS}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], classes: int) -> ControlHeads:
        """Take what a bundle stored.

        Raises
        ------
        BundleError
            If names or shapes are others.
        """
        weights = {n: tensors.get(f"{n}.weight") for n in CONTROLS}
        biases = {n: tensors.get(f"{n}.bias") for n in CONTROLS}
        for name in CONTROLS:
            weight, bias = weights[name], biases[name]
            if weight is None or bias is None or weight.ndim != 3 or weight.shape[1] != classes:
                break
            if bias.shape != weight.shape[:2]:
                break
        else:
            return cls(
                {n: w for n, w in weights.items() if w is not None}, {n: b for n, b in biases.items() if b is not None}
            )
        msg = "models/controls.safetensors holds no control heads for this classifier; the bundle is refused."
        raise BundleError(msg)
