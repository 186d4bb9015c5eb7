"""Pictures along one slider, drawn ahead, so that dragging it costs no network."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import DirectionId, Edit

__all__ = ["FrameStrip", "strip_strengths"]


def strip_strengths(low: float, high: float, count: int) -> tuple[float, ...]:
    """`count` strengths, evenly from the least to the greatest, and 0 among them where it lies between."""
    strengths = np.linspace(low, high, count)
    if low < 0 < high:
        strengths[np.abs(strengths[1:-1]).argmin() + 1] = 0.0
    return tuple(float(strength) for strength in strengths)


@dataclass(frozen=True, eq=False)
class FrameStrip:
    """One slider at K strengths, the other sliders where they stand.

    Parameters
    ----------
    direction_id : DirectionId
        Whose slider it is.
    others : Edit
        Where the other sliders stand; another stand needs another strip.
    strengths : tuple of float
        K, rising.
    pictures : numpy.ndarray
        (K, P, P, 3) uint8, composites.
    probabilities : numpy.ndarray
        (K, C), what the classifier says of each.
    """

    direction_id: DirectionId
    others: Edit
    strengths: tuple[float, ...]
    pictures: NDArray[np.uint8]
    probabilities: NDArray[np.float64]

    def shows(self, edit: Edit, direction_id: DirectionId) -> bool:
        """Whether an edit lies on this strip, if `direction_id` is the slider that moves."""
        return direction_id == self.direction_id and edit.with_strength(direction_id, 0.0) == self.others

    def at(self, strength: float) -> NDArray[np.uint8]:
        """The picture at a strength, (P, P, 3) uint8: the nearest two, cross-faded; beyond the ends, the last one."""
        after = bisect_right(self.strengths, strength)
        if after in (0, len(self.strengths)):
            end: NDArray[np.uint8] = self.pictures[0 if after == 0 else -1]
            return end
        before = self.strengths[after - 1]
        share = (strength - before) / (self.strengths[after] - before)
        left, right = (Image.fromarray(self.pictures[k]) for k in (after - 1, after))
        return np.asarray(Image.blend(left, right, share))

    def probabilities_at(self, strength: float) -> tuple[float, ...]:
        """What the classifier would about say at a strength, (C,): between the nearest two, on a straight line."""
        return tuple(float(np.interp(strength, self.strengths, column)) for column in self.probabilities.T)

    def excerpts(self, count: int, side: int) -> tuple[tuple[float, ...], NDArray[np.uint8]]:
        """Small pictures from the least to the greatest strength, all of the place that changes most.

        Parameters
        ----------
        count : int
            Of the K pictures, spread evenly, the ends among them.
        side : int
            Of each excerpt; it shows a third of the field's width.

        Returns
        -------
        tuple
            The strengths, and (count, side, side, 3) uint8.
        """
        chosen = np.unique(np.linspace(0, len(self.strengths) - 1, count).round().astype(int))
        least, most = (np.asarray(picture.astype(np.int16).sum(axis=-1)) for picture in self.pictures[[0, -1]])
        change = ndimage.uniform_filter(np.abs(most - least).astype(np.float32), len(most) // 8, mode="constant")
        size, width = len(most), len(most) // 3
        y, x = (
            int(min(max(0, at - width // 2), size - width)) for at in np.unravel_index(change.argmax(), change.shape)
        )
        small = [
            np.asarray(Image.fromarray(self.pictures[k, y : y + width, x : x + width]).resize((side, side)))
            for k in chosen
        ]
        return tuple(self.strengths[k] for k in chosen), np.stack(small)
