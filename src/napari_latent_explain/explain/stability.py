"""How often another draw of photographs would have found the same directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.explain.halving import corrected_mean, survivors

if TYPE_CHECKING:
    import numpy as np

    from napari_latent_explain.explain.halving import Halving
    from napari_latent_explain.explain.probe import StyleMove
    from napari_latent_explain.explain.screening import Screening

__all__ = ["selection_stability"]


def selection_stability(
    screening: Screening,
    halving: Halving,
    kept: int,
    *,
    rng: np.random.Generator,
    seeds: int,
    rescued: frozenset[StyleMove],
) -> dict[StyleMove, float]:
    """Share of seeds whose selection finds each finalist again.

    Every seed draws the selection photographs with replacement and repeats the selection on what was already measured: the
    screening's cut, every round's cut, and the last one to `kept`. No forward pass is spent. Moves that only the drawn
    photographs would have made candidates were never tried and can't push a finalist out: the shares err upward.

    Parameters
    ----------
    screening, halving : Screening, Halving
        Of one target.
    kept : int
        How many directions the selection keeps.
    rng : numpy.random.Generator
        Draws the photographs.
    seeds : int
        How many draws.
    rescued : frozenset of StyleMove
        Candidates that did not come from the ranking by gradients; they pass the screening's cut in every draw.
    """
    if not seeds:
        return {}
    found = dict.fromkeys(halving.finalists, 0)
    candidates = halving.rounds[0][0]
    for _ in range(seeds):
        drawn = rng.integers(0, len(screening), len(screening))
        alive = set(screening.ranked(drawn)[:candidates]) | rescued
        moves = [move for move in halving.changes if move in alive]
        for (_, many), (count, _) in zip(halving.rounds, [*halving.rounds[1:], (kept, 0)], strict=True):
            again = rng.integers(0, many, many)
            tried = {
                move: corrected_mean(halving.changes[move][:many], halving.predicted[move], again)
                for move in moves
                if len(halving.changes[move]) >= many
            }
            moves = survivors(tried, count)
        for move in moves:
            if move in found:
                found[move] += 1
    return {move: count / seeds for move, count in found.items()}
