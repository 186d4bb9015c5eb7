"""How many directions a classifier would have that has learned nothing: a control.

Adebayo et al., NeurIPS 2018 (sanity checks for saliency maps) randomise a network from the top; here the last layer is
re-drawn. Its weights are permuted within each class, so that their number, size and distribution stay, and only what they
mean is lost.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from napari_latent_explain.explain.probe import StyleProbe
from napari_latent_explain.explain.screening import screen
from napari_latent_explain.model.batches import in_batches

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.explain.ledger import Ledger
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["RandomisedClassifier", "false_discoveries", "randomise"]


@dataclass(frozen=True, eq=False)
class RandomisedClassifier:
    """A network with a re-drawn last layer, and what is added to its logits (C,) so that it prefers no class more than before."""

    network: nn.Module
    offset: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Pictures (N, 3, R, R) to logits (N, C)."""
        logits: Tensor = self.network(x) + self.offset
        return logits


def randomise(
    classifier: object, pictures: Tensor, logits: Tensor, rng: np.random.Generator
) -> tuple[RandomisedClassifier, Tensor] | None:
    """Return a copy with a re-drawn last linear layer, and its logits (N, C); None if the classifier has no such layer.

    Parameters
    ----------
    classifier : torch.nn.Module
        Not changed.
    pictures, logits : torch.Tensor
        Pictures (N, 3, R, R), and what the classifier itself says of them (N, C): the copy's mean logits are made the same.
    rng : numpy.random.Generator
        Draws the permutation.
    """
    if not isinstance(classifier, nn.Module) or not getattr(classifier, "differentiable", True):
        return None
    network = copy.deepcopy(classifier)
    last = next((module for module in reversed(list(network.modules())) if isinstance(module, nn.Linear)), None)
    if last is None:
        return None
    with torch.no_grad():
        for row in last.weight:
            row.copy_(row[torch.from_numpy(rng.permutation(len(row))).to(row.device)])
        said = in_batches(network, pictures)
    offset = logits.mean(dim=0) - said.mean(dim=0)
    return RandomisedClassifier(network, offset), said + offset


def false_discoveries(
    explainer: Explainer,
    reference: ReferenceSet,
    target: int,
    bar: float,
    *,
    rng: np.random.Generator,
    columns: NDArray[np.int64],
    candidates: int,
    photographs: int,
    ledger: Ledger,
) -> int | None:
    """Directions of a randomised classifier whose mean effect reaches the bar; None if it can't be randomised.

    They are sought as the real ones are: screened by their own gradients, the best `candidates` really moved, on
    `photographs` photographs.

    Cost: N forward passes for the N photographs, 3 and ``1 + candidates`` for each of `photographs`. Memory: a second
    classifier.
    """
    randomised = randomise(explainer.classifier, reference.pictures, reference.logits, rng)
    if randomised is None:
        return None
    classify, logits = randomised
    ledger.book(len(reference))
    away = reference.with_logits(logits).away_from(target)
    away = away.take(torch.from_numpy(rng.permutation(len(away))[:photographs]).to(explainer.device))
    if len(away) == 0:
        return 0
    probe, everyone = StyleProbe(explainer, away, classify, ledger), np.arange(len(away))
    moves = screen(probe, everyone, target, rng=rng, columns=columns, shifted_starts=0).ranked()[:candidates]
    effects = probe.effects(moves, everyone)[..., target].mean(axis=1)
    return int((effects >= bar).sum())
