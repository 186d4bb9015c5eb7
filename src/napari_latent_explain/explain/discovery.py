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

from napari_latent_explain.domain import DirectionAtlas, DiscoveryError, portion, silent
from napari_latent_explain.explain.class_search import ClassSearch
from napari_latent_explain.explain.evidence import direction_of
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.preconditions import check_searchable
from napari_latent_explain.explain.probe import StyleMove, StyleProbe
from napari_latent_explain.explain.search_settings import SearchSettings
from napari_latent_explain.explain.selection import select_moves
from napari_latent_explain.explain.verification import best_first, verify_moves
from napari_latent_explain.model.batches import pictures_at_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress, StyleDirection
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Discovery", "SearchSettings", "discover", "find_directions", "run_discovery"]


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
    away, test = selection.away_from(target), held_out.away_from(target)
    if len(away) == 0 or len(test) == 0:
        return ()
    settings = settings or SearchSettings(batch=pictures_at_once(explainer.device, explainer.resolution))
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
    settings = settings or SearchSettings.fitted(len(columns), pictures_at_once(explainer.device, explainer.resolution))
    ledger = Ledger()
    chosen_on, measured_on = (
        StyleProbe(explainer, part, explainer.classifier, ledger, settings.batch) for part in (selection, held_out)
    )
    search = ClassSearch(explainer, chosen_on, measured_on, rng, settings, columns, ledger)
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
    Cost: about 1,100 forward passes a class to choose (see `select_moves`), and for the evidence 1,000 and, for each held-out
    photograph, up to 30; the atlas says how many each stage took. Memory: the photographs (see `ReferenceSet`) and a batch of
    pictures with their activations; no picture of a move is kept. Less than 3.2 GB in all for 250 photographs to choose on
    and 125 to measure on, of 256 px.
    """
    return run_discovery(
        explainer, selection, held_out, rng=rng, settings=settings, columns=columns, progress=progress
    ).atlas
