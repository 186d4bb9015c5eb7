"""Fast discovery against the exhaustive search, on the same model and photographs, in one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from napari_latent_explain.domain import portion, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.explain.attfind import RankedMove, attfind, explaining_moves, ranked_moves
from napari_latent_explain.explain.cover import flipped_jointly
from napari_latent_explain.explain.discovery import Discovery, run_discovery
from napari_latent_explain.explain.evidence import move_id
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.probe import StyleProbe
from napari_latent_explain.explain.search_settings import SearchSettings
from napari_latent_explain.explain.selection import SEARCH_STAGES
from napari_latent_explain.model.batches import pictures_at_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_latent_explain.domain import DirectionAtlas, Progress
    from napari_latent_explain.explain.effect_table import EffectTable
    from napari_latent_explain.explain.probe import StyleMove
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["DiscoveryBenchmark", "benchmark_discovery"]

_TOP = 10
_NEGLIGIBLE = 0.01  # of the best move's effect: what is weaker is no direction that one could miss


class DiscoveryBenchmark(FrozenModel):
    """What the comparison gave, over all classes.

    Parameters
    ----------
    recall_at_10 : float
        Share of the exhaustive search's ten best moves of each class, by their mean effect on the selection photographs,
        that the fast search's atlas holds; a merged duplicate is held by the direction that stands for it. Moves with less
        than a hundredth of the best one's effect are not counted.
    spearman : float
        Rank correlation of mean effects over the moves that both searches really made, averaged over classes.
    forwards_ratio, wall_ratio : float
        Exhaustive over fast, to find directions; the evidence, which only the fast discovery gathers, is left out.
    forwards_ratio_with_evidence, wall_ratio_with_evidence : float
        The same with all that the fast discovery does.
    forwards_fast, forwards_exhaustive, forwards_evidence : int
        Forward passes; a backward pass counts as two.
    seconds_fast, seconds_exhaustive, seconds_evidence : float
        Wall time.
    explained_images_fast, explained_images_exhaustive : float
        Share of the held-out photographs of another class whose decision the directions of each search jointly change,
        really rendered: the same number of directions at most, moved in the order of its greedy choice.
    photographs, held_out, coordinates : int
        How large the comparison was.
    """

    recall_at_10: float
    spearman: float
    forwards_ratio: float
    wall_ratio: float
    forwards_ratio_with_evidence: float
    wall_ratio_with_evidence: float
    forwards_fast: int
    forwards_exhaustive: int
    forwards_evidence: int
    seconds_fast: float
    seconds_exhaustive: float
    seconds_evidence: float
    explained_images_fast: float
    explained_images_exhaustive: float
    photographs: int
    held_out: int
    coordinates: int


@dataclass(frozen=True)
class _Agreement:
    wanted: int
    held: int
    spearman: float


def _agreement(
    ranked: Sequence[RankedMove], held: set[str], names: Mapping[StyleMove, str], effects: Mapping[StyleMove, float]
) -> _Agreement:
    strong = [one for one in ranked[:_TOP] if one.effect > max(0.0, _NEGLIGIBLE * ranked[0].effect)]
    exact = {one.move: one.effect for one in ranked}
    both = [(exact[move], effect) for move, effect in effects.items() if move in exact]
    a, b = np.array(both).reshape(-1, 2).T
    known = len(both) > 2 and a.std() > 0 and b.std() > 0
    correlation = float(spearmanr(a, b).statistic) if known else float("nan")
    return _Agreement(len(strong), sum(names[one.move] in held for one in strong), correlation)


def _held(atlas: DirectionAtlas, target: int) -> set[str]:
    return {name for d in atlas.towards(target) for name in (d.id, *d.merged)}


def _explained(
    explainer: Explainer, held_out: ReferenceSet, table: EffectTable, most: int, batch: int, progress: Progress
) -> float:
    """Share that the exhaustive search's directions jointly flip, over all classes' photographs together."""
    probe = StyleProbe(explainer, held_out, explainer.classifier, Ledger(), batch)
    decided = held_out.logits.argmax(dim=1).cpu().numpy()
    flipped = []
    for target in range(len(explainer.classes)):
        moves, _ = explaining_moves(table, target, most=most)
        flipped.append(flipped_jointly(probe, moves, np.flatnonzero(decided != target), target, progress=progress))
    return float(np.concatenate(flipped).mean())


def _explained_fast(found: Discovery) -> float:
    searches = found.atlas.searches
    return sum(s.explained * s.held_out for s in searches) / sum(s.held_out for s in searches)


def benchmark_discovery(
    explainer: Explainer,
    selection: ReferenceSet,
    held_out: ReferenceSet,
    *,
    rng: np.random.Generator,
    settings: SearchSettings | None = None,
    columns: NDArray[np.int64] | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
) -> DiscoveryBenchmark:
    """Run both searches and compare them.

    Parameters
    ----------
    explainer : Explainer
        The model.
    selection, held_out : ReferenceSet
        Photographs to choose on, for both searches, and, disjoint, to report on.
    rng : numpy.random.Generator
        For the fast search.
    settings : SearchSettings, optional
        Of the fast search; fitted to the number of coordinates if not given.
    columns : numpy.ndarray, optional
        Coordinates that both search; all if not given.
    folder : pathlib.Path, optional
        Where the exhaustive search keeps its table and its seconds, see `attfind`. Goes on from there if it was stopped.
    progress : Progress
        Told at every batch.

    Raises
    ------
    DiscoveryError
        As `discover` and `attfind` do.
    """
    columns = np.arange(explainer.layout.size) if columns is None else np.sort(columns)
    settings = settings or SearchSettings.fitted(len(columns), pictures_at_once(explainer.device, explainer.resolution))
    found = run_discovery(
        explainer,
        selection,
        held_out,
        rng=rng,
        settings=settings,
        columns=columns,
        progress=portion(progress, 0.0, 0.1),
    )
    ledger = Ledger()
    table = attfind(
        explainer, selection, columns=columns, folder=folder, batch=settings.batch, ledger=ledger,
        progress=portion(progress, 0.1, 0.98),
    )  # fmt: skip
    with ledger.during("choosing"):
        ranked = {target: ranked_moves(table, target) for target in range(len(explainer.classes))}
    exhaustive = _explained(explainer, held_out, table, settings.cover, settings.batch, portion(progress, 0.98, 1.0))
    agreements = [
        _agreement(
            moves, _held(found.atlas, target), {one.move: move_id(explainer, one.move, target) for one in moves},
            found.effects[target],
        )
        for target, moves in ranked.items()
    ]  # fmt: skip
    forwards, seconds = found.ledger.total(SEARCH_STAGES), found.ledger.time(SEARCH_STAGES)
    rest, rest_seconds = found.ledger.total() - forwards, found.ledger.time() - seconds
    correlations = [one.spearman for one in agreements if np.isfinite(one.spearman)]
    return DiscoveryBenchmark(
        recall_at_10=sum(one.held for one in agreements) / max(1, sum(one.wanted for one in agreements)),
        spearman=float(np.mean(correlations)) if correlations else 0.0,
        forwards_ratio=table.forwards / forwards,
        wall_ratio=ledger.time() / seconds,
        forwards_ratio_with_evidence=table.forwards / (forwards + rest),
        wall_ratio_with_evidence=ledger.time() / (seconds + rest_seconds),
        forwards_fast=forwards,
        forwards_exhaustive=table.forwards,
        forwards_evidence=rest,
        seconds_fast=seconds,
        seconds_exhaustive=ledger.time(),
        seconds_evidence=rest_seconds,
        explained_images_fast=_explained_fast(found),
        explained_images_exhaustive=exhaustive,
        photographs=len(selection),
        held_out=len(held_out),
        coordinates=len(columns),
    )
