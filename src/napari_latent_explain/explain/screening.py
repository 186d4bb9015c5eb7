"""Which style coordinates are worth a real move: judged by gradients, one backward pass a photograph for all of them.

The gradient of the target's margin times the way to an end predicts what the move will do (Wu et al., CVPR 2021, section 4,
rank style channels by gradients in a like way). Where a photograph sits on a plateau of the classifier the gradient is 0
though the move is not without effect: so gradients are taken a second time from starts that were shifted, half of the
coordinates each a random part of its way to a random end, and a coordinate that either list likes is a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import silent
from napari_latent_explain.explain.ledger import BACKWARD
from napari_latent_explain.explain.probe import StyleMove, finite
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.probe import StyleProbe

__all__ = ["Screening", "screen"]

_MOVED = 2  # photographs in which coordinates are really moved where there are no gradients
_SHIFTED_SHARE = 0.5  # of the coordinates: shifting all at once would leave nothing of the eye


@dataclass(frozen=True, eq=False)
class Screening:
    """Predicted changes of the target's margin by moving each coordinate to each end.

    Parameters
    ----------
    plain : numpy.ndarray
        (P, 2, n) float32, from the photographs' own codes.
    shifted : numpy.ndarray
        (P, 2, n) float32, sums over the starts in which the coordinate was shifted towards that end.
    informed : numpy.ndarray
        (P, 2, n) float32, how many starts those were.
    columns : numpy.ndarray
        The coordinates that may be moved.
    """

    plain: NDArray[np.float32]
    shifted: NDArray[np.float32]
    informed: NDArray[np.float32]
    columns: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.plain)

    def predicted(self, move: StyleMove) -> NDArray[np.float32]:
        """Change of the margin by one move on each photograph (P,), from its own code."""
        return self.plain[:, move.end, move.column]

    def ranked(self, drawn: NDArray[np.int64] | None = None) -> list[StyleMove]:
        """Moves, best first: by the better of their ranks among the plain and, at half the weight, the shifted gradients.

        Parameters
        ----------
        drawn : numpy.ndarray, optional
            Photographs to judge by, perhaps several times the same; all if not given.
        """
        drawn = np.arange(len(self.plain)) if drawn is None else drawn
        plain = self.plain[drawn][:, :, self.columns].mean(axis=0, dtype=np.float64).ravel()
        informed = self.informed[drawn][:, :, self.columns].sum(axis=0, dtype=np.float64).ravel()
        shifted = self.shifted[drawn][:, :, self.columns].sum(axis=0, dtype=np.float64).ravel() / np.maximum(
            informed, 1
        )
        # Two of three candidates come from the plain gradients, which are the surer ones where there is no plateau.
        best = np.minimum(_ranks(plain), 2 * _ranks(shifted) + 0.5)
        order = np.argsort(best, kind="stable")
        return [StyleMove(int(self.columns[i % len(self.columns)]), int(i // len(self.columns))) for i in order]


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for the largest; those not above 0 predict nothing and come last."""
    ranks = np.empty(len(values))
    ranks[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return np.where(values > 0, ranks, ranks + len(values))


def screen(
    probe: StyleProbe,
    photographs: NDArray[np.int64],
    target: int,
    *,
    rng: np.random.Generator,
    columns: NDArray[np.int64],
    shifted_starts: int = 1,
    batch: int = 4,
    progress: Progress = silent,
) -> Screening:
    """Take the gradients of the target's margin on P photographs.

    A classifier that gives no gradients (`differentiable` False) has every coordinate really moved in two photographs instead.

    Cost: ``3 * P * (1 + shifted_starts)`` forward passes (a forward and a backward each); without gradients four for each
    coordinate. Memory: `batch` pictures with the activations that the backward pass needs (160 MB for each picture of 256 px),
    and 24 bytes for each photograph and coordinate.

    Raises
    ------
    DiscoveryError
        If the classifier gives numbers that are not finite.
    """
    if not getattr(probe.classify, "differentiable", True):
        return _without_gradients(probe, photographs[:_MOVED], target, columns, progress)
    shape = (len(photographs), 2, probe.explainer.layout.size)
    plain, shifted, informed = (np.zeros(shape, np.float32) for _ in range(3))
    rounds = 1 + shifted_starts
    for begin in range(0, len(photographs), batch):
        here = slice(begin, min(begin + batch, len(photographs)))
        who = torch.from_numpy(photographs[here]).to(probe.explainer.device)
        steps = probe.steps[:, who]
        plain[here] = _predicted(probe, who, steps, torch.zeros_like(steps[0]), target)
        for start in range(shifted_starts):
            progress("Screening style coordinates", (begin + len(who) * (start + 1) / rounds) / len(photographs))
            towards = rng.random(steps.shape[1:]) < 0.5  # to the high end, else to the low one
            moved = rng.random(steps.shape[1:]) < _SHIFTED_SHARE
            way = np.where(moved, rng.random(steps.shape[1:]), 0.0).astype(np.float32)
            high = torch.from_numpy(towards).to(who.device)
            shift = torch.where(high, steps[1], steps[0]) * torch.from_numpy(way).to(who.device)
            seen = np.stack([moved & ~towards, moved & towards], axis=1)
            shifted[here] += np.where(seen, _predicted(probe, who, steps, shift, target), 0)
            informed[here] += seen
        progress("Screening style coordinates", min(1.0, (begin + batch) / len(photographs)))
    return Screening(plain, shifted, informed, columns)


def _without_gradients(
    probe: StyleProbe, photographs: NDArray[np.int64], target: int, columns: NDArray[np.int64], progress: Progress
) -> Screening:
    """Every coordinate really moved to both ends in a few photographs, for a classifier that gives no gradients."""
    moves = [StyleMove(int(column), end) for end in (0, 1) for column in columns]
    changes = probe.effects(moves, photographs, progress=progress, what="Screening style coordinates")[..., target]
    plain = np.zeros((len(photographs), 2, probe.explainer.layout.size), np.float32)
    plain[:, :, columns] = changes.reshape(2, len(columns), -1).transpose(2, 0, 1)
    return Screening(plain, plain, np.ones_like(plain), columns)


def _predicted(probe: StyleProbe, who: Tensor, steps: Tensor, shift: Tensor, target: int) -> NDArray[np.float32]:
    """Steps (2, B, n) times the gradient at the shifted codes: (B, 2, n)."""
    n = steps.shape[2]
    masks = probe.reference.masks[who]
    codes = probe.reference.codes[who].clone()
    codes[:, :n] += shift
    codes.requires_grad_(True)
    with torch.enable_grad():
        # Not clamped, as `reconstruct` does: where a pixel is over-exposed the gradient should still say which way is out.
        picture = probe.explainer.generator.synthesise(codes) * masks - (1 - masks)
        value = margin(finite(probe.classify(picture)), target).sum()
        (gradient,) = torch.autograd.grad(value, codes)
    probe.ledger.book(len(who) * (1 + BACKWARD))
    predicted: NDArray[np.float32] = (steps * gradient[None, :, :n]).transpose(0, 1).cpu().numpy()
    return predicted
