"""Few directions that together explain most photographs: chosen greedily on sums of single effects, verified by moving them
all for real on photographs that the choice never saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import silent
from napari_latent_explain.explain.probe import margins
from napari_latent_explain.latent import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.ledger import Ledger
    from napari_latent_explain.explain.probe import StyleMove, StyleProbe

__all__ = ["Cover", "flipped_jointly", "greedy_cover"]


@dataclass(frozen=True, eq=False)
class Cover:
    """Chosen rows of the table in their order, and the share of photographs explained (by summed effects) after each."""

    chosen: tuple[int, ...]
    explained: tuple[float, ...]


def greedy_cover(changes: NDArray[np.float64], needed: NDArray[np.float64] | float, most: int) -> Cover:
    """AttFind's greedy choice (Lang et al., ICCV 2021, algorithm 1).

    Again and again the move of the largest mean positive effect over the photographs that are not yet explained; a photograph
    is explained when the effects of the chosen moves on it add up to what it needs.

    Parameters
    ----------
    changes : numpy.ndarray
        (M, P) change of the target's margin by each move in each photograph.
    needed : numpy.ndarray or float
        (P,) what each photograph needs, or the same for all (published: 1.0 logit).
    most : int
        Moves at most.
    """
    gains = np.maximum(changes, 0)
    summed, needed = np.zeros(gains.shape[1]), np.broadcast_to(needed, gains.shape[1:])
    left = np.ones(len(gains), dtype=bool)
    chosen: list[int] = []
    explained: list[float] = []
    while left.any() and len(chosen) < most:
        open_ = summed < needed
        if not open_.any():
            break
        mean = np.where(left, gains[:, open_].mean(axis=1), -1.0)
        best = int(mean.argmax())
        if mean[best] <= 0:
            break
        summed += gains[best]
        left[best] = False
        chosen.append(best)
        explained.append(float((summed >= needed).mean()))
    return Cover(tuple(chosen), tuple(explained))


def flipped_jointly(
    probe: StyleProbe,
    moves: Sequence[StyleMove],
    photographs: NDArray[np.int64],
    target: int,
    *,
    ledger: Ledger | None = None,
    progress: Progress = silent,
) -> NDArray[np.bool_]:
    """Which photographs (P,) change their decision to the target when the moves are made one after the other, on the composite.

    Moves stay where they were made, and a photograph that has changed its decision is done: this is what a person with
    sliders does. Nothing is summed; every picture is rendered.

    Cost: at most ``len(moves) * P`` forward passes, booked on `ledger` (the probe's if not given).
    """
    ledger = ledger or probe.ledger
    reference, device = probe.reference, probe.explainer.device
    codes = reference.codes[torch.from_numpy(photographs).to(device)].clone()
    flipped = np.zeros(len(photographs), dtype=bool)
    with torch.inference_mode():
        for number, move in enumerate(moves):
            left = np.flatnonzero(~flipped)
            if not len(left):
                break
            rows = torch.from_numpy(left).to(device)
            who = torch.from_numpy(photographs[left]).to(device)
            # Not added to: a column that is chosen for both of its ends goes to the later one.
            codes[rows, move.column] = reference.codes[who, move.column] + probe.steps[move.end, who, move.column]
            for begin in range(0, len(left), probe.batch):
                part, here = who[begin : begin + probe.batch], rows[begin : begin + probe.batch]
                x, mask, base = reference.pictures[part], reference.masks[part], reference.bases[part]
                after = margins(probe.classify(render(probe.explainer, x, mask, base, codes[here]).picture))
                ledger.book(len(part))
                flipped[left[begin : begin + probe.batch]] = after[:, target] > 0
            progress("Moving the directions together", (number + 1) / len(moves))
    return flipped
