"""Photographs with their codes, on which directions are sought and measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import FEWEST_HELD_OUT, silent
from napari_latent_explain.latent import invert, reconstruct
from napari_latent_explain.model.batches import pictures_at_once
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["ReferenceSet", "encode_reference", "split_reference"]


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """N photographs: pictures (N, 3, R, R), fields (N, 1, R, R), codes (N, n), G(s) (N, 3, R, R), logits f(x) (N, C).

    Memory: 7 float32 for each pixel (460 MB for 250 photographs of 256 px).
    """

    pictures: Tensor
    masks: Tensor
    codes: Tensor
    bases: Tensor
    logits: Tensor
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, chosen: Tensor) -> ReferenceSet:
        """Return the subset (indices or a mask)."""
        kept = torch.arange(len(self), device=chosen.device)[chosen].tolist() if self.names else ()
        return ReferenceSet(
            self.pictures[chosen], self.masks[chosen], self.codes[chosen], self.bases[chosen], self.logits[chosen],
            tuple(self.names[i] for i in kept),
        )  # fmt: skip

    def name(self, index: int) -> str:
        """What a photograph is called: its file's name, or its number where there are no names."""
        return self.names[index] if self.names else f"photograph {index + 1}"

    def with_logits(self, logits: Tensor) -> ReferenceSet:
        """Return the same photographs as another classifier sees them."""
        return replace(self, logits=logits)

    def away_from(self, target: int) -> ReferenceSet:
        """Those whose decision is not `target`."""
        return self.take(margin(self.logits, target) < 0)


def encode_reference(
    explainer: Explainer,
    pictures: Tensor,
    masks: Tensor,
    *,
    steps: int = 0,
    names: tuple[str, ...] = (),
    progress: Progress = silent,
) -> ReferenceSet:
    """Find the codes of photographs (N, 3, R, R) with fields (N, 1, R, R), refined by `steps` Adam steps each."""
    codes, bases, logits = [], [], []
    size = 1 if steps else pictures_at_once(explainer.device, explainer.resolution)
    for start in range(0, len(pictures), size):
        x, mask = pictures[start : start + size], masks[start : start + size]
        progress("Encoding the reference photographs", start / len(pictures))
        if steps:
            codes.append(invert(explainer, x, mask, steps=steps).code)
        else:
            with torch.no_grad():
                codes.append(explainer.encode(x))
        with torch.no_grad():
            bases.append(reconstruct(explainer, codes[-1], mask))
            logits.append(explainer.classifier(x))
    return ReferenceSet(pictures, masks, torch.cat(codes), torch.cat(bases), torch.cat(logits), names)


def split_reference(
    reference: ReferenceSet, held_out: float, rng: np.random.Generator
) -> tuple[ReferenceSet, ReferenceSet]:
    """Split into photographs to choose on and photographs to measure on, `held_out` of each decision among the latter.

    Where that would be fewer than `FEWEST_HELD_OUT`, more are held out, up to that number and to half of the decision's: an
    interval from fewer is too narrow, and a choice needs photographs too.
    """
    decided = reference.logits.argmax(dim=1).cpu().numpy()
    held = np.zeros(len(reference), dtype=bool)
    for decision in np.unique(decided):
        members = np.flatnonzero(decided == decision)
        count = max(round(held_out * len(members)), min(FEWEST_HELD_OUT, len(members) // 2))
        held[rng.permutation(members)[:count]] = True
    chosen = torch.from_numpy(held).to(reference.codes.device)
    return reference.take(~chosen), reference.take(chosen)
