"""What the screening missed, estimated from random moves that it rejected."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from napari_latent_explain.domain import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.probe import StyleMove, StyleProbe

__all__ = ["Missed", "estimate_missed", "share_interval"]

_Z = 1.959964  # of the 97.5 % quantile of the normal distribution


@dataclass(frozen=True, eq=False)
class Missed:
    """Estimated number of rejected moves at least as strong as the bar, its 95 % interval, and each control's effect."""

    estimate: float
    interval: tuple[float, float]
    effects: dict[StyleMove, float]


def share_interval(hits: int, tried: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson, JASA 1927); (0, 1) if nothing was tried."""
    if tried == 0:
        return 0.0, 1.0
    share, z = hits / tried, _Z**2 / tried
    middle, half = share + z / 2, _Z * sqrt(share * (1 - share) / tried + z / (4 * tried))
    return max(0.0, (middle - half) / (1 + z)), min(1.0, (middle + half) / (1 + z))


def estimate_missed(
    probe: StyleProbe,
    rejected: Sequence[StyleMove],
    photographs: NDArray[np.int64],
    target: int,
    bar: float,
    *,
    rng: np.random.Generator,
    controls: int,
    progress: Progress = silent,
) -> Missed:
    """Move random rejected coordinates and count those whose mean effect reaches the bar.

    Cost: ``controls * P`` forward passes. On few photographs noise lifts some over the bar: the estimate errs upward.
    """
    chosen = [rejected[i] for i in sorted(rng.permutation(len(rejected))[:controls].tolist())]
    if not chosen:
        return Missed(0.0, (0.0, 0.0), {})
    changes = probe.effects(chosen, photographs, progress=progress, what="Moving random controls")[..., target]
    means = changes.mean(axis=1)
    hits = int((means >= bar).sum())
    low, high = share_interval(hits, len(chosen))
    count = len(rejected)
    effects = dict(zip(chosen, means.tolist(), strict=True))
    return Missed(count * hits / len(chosen), (count * low, count * high), effects)
