"""Simulated eyes that a classifier decides both ways, for measuring without data."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import Photograph, silent
from napari_latent_explain.explain.photograph_folder import PhotographCrops, crop_photographs
from napari_latent_explain.fundus import simulate

if TYPE_CHECKING:
    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["simulate_both_ways"]

_PATIENCE = 4  # eyes drawn at most for each that is kept
_CHUNK = 16


def _drawn(seed: int, size: int) -> Photograph:
    picture = simulate(seed, size=size).picture
    digest = hashlib.sha256(picture.tobytes()).hexdigest()
    return Photograph(picture, f"simulated {seed}", digest, simulated=True)


def simulate_both_ways(explainer: Explainer, count: int, seed: int, *, progress: Progress = silent) -> PhotographCrops:
    """Draw eyes with the simulator until equally many are decided for each class.

    The simulator's eyes are not a clinic's: a classifier may take nearly all of them for one class. Where four times `count`
    draws do not give enough of a class, the others make up for it.

    Parameters
    ----------
    explainer : Explainer
        Whose classifier decides.
    count : int
        Photographs.
    seed : int
        Of the first eye; not negative.
    progress : Progress
        Told once an eye.
    """
    size, classes = explainer.resolution, len(explainer.classes)
    share = -(-count // classes)
    parts: list[PhotographCrops] = []
    decided = np.zeros(0, dtype=np.int64)
    for begin in range(0, _PATIENCE * count, _CHUNK):
        eyes = ((f"simulated {seed + i}", _drawn(seed + i, max(128, size))) for i in range(begin, begin + _CHUNK))
        parts.append(crop_photographs(eyes, size, _CHUNK))
        with torch.no_grad():
            pictures, _ = parts[-1].tensors(explainer.device)
            decided = np.concatenate([decided, explainer.classifier(pictures).argmax(dim=1).cpu().numpy()])
        enough = np.minimum(np.bincount(decided, minlength=classes), share).sum()
        progress("Drawing simulated eyes", min(1.0, float(enough) / count))
        if enough >= count:
            break
    rank = np.array(
        [np.sum(decided[:i] == own) for i, own in enumerate(decided)]
    )  # of each among those decided like it
    chosen = np.sort(np.lexsort((np.arange(len(rank)), rank >= share))[:count])
    whole = PhotographCrops(
        tuple(name for part in parts for name in part.names),
        np.concatenate([part.pictures for part in parts]),
        np.concatenate([part.masks for part in parts]),
    )
    return whole.take(chosen)
