"""How the classifier's answer follows the strength of an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import DoseResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_latent_explain.domain import Edit

__all__ = ["dose_response"]


def dose_response(
    margins: Callable[[Sequence[Edit]], Sequence[float]], edit: Edit, *, doses: int = 9, tolerance: float = 0.05
) -> DoseResponse:
    """Measure the curve by real renderings.

    Parameters
    ----------
    margins : callable
        Log odds of the target for each of several edits.
    edit : Edit
        The whole dose.
    doses : int
        How many, with none and all: at least 3.
    tolerance : float
        By how many log odds a monotone curve may fall between neighbours.
    """
    shares = np.linspace(0, 1, max(3, doses))
    values = np.array(margins([edit.scaled(float(share)) for share in shares]), dtype=np.float64)
    correlation = 0.0
    if np.ptp(values) > 0:
        ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        correlation = float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])
    monotone = bool((np.diff(values) >= -tolerance).all())
    return DoseResponse(
        doses=tuple(shares.tolist()), log_odds=tuple(values.tolist()), monotone=monotone, rank_correlation=correlation
    )
