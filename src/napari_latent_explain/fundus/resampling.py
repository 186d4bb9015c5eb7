"""Resampling along one axis as a sparse matrix: cubic, antialiased, at any offset."""

from __future__ import annotations

import numpy as np
from scipy import sparse

__all__ = ["resampling_matrix"]


def resampling_matrix(
    source: int, start: float, step: float, count: int, *, renormalise: bool = True
) -> sparse.csr_array:
    """Weights that turn `source` samples into `count` samples.

    Output pixel i has its middle at ``start + (i + 0.5) * step`` in source pixels (pixel 0 covers [0, 1)).
    The kernel is Catmull-Rom's cubic (Keys 1981, a = -0.5), widened by `step` where pixels get fewer, so
    that nothing aliases.

    Parameters
    ----------
    source, count : int
        Numbers of samples before and after.
    start, step : float
        First edge and width of the output pixels, in source pixels.
    renormalise : bool
        Whether the weights near the ends are rescaled to sum to 1 (a border that goes on) or left (black
        beyond).

    Returns
    -------
    scipy.sparse.csr_array
        (count, source) float32; rows whose middle lies outside the source are empty.
    """
    width = max(step, 1.0)
    middles = start + (np.arange(count) + 0.5) * step
    reach = int(np.ceil(2 * width)) + 1
    taps = np.floor(middles).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)[None]
    distance = np.abs(taps + 0.5 - middles[:, None]) / width
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    total = weights.sum(axis=1, keepdims=True)
    inside = (taps >= 0) & (taps < source)
    weights = np.where(inside, weights, 0.0)
    if renormalise:
        total = weights.sum(axis=1, keepdims=True)
    weights = np.where(np.abs(total) > 1e-6, weights / np.where(total == 0, 1, total), 0.0)
    weights[(middles < 0) | (middles > source)] = 0.0
    row, column = np.nonzero(weights)
    values = weights[row, column].astype(np.float32)
    return sparse.csr_array((values, (row, taps[row, column])), shape=(count, source))
