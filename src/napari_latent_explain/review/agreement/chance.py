"""Disagreement in relation to the disagreement of chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["beyond_chance"]


def beyond_chance(observed: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - observed / expected, the form that kappas and alpha share; NaN where chance can't disagree.

    Parameters
    ----------
    observed, expected : numpy.ndarray
        (B,) disagreement among ratings of the same unit, and among ratings brought together by chance; both at least 0. Expected
        disagreement is 0 where all ratings are the same: then the coefficient is 0 / 0.
    """
    ratio = np.full(observed.shape, np.nan)
    np.divide(observed, expected, out=ratio, where=expected > 0)
    return 1 - ratio
