"""Directions that make almost the same difference are one direction: the stronger stands for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["difference_correlation", "merge_duplicates"]


def difference_correlation(differences: NDArray[np.float32]) -> NDArray[np.float64]:
    """Correlation of the signed difference maps of M directions, averaged over photographs: (M, M) from (M, P, d).

    Per photograph, so that how far each direction moves there does not matter; photographs that one of the two does not
    change are left out. Uncentred, since no difference is no difference: directions that darken different places do not
    correlate.
    """
    values = differences.astype(np.float64)
    length = np.linalg.norm(values, axis=2)
    unit = values / np.where(length > 0, length, 1)[:, :, None]
    summed = np.einsum("mpd,npd->mn", unit, unit)
    moved = (length > 0).astype(np.float64)
    correlation: NDArray[np.float64] = summed / np.maximum(moved @ moved.T, 1)
    return correlation


def merge_duplicates(correlation: NDArray[np.float64], threshold: float) -> list[list[int]]:
    """Groups of directions, given best first; the first of a group stands for those that correlate with it.

    >>> merge_duplicates(np.array([[1, 0.95, 0], [0.95, 1, 0], [0, 0, 1]]), 0.9)
    [[0, 1], [2]]
    """
    groups: list[list[int]] = []
    for index in range(len(correlation)):
        for group in groups:
            if correlation[group[0], index] >= threshold:
                group.append(index)
                break
        else:
            groups.append([index])
    return groups
