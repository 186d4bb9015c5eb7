"""Candidates really moved, few photographs first: the better half goes on to twice as many.

Successive halving (Karnin et al., ICML 2013; Jamieson and Talwalkar, AISTATS 2016) with exact effects: what was measured in
one round is kept for the next, so that a finalist is measured on every photograph once.
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

__all__ = ["Halving", "halve", "halving_rounds", "survivors"]

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
    finalists : tuple of StyleMove
        The last round's, best first.
    rounds : tuple of (int, int)
        Candidates and photographs of each round.
    """

    photographs: NDArray[np.int64]
    changes: Mapping[StyleMove, NDArray[np.float64]]
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


def survivors(
    changes: Mapping[StyleMove, NDArray[np.float64]], count: int, drawn: NDArray[np.int64] | None = None
) -> list[StyleMove]:
    """Return the `count` moves of the largest mean change, best first; over the photographs in `drawn`, if given."""
    means = {move: float((values if drawn is None else values[drawn]).mean()) for move, values in changes.items()}
    return sorted(means, key=lambda move: (-means[move], move))[:count]


def halve(
    probe: StyleProbe,
    moves: Sequence[StyleMove],
    photographs: NDArray[np.int64],
    target: int,
    finalists: int,
    *,
    progress: Progress = silent,
) -> Halving:
    """Find the moves that raise the target's margin most.

    Cost: about ``len(moves) * P / 2**k`` forward passes for each of the k rounds (see `halving_rounds`), as good as equal:
    96 candidates to 24 finalists on 24 photographs take 1,152 instead of 2,304.
    """
    rounds = halving_rounds(len(moves), len(photographs), finalists)
    alive, done = list(moves), 0
    changes: dict[StyleMove, NDArray[np.float64]] = {move: np.zeros(0) for move in alive}
    for number, (count, many) in enumerate(rounds):
        if number:
            alive = survivors({move: changes[move] for move in alive}, count)
        told = portion(progress, number / len(rounds), (number + 1) / len(rounds))
        found = probe.effects(alive, photographs[done:many], progress=told, what="Moving the candidates")
        for move, values in zip(alive, found[..., target], strict=True):
            changes[move] = np.concatenate([changes[move], values])
        done = many
    last = survivors({move: changes[move] for move in alive}, finalists)
    return Halving(photographs, changes, tuple(last), rounds)
