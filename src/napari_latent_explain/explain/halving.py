"""Candidates really moved, few photographs first: the better half goes on to twice as many.

Successive halving (Karnin et al., ICML 2013; Jamieson and Talwalkar, AISTATS 2016) with exact effects: what was measured in
one round is kept for the next, so that a finalist is measured on every photograph once.

A few photographs are a noisy sample. What the gradients predict is known for many more, so that a round's mean is corrected by
what they say of its photographs against all of them: the regression estimator of sampling surveys (Cochran, Sampling
Techniques, 3rd edition 1977, section 7.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import portion, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.probe import StyleMove, StyleProbe

__all__ = ["Halving", "corrected_mean", "halve", "halving_rounds", "survivors"]

_FEWEST = 4  # photographs that a first round has at least


@dataclass(frozen=True, eq=False)
class Halving:
    """What the rounds found.

    Parameters
    ----------
    photographs : numpy.ndarray
        (P,) in the order in which they were used.
    changes : mapping
        For every move that was tried, the change of the target's margin on the first photographs, as many as it got.
    predicted : mapping
        For every move that was tried, what its gradients predict on the first photographs, as many as gradients were taken on.
    finalists : tuple of StyleMove
        The last round's, best first.
    rounds : tuple of (int, int)
        Candidates and photographs of each round.
    """

    photographs: NDArray[np.int64]
    changes: Mapping[StyleMove, NDArray[np.float64]]
    predicted: Mapping[StyleMove, NDArray[np.float32]]
    finalists: tuple[StyleMove, ...]
    rounds: tuple[tuple[int, int], ...]

    def effect(self, move: StyleMove) -> float:
        """Mean change of the margin."""
        return float(self.changes[move].mean())

    def table(self, moves: Sequence[StyleMove]) -> NDArray[np.float64]:
        """Changes of finalists (M, P)."""
        return np.stack([self.changes[move] for move in moves])


def halving_rounds(candidates: int, photographs: int, finalists: int) -> tuple[tuple[int, int], ...]:
    """Candidates and photographs of each round, from all candidates on few photographs to the finalists on all of them.

    >>> halving_rounds(96, 24, 24)
    ((96, 6), (48, 12), (24, 24))
    """
    finalists = min(finalists, candidates)
    counts = [candidates]
    while counts[-1] > finalists:
        counts.append(max(finalists, -(-counts[-1] // 2)))
    many = [max(min(_FEWEST, photographs), photographs // 2 ** (len(counts) - 1 - i)) for i in range(len(counts))]
    return tuple(zip(counts, many, strict=True))


def corrected_mean(
    changes: NDArray[np.float64], predicted: NDArray[np.float32], drawn: NDArray[np.int64] | None = None
) -> float:
    """Mean change on all photographs that have a prediction, estimated from those that the move was made on.

    Parameters
    ----------
    changes : numpy.ndarray
        (K,) on the first K photographs.
    predicted : numpy.ndarray
        (G,) on the first G photographs; if there are no more than K, there is nothing to correct by.
    drawn : numpy.ndarray, optional
        Of the first K, perhaps several times the same, to take for a round's; all if not given.
    """
    drawn = np.arange(len(changes)) if drawn is None else drawn
    measured = changes[drawn]
    if len(predicted) <= len(changes):
        return float(measured.mean())
    guess = predicted[drawn].astype(np.float64)
    deviation = guess - guess.mean()
    slope = float(deviation @ (measured - measured.mean())) / max(float(deviation @ deviation), 1e-12)
    # A gradient that predicts too much, or the contrary, must not lead astray.
    return float(measured.mean() - np.clip(slope, 0, 1) * (guess.mean() - predicted.mean(dtype=np.float64)))


def survivors(effects: Mapping[StyleMove, float], count: int) -> list[StyleMove]:
    """Return the `count` moves of the largest effect, best first."""
    return sorted(effects, key=lambda move: (-effects[move], move))[:count]


def halve(
    probe: StyleProbe,
    moves: Sequence[StyleMove],
    photographs: NDArray[np.int64],
    target: int,
    finalists: int,
    *,
    predicted: Mapping[StyleMove, NDArray[np.float32]] | None = None,
    progress: Progress = silent,
) -> Halving:
    """Find the moves that raise the target's margin most.

    Parameters
    ----------
    probe, moves, photographs, target : StyleProbe, sequence of StyleMove, numpy.ndarray, int
        What is moved in which photographs (P,), in the order in which they are used, and the class whose margin counts.
    finalists : int
        How many moves are measured on all photographs.
    predicted : mapping, optional
        For each move its predicted changes on the first photographs; without it, means are not corrected.
    progress : Progress
        Told at every batch.

    Cost: about ``len(moves) * P / 2**k`` forward passes for each of the k rounds (see `halving_rounds`), as good as equal:
    96 candidates to 24 finalists on 24 photographs take 1,152 instead of 2,304.
    """
    rounds = halving_rounds(len(moves), len(photographs), finalists)
    alive, done = list(moves), 0
    changes: dict[StyleMove, NDArray[np.float64]] = {move: np.zeros(0) for move in alive}
    known = {move: np.zeros(0, np.float32) for move in alive} if predicted is None else dict(predicted)
    for number, (count, many) in enumerate(rounds):
        if number:
            alive = survivors({move: corrected_mean(changes[move], known[move]) for move in alive}, count)
        told = portion(progress, number / len(rounds), (number + 1) / len(rounds))
        found = probe.effects(alive, photographs[done:many], progress=told, what="Moving the candidates")
        for move, values in zip(alive, found[..., target], strict=True):
            changes[move] = np.concatenate([changes[move], values])
        done = many
    last = survivors({move: float(changes[move].mean()) for move in alive}, finalists)
    return Halving(photographs, changes, known, tuple(last), rounds)
