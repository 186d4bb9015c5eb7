"""Directions of a model from a cohort's codes: a sample of photographs is read again, nothing else."""

from __future__ import annotations

import hashlib
import heapq
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_latent_explain.cohort.store.listing import source_at
from napari_latent_explain.domain import DiscoveryError, LatentExplainError, portion, silent
from napari_latent_explain.explain import ReferenceSet, SearchSettings, discover
from napari_latent_explain.explain.reference import split_reference
from napari_latent_explain.export.case_label import case_label
from napari_latent_explain.fundus import crop, find_canonical_field
from napari_latent_explain.fundus.sources import file_of_frame
from napari_latent_explain.latent import mask_tensor, reconstruct, to_tensor
from napari_latent_explain.model.batches import in_batches

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.cohort.store.store import CohortStore
    from napari_latent_explain.domain import DirectionAtlas, Progress
    from napari_latent_explain.model import Explainer

__all__ = ["draw_sample", "find_cohort_directions", "read_sample"]


def draw_sample(store: CohortStore, count: int, seed: int) -> list[dict[str, Any]]:
    """Draw photographs, equally many of each decision as far as there are, in one pass over the shards.

    Parameters
    ----------
    store : CohortStore
        With inversions.
    count : int
        Photographs in all.
    seed : int
        Photographs are drawn by the hash of the seed and theirs: the order of the shards does not matter, and a cohort that
        grows keeps most of its sample.

    Returns
    -------
    list of dict
        sha256, name, frame, shard and decision, by hash.

    Raises
    ------
    DiscoveryError
        If nothing was inverted.

    Notes
    -----
    Memory: one shard's list, and the sample.
    """
    classes = store.state.classes
    best: dict[str, list[tuple[int, str, dict[str, Any]]]] = {name: [] for name in classes}
    for shard in store.shards:
        listed = {row["sha256"]: row for row in reversed(store.photographs(shard, ["sha256", "name", "frame"]))}
        for row in store.results("invert", shard, ["sha256", "outcome", "decision"]):
            key = row["sha256"]
            if row["outcome"] != "done" or key not in listed:
                continue
            rank = int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8], "big")
            heap = best[row["decision"]]
            entry = (-rank, key, listed[key] | {"shard": shard, "decision": row["decision"]})
            (heapq.heappush if len(heap) < count else heapq.heappushpop)(heap, entry)
    if not any(best.values()):
        msg = f"No photograph of {store.folder} was inverted; run 'latent-explain cohort invert' first."
        raise DiscoveryError(msg)
    shares = _shares([len(heap) for heap in best.values()], count)
    drawn = [
        entry[2] for heap, share in zip(best.values(), shares, strict=True) for entry in heapq.nlargest(share, heap)
    ]
    return sorted(drawn, key=lambda row: row["sha256"])


def _shares(available: list[int], count: int) -> list[int]:
    """Equal shares of `count`; what one class lacks, the others make up for."""
    shares = [0] * len(available)
    left = min(count, sum(available))
    while left:
        lacking = [i for i, have in enumerate(available) if shares[i] < have]
        each = max(1, left // len(lacking))
        for i in lacking[:left]:
            given = min(each, available[i] - shares[i])
            shares[i] += given
            left -= given
    return shares


def read_sample(
    store: CohortStore, data: Path, explainer: Explainer, sample: list[dict[str, Any]], *, progress: Progress = silent
) -> ReferenceSet:
    """Read the photographs of a sample again, and set their stored codes beside them; those that fail now are left out.

    Raises
    ------
    DiscoveryError
        If none can be read.
    """
    size = explainer.resolution
    pictures, masks, kept = [], [], []
    for number, row in enumerate(sample):
        progress("reading photographs", number / len(sample))
        name = file_of_frame(row["name"], row["frame"])
        try:
            photograph = source_at(data, name, row["frame"]).read()
            field = find_canonical_field(photograph)
        except LatentExplainError:
            continue
        if photograph.sha256 != row["sha256"]:
            continue
        pictures.append(crop(photograph, field, size))
        masks.append(field.mask(size))
        kept.append(row)
    if not kept:
        msg = f"None of the {len(sample)} photographs that were drawn can be read in {data}: name the folder where they are."
        raise DiscoveryError(msg)
    by_shard: dict[str, set[str]] = {}
    for row in kept:
        by_shard.setdefault(row["shard"], set()).add(row["sha256"])
    stored = {key: code for shard, keys in by_shard.items() for key, code in store.codes(shard, keys).items()}
    codes = torch.from_numpy(np.stack([stored[row["sha256"]] for row in kept])).to(explainer.device)
    x, inside = to_tensor(np.stack(pictures), explainer.device), mask_tensor(np.stack(masks), explainer.device)
    with torch.no_grad():
        bases = in_batches(lambda mask, code: reconstruct(explainer, code, mask), inside, codes)
        logits = in_batches(explainer.classifier, x)
    names = tuple(case_label(row["sha256"]) for row in kept)
    return ReferenceSet(x, inside, codes, bases, logits, names)


def find_cohort_directions(
    store: CohortStore,
    data: Path,
    explainer: Explainer,
    *,
    photographs: int = 250,
    held_out: float = 0.4,
    seed: int = 0,
    settings: SearchSettings | None = None,
    progress: Progress = silent,
) -> DirectionAtlas:
    """Find the directions of all classes on a sample of a cohort, as `explain.discover`; all codes are refined ones.

    Parameters
    ----------
    store, data, explainer : CohortStore, pathlib.Path, Explainer
        The codes, the photographs, and the model that made the codes.
    photographs, held_out, seed : int, float, int
        Size of the sample, the share of it that directions are measured on, and the seed of everything random.
    settings, progress : SearchSettings, Progress
        As for `explain.discover`.

    Raises
    ------
    DiscoveryError
        As `explain.discover`, and if there is nothing to draw from.
    """
    rng = np.random.default_rng(seed)
    sample = draw_sample(store, photographs, seed)
    everyone = read_sample(store, data, explainer, sample, progress=portion(progress, 0.0, 0.2))
    selection, held = split_reference(everyone, held_out, rng)
    return discover(explainer, selection, held, rng=rng, settings=settings, progress=portion(progress, 0.2, 1.0))
