"""How many directions a classifier would have that has learned nothing: a control.

Adebayo et al., NeurIPS 2018 (sanity checks for saliency maps) randomise a network from the top; here the last layer is
re-drawn. Its weights are permuted within each class, so that their number, size and distribution stay, and only what they
mean is lost. What it says is then scaled: a head whose log odds differ twice as much among the same photographs would make
every move look twice as strong.
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
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.explain.ledger import Ledger
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["RandomisedClassifier", "chance_effects", "false_discovery_rate", "randomise"]

_SAME = 1e-6  # logits that differ by less are one answer


@dataclass(frozen=True, eq=False)
class RandomisedClassifier:
    """A network with a re-drawn last layer; its logits are multiplied by `scale`, and `offset` (C,) is added, so that it is as
    sure as the real one and prefers no class more.
    """

    network: nn.Module
    scale: float
    offset: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Pictures (N, 3, R, R) to logits (N, C)."""
        logits: Tensor = self.network(x) * self.scale + self.offset
        return logits


def _spread(logits: Tensor) -> Tensor:
    """How much logits (N, C) differ among photographs, apart from what all classes share: with two classes, the standard
    deviation of the log odds but for a factor.
    """
    relative = logits - logits.mean(dim=1, keepdim=True)
    return (relative - relative.mean(dim=0)).square().mean().sqrt()


def randomise(
    classifier: object, pictures: Tensor, logits: Tensor, rng: np.random.Generator
) -> tuple[RandomisedClassifier, Tensor] | None:
    """Return a copy with a re-drawn last linear layer, and its logits (N, C); None if the classifier has no such layer.

    Parameters
    ----------
    classifier : torch.nn.Module
        Not changed.
    pictures, logits : torch.Tensor
        Pictures (N, 3, R, R), and what the classifier itself says of them (N, C): the copy's mean logits, and the spread of
        its log odds, are made the same.
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
    scale = float(_spread(logits) / _spread(said).clamp_min(_SAME))
    offset = logits.mean(dim=0) - scale * said.mean(dim=0)
    return RandomisedClassifier(network, scale, offset), scale * said + offset


def chance_effects(
    explainer: Explainer,
    reference: ReferenceSet,
    target: int,
    *,
    rng: np.random.Generator,
    columns: NDArray[np.int64],
    candidates: int,
    photographs: int,
    ledger: Ledger,
) -> NDArray[np.float64] | None:
    """Mean effects, (candidates,) log odds, of the best moves of a randomised classifier; None if it can't be randomised.

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
        return np.zeros(0)
    probe, everyone = StyleProbe(explainer, away, classify, ledger), np.arange(len(away))
    moves = screen(probe, everyone, target, rng=rng, columns=columns, shifted_starts=0).ranked()[:candidates]
    effects: NDArray[np.float64] = probe.effects(moves, everyone)[..., target].mean(axis=1)
    return effects


def false_discovery_rate(found: Sequence[float], by_chance: Sequence[NDArray[np.float64]], bar: float) -> float:
    """How many moves reach a bar with a classifier that has learned nothing, over how many do with the real one; at most 1.

    Parameters
    ----------
    found : sequence of float
        Mean effects of the real classifier's directions.
    by_chance : sequence of numpy.ndarray
        Those of each randomised classifier's best moves.
    bar : float
        Log odds that count as reached, in both.

    Notes
    -----
    Near 1, such a list says nothing about what the classifier has learned: any head gives one like it. It does not say that
    the effects aren't there. The step of the numerator is one over the number of randomised classifiers.
    """
    real = sum(effect >= bar for effect in found)
    if real == 0:
        return 0.0
    return min(1.0, float(np.mean([(effects >= bar).sum() for effects in by_chance])) / real)
