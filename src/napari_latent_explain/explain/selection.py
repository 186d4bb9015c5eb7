"""The choice of directions, on the selection photographs alone: screening, groups of styles, halving.

A gradient says what a small step does, and for its reverse the contrary. A strong coordinate may raise the target at both ends
all the same, so that the reverses of the best candidates are candidates too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import portion, silent
from napari_latent_explain.explain.halving import Halving, halve
from napari_latent_explain.explain.screening import Screening, screen
from napari_latent_explain.explain.style_groups import group_effects, style_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.probe import StyleMove, StyleProbe
    from napari_latent_explain.explain.search_settings import SearchSettings

__all__ = ["SEARCH_STAGES", "Selection", "select_moves"]

SEARCH_STAGES = ("reconstructions", "screening", "groups", "halving")
"""Stages of the ledger that find directions; all others gather evidence for them."""
_MEMBERS = 3  # of a strong group that become candidates again
_REVERSED = 4  # of the best quarter of the candidates the reverses are candidates too


@dataclass(frozen=True, eq=False)
class Selection:
    """What was looked at for one class, and who came through.

    `rescued` are candidates from strong groups, `reversed` those whose reverse is among the best.
    """

    screening: Screening
    rescued: frozenset[StyleMove]
    reversed: frozenset[StyleMove]
    halving: Halving

    @property
    def screened(self) -> int:
        """Moves that the gradients judged."""
        return 2 * len(self.screening.columns)

    def rejected(self) -> list[StyleMove]:
        """Moves that were never really made."""
        return [move for move in sorted(self.screening.ranked()) if move not in self.halving.changes]


def select_moves(
    probe: StyleProbe,
    away: NDArray[np.int64],
    target: int,
    *,
    rng: np.random.Generator,
    settings: SearchSettings,
    columns: NDArray[np.int64],
    progress: Progress = silent,
) -> Selection:
    """Choose moves that raise the target's margin in the photographs `away` from it.

    Cost: see `screen`, `group_effects` and `halve`. With 460 coordinates and the fitted settings about 1,100 forward passes,
    where moving every coordinate to both ends in 250 photographs takes 235,000.
    """
    ledger = probe.ledger
    with ledger.during("reconstructions"):
        _ = probe.starts
    order = rng.permutation(away)
    with ledger.during("screening"):
        screening = screen(
            probe, order[: settings.gradients], target, rng=rng, columns=columns,
            shifted_starts=settings.shifted_starts, batch=max(1, settings.batch // 4), progress=portion(progress, 0.0, 0.3),
        )  # fmt: skip
    candidates = screening.ranked()[: settings.screened]
    best = candidates[: settings.screened // _REVERSED]
    reverses = [move.reversed for move in best if move.reversed not in candidates]
    rescued: list[StyleMove] = []
    if settings.groups:
        with ledger.during("groups"):
            already = {*candidates, *reverses}
            rescued = _rescued(probe, order, target, already, settings, columns, portion(progress, 0.3, 0.4))
    with ledger.during("halving"):
        candidates = candidates[: max(1, settings.screened - len(rescued) - len(reverses))] + reverses + rescued
        halving = halve(
            probe, candidates, order[: settings.selection], target, settings.tested,
            predicted={move: screening.predicted(move) for move in candidates}, progress=portion(progress, 0.4, 1.0),
        )  # fmt: skip
    return Selection(screening, frozenset(rescued), frozenset(reverses), halving)


def _rescued(
    probe: StyleProbe,
    order: NDArray[np.int64],
    target: int,
    candidates: set[StyleMove],
    settings: SearchSettings,
    columns: NDArray[np.int64],
    progress: Progress,
) -> list[StyleMove]:
    """The strongest members, not candidates yet, of the groups that raise the target most: an eighth of the candidates."""
    groups = style_groups(probe.explainer, columns, settings.groups)
    effects = group_effects(probe, groups, order[: settings.group_photographs // 2], target, progress=progress)
    found: list[StyleMove] = []
    for index in np.argsort(-effects, kind="stable"):
        if effects[index] <= 0 or len(found) >= settings.screened // 8:
            break
        found += [move for move in groups[index].members(_MEMBERS) if move not in candidates and move not in found]
    return found[: settings.screened // 8]
