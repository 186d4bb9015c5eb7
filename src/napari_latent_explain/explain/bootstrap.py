"""Intervals of means over photographs, by drawing photographs with replacement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["bootstrap_interval"]


def bootstrap_interval(
    values: NDArray[np.float64], count: int, rng: np.random.Generator, statistic: Callable[..., Any] = np.mean
) -> tuple[float, float]:
    """Bootstrap 95 % interval of a statistic (one that takes `axis`) of values (N,), from `count` draws."""
    drawn = statistic(values[rng.integers(0, len(values), (count, len(values)))], axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
