"""AttFind (Lang et al., ICCV 2021, section 3.3 and algorithm 1): every style coordinate moved to both ends in every photograph.

The exhaustive yardstick that the fast discovery is measured by. As published, moves are judged on the reconstruction G(s),
photographs on which hundreds of moves have a large effect are left out as unstable, and directions are chosen greedily until
their summed effects explain the photographs. What differs from the published code, and why:

- the ends are the 5 % and 95 % quantiles over the model's reference photographs, not the extremes over the N at hand, which
  outliers rule;
- effects are changes of the margin, not of one of two logits, which may move together;
- sums are never reported as they are: `flipped_jointly` moves the chosen directions together on other photographs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import silent
from napari_latent_explain.explain.cover import Cover, greedy_cover
from napari_latent_explain.explain.effect_table import (
    EffectTable,
    read_partial,
    read_seconds,
    search_identity,
    write_partial,
    write_seconds,
)
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.probe import StyleMove, StyleProbe

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["RankedMove", "attfind", "explaining_moves", "ranked_moves"]

_SAVE_EVERY = 20.0  # seconds
_LARGE, _UNSTABLE = 2.0, 750  # published: photographs with more than 750 effects larger than 2 are ignored
_NEEDED = 1.0  # published: summed effect (log odds) that explains a photograph


@dataclass(frozen=True)
class RankedMove:
    """A move and its mean effect on the target's margin."""

    move: StyleMove
    effect: float


def attfind(
    explainer: Explainer,
    reference: ReferenceSet,
    *,
    columns: NDArray[np.int64] | None = None,
    folder: Path | None = None,
    batch: int = 16,
    ledger: Ledger | None = None,
    progress: Progress = silent,
) -> EffectTable:
    """Move every coordinate to both ends in all N photographs.

    Parameters
    ----------
    explainer : Explainer
        The model.
    reference : ReferenceSet
        The photographs to choose on; not the ones to report on.
    columns : numpy.ndarray, optional
        Coordinates to move; all if not given.
    folder : pathlib.Path, optional
        Where the table is kept while it grows, as ``attfind-<hash of model and photographs>.safetensors``. A search that was
        stopped goes on there, and gives the same bytes as one that was not; with another number of threads codes differ in
        their last bits, and a new table is begun. The seconds that it took stand beside it.
    batch : int
        Pictures at a time.
    ledger : Ledger, optional
        Where this run's forward passes are counted, those lost to an interruption too, and the seconds of all runs.
    progress : Progress
        Told at every batch; may raise `Cancelled`: what is finished is kept.

    Raises
    ------
    DiscoveryError
        If the classifier gives numbers that are not finite, or the file in the folder is damaged or another search's.
    ExportError
        If the folder can't be written.

    Notes
    -----
    Cost: ``N + 2 * N * K`` forward passes for K coordinates. Memory: `batch` pictures with their activations, and
    ``8 * N * K * C`` bytes for the table (23 MB for 250 photographs, 5,760 coordinates and 2 classes); no picture is kept.
    """
    columns = np.arange(explainer.layout.size) if columns is None else np.sort(columns)
    ledger = ledger or Ledger()
    probe = StyleProbe(explainer, reference, explainer.classifier, ledger, batch)
    n, k, classes = len(reference), len(columns), len(explainer.classes)
    changes, done = np.zeros((n, 2, k, classes), np.float32), np.zeros(k, dtype=bool)
    identity = search_identity(explainer, reference, columns)
    path = folder / f"attfind-{identity.hex()[:16]}.safetensors" if folder is not None else None
    earlier = 0.0
    if path is not None and (kept := read_partial(path, identity, changes.shape)) is not None:
        changes, done = kept
        earlier = read_seconds(path)
        ledger.seconds["exhaustive"] = ledger.seconds.get("exhaustive", 0.0) + earlier
    everyone = np.arange(n)
    # Blocks have the same borders in every run, so that batches, and with them the last bit, do not depend on interruptions.
    block = max(1, batch // (2 * n))
    began = saved = time.monotonic()
    try:
        with ledger.during("exhaustive"):
            starts = probe.starts
            for begin in range(0, k, block):
                here = slice(begin, begin + block)
                if done[here].all():
                    continue
                moves = [StyleMove(int(column), end) for end in (0, 1) for column in columns[here]]

                def told(what: str, share: float, begin: int = begin) -> None:
                    progress(f"{what} (all)", min(1.0, (begin + share * block) / k))

                found = probe.effects(moves, everyone, progress=told)
                changes[:, :, here] = found.reshape(2, -1, n, classes).transpose(2, 0, 1, 3)
                done[here] = True
                if path is not None and time.monotonic() - saved > _SAVE_EVERY:
                    _keep(path, identity, changes, done, earlier + time.monotonic() - began)
                    saved = time.monotonic()
    finally:
        if path is not None:
            _keep(path, identity, changes, done, earlier + time.monotonic() - began)
    decided = reference.logits.argmax(dim=1).cpu().numpy()
    return EffectTable(columns, changes, starts, decided)


def _keep(path: Path, identity: bytes, changes: NDArray[np.float32], done: NDArray[np.bool_], seconds: float) -> None:
    write_partial(path, identity, changes, done)
    write_seconds(path, seconds)


def ranked_moves(table: EffectTable, target: int) -> list[RankedMove]:
    """All moves by their mean effect on the target's margin in the photographs of another class, best first."""
    means = table.towards(target).mean(axis=1)
    moves = table.moves
    order = np.argsort(-means, kind="stable")
    return [RankedMove(moves[i], float(means[i])) for i in order]


def explaining_moves(
    table: EffectTable, target: int, *, most: int = 10, needed: float = _NEEDED, unstable: int = _UNSTABLE
) -> tuple[tuple[StyleMove, ...], Cover]:
    """Choose, as published, the moves whose effects add up to `needed` in most photographs of another class.

    Photographs on which more than `unstable` moves have an effect larger than 2 are not counted.
    """
    changes = table.towards(target)
    steady = (np.abs(changes) > _LARGE).sum(axis=0) <= unstable
    cover = greedy_cover(changes[:, steady], needed, most) if steady.any() else Cover((), ())
    moves = table.moves
    return tuple(moves[i] for i in cover.chosen), cover
