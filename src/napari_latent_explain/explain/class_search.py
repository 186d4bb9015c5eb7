"""Everything that is sought and measured for one class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import TargetSearch, portion
from napari_latent_explain.explain.controls import Missed, estimate_missed
from napari_latent_explain.explain.cover import flipped_jointly, greedy_cover
from napari_latent_explain.explain.evidence import direction_of, measure_move, move_id
from napari_latent_explain.explain.randomised_classifier import chance_effects, false_discovery_rate
from napari_latent_explain.explain.selection import Selection, select_moves
from napari_latent_explain.explain.stability import selection_stability
from napari_latent_explain.explain.verification import VerifiedMove, best_first, verify_moves
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress, StyleDirection
    from napari_latent_explain.explain.ledger import Ledger
    from napari_latent_explain.explain.probe import StyleMove, StyleProbe
    from napari_latent_explain.explain.search_settings import SearchSettings
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["ClassSearch"]

_CLEARANCE = 0.1  # log odds a little beyond the boundary
_PUBLISHED_NEED = 1.0  # log odds after which AttFind calls a photograph explained


@dataclass(frozen=True, eq=False)
class ClassSearch:
    """What stays the same for all classes: the model, the photographs to choose on and to measure on, settings, accounts."""

    explainer: Explainer
    chosen_on: StyleProbe
    measured_on: StyleProbe
    rng: np.random.Generator
    settings: SearchSettings
    columns: NDArray[np.int64]
    ledger: Ledger

    def away(self, probe: StyleProbe, target: int) -> NDArray[np.int64]:
        """Photographs that are not decided for the target."""
        return np.flatnonzero((margin(probe.reference.logits, target) < 0).cpu().numpy())

    def missed(self, chosen: Selection, target: int, bar: float, progress: Progress) -> Missed:
        """Estimate what the screening missed."""
        photographs = chosen.halving.photographs[: self.settings.group_photographs]
        with self.ledger.during("controls"):
            return estimate_missed(
                self.chosen_on, chosen.rejected(), photographs, target, bar,
                rng=self.rng, controls=self.settings.controls, progress=progress,
            )  # fmt: skip

    def by_chance(self, target: int) -> list[NDArray[np.float64]]:
        """Effects of the best moves of classifiers that have learned nothing; none at all if it can't be randomised."""
        with self.ledger.during("randomised classifier"):
            found = [
                chance_effects(
                    self.explainer, self.chosen_on.reference, target, rng=self.rng, columns=self.columns,
                    candidates=self.settings.tested, photographs=self.settings.group_photographs, ledger=self.ledger,
                )
                for _ in range(self.settings.randomised)
            ]  # fmt: skip
        return [effects for effects in found if effects is not None]

    def written(
        self,
        found: Sequence[VerifiedMove],
        stability: dict[StyleMove, float],
        rates: dict[StyleMove, float],
        target: int,
    ) -> tuple[StyleDirection, ...]:
        """Write the directions down, each also moved back in photographs of the target."""
        settled = np.setdiff1d(np.arange(len(self.measured_on.reference)), self.away(self.measured_on, target))
        written = []
        with self.ledger.during("evidence"):
            for one in found:
                back = measure_move(self.measured_on, one.move.reversed, settled, target) if len(settled) else None
                written.append(
                    direction_of(
                        self.measured_on, one.move, target, one.measured, one.interval, rng=self.rng,
                        draws=self.settings.bootstrap, reverse=back, stability=stability.get(one.move),
                        false_discovery_rate=rates.get(one.move), merged=one.merged,
                    )
                )  # fmt: skip
        return best_first(self.explainer, written, target)

    def towards(
        self, target: int, progress: Progress
    ) -> tuple[tuple[StyleDirection, ...], TargetSearch, dict[StyleMove, float]]:
        """Search the directions of one class, with all evidence."""
        settings = self.settings
        away, test = self.away(self.chosen_on, target), self.away(self.measured_on, target)
        chosen = select_moves(
            self.chosen_on, away, target,
            rng=self.rng, settings=settings, columns=self.columns, progress=portion(progress, 0.0, 0.6),
        )  # fmt: skip
        halving = chosen.halving
        with self.ledger.during("evidence"):
            found = verify_moves(
                self.measured_on, halving.finalists, test, target,
                rng=self.rng, settings=settings, progress=portion(progress, 0.6, 0.8),
            )  # fmt: skip
        moves = [one.move for one in found]
        bar = min((halving.effect(move) for move in moves), default=float("inf"))
        missed = self.missed(chosen, target, bar, portion(progress, 0.8, 0.85))
        by_chance = self.by_chance(target) if moves else []
        strengths = [halving.effect(move) for one in found for move in (one.move, *one.merged)]
        rates = {move: false_discovery_rate(strengths, by_chance, halving.effect(move)) for move in moves if by_chance}
        stability = selection_stability(
            chosen.screening,
            halving,
            settings.kept,
            rng=self.rng,
            seeds=settings.seeds,
            rescued=chosen.rescued | chosen.reversed,
        )
        directions = self.written(found, stability, rates, target)
        cover: list[StyleMove] = []
        if moves:
            shortfall = -self.chosen_on.starts[halving.photographs, target]
            needed = np.maximum(_PUBLISHED_NEED, shortfall + _CLEARANCE)
            cover = [moves[i] for i in greedy_cover(halving.table(moves), needed, settings.cover).chosen]
        with self.ledger.during("cover"):
            flipped = flipped_jointly(self.measured_on, cover, test, target, progress=portion(progress, 0.9, 1.0))
        search = TargetSearch(
            target=target, selection=len(away), held_out=len(test), screened=chosen.screened,
            tested=len(halving.changes), rescued=len(chosen.rescued), missed=missed.estimate,
            missed_interval=missed.interval, controls=len(missed.effects),
            false_discovery_rate=false_discovery_rate(strengths, by_chance, bar) if rates else None,
            cover=tuple(move_id(self.explainer, move, target) for move in cover), explained=float(flipped.mean()),
        )  # fmt: skip
        return directions, search, {move: halving.effect(move) for move in halving.changes} | missed.effects
