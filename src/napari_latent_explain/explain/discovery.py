"""Which style coordinates change the classifier's mind, with the evidence for each.

1. Choice, on the selection photographs: gradients in both signs, also from shifted starts (`screening`); groups of styles
   (`style_groups`); real moves by successive halving (`halving`).
2. Evidence, on held-out photographs of the other class, on the composite x + (G(s') - G(s)): mean effects with bootstrap
   95 % intervals; a direction whose interval of the logit effect holds 0 is dropped; near duplicates are merged.
3. What the whole is worth, in a full discovery: what was missed (`controls`), what a classifier that has learned nothing
   would have given (`randomised_classifier`), whether other photographs would have given the same (`stability`), and how
   many decisions the directions change together (`cover`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import DirectionAtlas, DiscoveryError, TargetSearch, portion, silent
from napari_latent_explain.explain.controls import Missed, estimate_missed
from napari_latent_explain.explain.cover import flipped_jointly, greedy_cover
from napari_latent_explain.explain.evidence import direction_of, measure_move, move_id
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.preconditions import check_searchable
from napari_latent_explain.explain.probe import StyleMove, StyleProbe
from napari_latent_explain.explain.randomised_classifier import false_discoveries
from napari_latent_explain.explain.search_settings import SearchSettings
from napari_latent_explain.explain.selection import Selection, select_moves
from napari_latent_explain.explain.stability import selection_stability
from napari_latent_explain.explain.verification import VerifiedMove, best_first, verify_moves
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress, StyleDirection
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Discovery", "SearchSettings", "discover", "find_directions", "run_discovery"]

_CLEARANCE = 0.1  # log odds a little beyond the boundary
_PUBLISHED_NEED = 1.0  # log odds after which AttFind calls a photograph explained


def find_directions(
    explainer: Explainer,
    selection: ReferenceSet,
    held_out: ReferenceSet,
    target: int,
    *,
    rng: np.random.Generator,
    settings: SearchSettings | None = None,
    progress: Progress = silent,
) -> tuple[StyleDirection, ...]:
    """Find single coordinates that raise class `target`, best first by their held-out effect: steps 1 and 2 alone.

    Parameters
    ----------
    explainer : Explainer
        The model (its atlas is not used).
    selection, held_out : ReferenceSet
        Photographs to choose on and, disjoint, photographs to measure on; only those of another predicted class count.
    target : int
        Index of the class to raise.
    rng : numpy.random.Generator
        For the choice of selection photographs, the shifted starts and the bootstrap.
    settings : SearchSettings, optional
        How wide to look; groups, controls and seeds are not used here.
    progress : Progress
        Told at every batch.

    Returns
    -------
    tuple of StyleDirection
        None at all where no photograph is of another class.

    Raises
    ------
    DiscoveryError
        If the classifier gives numbers that are not finite.

    Notes
    -----
    Cost, with the default settings and as many photographs as they ask for: about 1,500 forward passes to choose and at most
    24 for each held-out photograph.
    """
    settings = settings or SearchSettings()
    away, test = selection.away_from(target), held_out.away_from(target)
    if len(away) == 0 or len(test) == 0:
        return ()
    chosen = select_moves(
        StyleProbe(explainer, away, explainer.classifier, batch=settings.batch), np.arange(len(away)), target,
        rng=rng, settings=replace(settings, groups=0), columns=np.arange(explainer.layout.size),
        progress=portion(progress, 0.0, 0.7),
    )  # fmt: skip
    probe = StyleProbe(explainer, test, explainer.classifier, batch=settings.batch)
    found = verify_moves(
        probe, chosen.halving.finalists, np.arange(len(test)), target,
        rng=rng, settings=settings, progress=portion(progress, 0.7, 1.0),
    )  # fmt: skip
    directions = [
        direction_of(
            probe, one.move, target, one.measured, one.interval,
            rng=rng, draws=settings.bootstrap, merged=one.merged,
        )
        for one in found
    ]  # fmt: skip
    return best_first(explainer, directions, target)


@dataclass(frozen=True, eq=False)
class Discovery:
    """A direction atlas, what it cost, and the mean effect of every move that was really made, for each class."""

    atlas: DirectionAtlas
    ledger: Ledger
    effects: dict[int, dict[StyleMove, float]]


@dataclass(frozen=True, eq=False)
class _Search:
    """What stays the same for all classes."""

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

    def false_discovery_rate(self, target: int, bar: float, count: int) -> float | None:
        """Directions of classifiers that have learned nothing, at the same bar, over `count` real ones."""
        if not count or not self.settings.randomised:
            return None
        with self.ledger.during("randomised classifier"):
            found = [
                false_discoveries(
                    self.explainer, self.chosen_on.reference, target, bar, rng=self.rng, columns=self.columns,
                    candidates=count, photographs=self.settings.group_photographs, ledger=self.ledger,
                )
                for _ in range(self.settings.randomised)
            ]  # fmt: skip
        known = [number for number in found if number is not None]
        return min(1.0, float(np.mean(known)) / count) if known else None

    def written(
        self, found: Sequence[VerifiedMove], stability: dict[StyleMove, float], target: int
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
                        draws=self.settings.bootstrap, reverse=back, stability=stability.get(one.move), merged=one.merged,
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
        rate = self.false_discovery_rate(target, bar, sum(1 + len(one.merged) for one in found))
        stability = selection_stability(
            chosen.screening, halving, settings.kept, rng=self.rng, seeds=settings.seeds, rescued=chosen.rescued
        )
        directions = self.written(found, stability, target)
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
            missed_interval=missed.interval, controls=len(missed.effects), false_discovery_rate=rate,
            cover=tuple(move_id(self.explainer, move, target) for move in cover), explained=float(flipped.mean()),
        )  # fmt: skip
        return directions, search, {move: halving.effect(move) for move in halving.changes} | missed.effects


def run_discovery(
    explainer: Explainer,
    selection: ReferenceSet,
    held_out: ReferenceSet,
    *,
    rng: np.random.Generator,
    settings: SearchSettings | None = None,
    columns: NDArray[np.int64] | None = None,
    progress: Progress = silent,
) -> Discovery:
    """Do what `discover` does, and keep what was measured on the way."""
    check_searchable(explainer, selection, "selection")
    check_searchable(explainer, held_out, "held-out")
    columns = np.arange(explainer.layout.size) if columns is None else np.sort(columns)
    settings = settings or SearchSettings.fitted(len(columns))
    ledger = Ledger()
    chosen_on, measured_on = (
        StyleProbe(explainer, part, explainer.classifier, ledger, settings.batch) for part in (selection, held_out)
    )
    search = _Search(explainer, chosen_on, measured_on, rng, settings, columns, ledger)
    directions: list[StyleDirection] = []
    searches, effects = [], {}
    count = len(explainer.classes)
    for target, name in enumerate(explainer.classes):

        def told(what: str, done: float, target: int = target, name: str = name) -> None:
            progress(f"Towards '{name}': {what}", (target + done) / count)

        found, searched, effects[target] = search.towards(target, told)
        directions += found
        searches.append(searched)
    if not any(searched.explained for searched in searches):
        msg = (
            f"No directions: none of the {len(held_out)} held-out photographs changes its decision under the directions "
            "found, moved as far as real eyes go; use more photographs, or a model that can draw what the classifier looks for."
        )
        raise DiscoveryError(msg)
    atlas = DirectionAtlas(
        classes=explainer.classes, directions=tuple(directions), searched=2 * len(columns),
        searches=tuple(searches), forwards=tuple(ledger.forwards.items()),
    )  # fmt: skip
    return Discovery(atlas, ledger, effects)


def discover(
    explainer: Explainer,
    selection: ReferenceSet,
    held_out: ReferenceSet,
    *,
    rng: np.random.Generator,
    settings: SearchSettings | None = None,
    columns: NDArray[np.int64] | None = None,
    progress: Progress = silent,
) -> DirectionAtlas:
    """Find the directions of all classes, with all evidence for them.

    Parameters
    ----------
    explainer : Explainer
        The model (its atlas is not used).
    selection, held_out : ReferenceSet
        Photographs to choose on and, disjoint, photographs to measure on.
    rng : numpy.random.Generator
        For everything random: the same generator gives the same atlas.
    settings : SearchSettings, optional
        How wide to look; fitted to the number of coordinates if not given.
    columns : numpy.ndarray, optional
        Coordinates to search; all if not given.
    progress : Progress
        Told at every batch; may raise `Cancelled`, which leaves nothing behind.

    Returns
    -------
    DirectionAtlas
        The hashes of the networks' files are left empty: the caller knows where the model came from.

    Raises
    ------
    DiscoveryError
        If the photographs are all decided alike, the classifier is constant or gives numbers that are not finite, or no
        held-out photograph changes its decision.

    Notes
    -----
    Cost: about 2,000 forward passes a class to choose (see `select_moves`), and for the evidence 512 and, for each held-out
    photograph, up to 26; the atlas says how many each stage took. Memory: the photographs (see `ReferenceSet`) and a batch of
    pictures with their activations; no picture of a move is kept. Under 2 GB for 250 photographs of 256 px.
    """
    return run_discovery(
        explainer, selection, held_out, rng=rng, settings=settings, columns=columns, progress=progress
    ).atlas
