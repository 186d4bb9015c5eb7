"""How the classifier's answer follows the strength of an edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_latent_explain.domain import Edit

__all__ = ["DoseResponse", "dose_response"]


@dataclass(frozen=True)
class DoseResponse:
    """Log odds of the target at even shares of an edit, from none of it to all of it.

    Parameters
    ----------
    doses, log_odds : tuple of float
        Shares of the edit in [0, 1], and what was measured there.
    monotone : bool
        Whether the log odds never fall by more than the tolerance from one dose to the next.
    rank_correlation : float
        Spearman's, of dose and log odds: 1 for a curve that only rises; 0 where the edit changes nothing.
    """

    doses: tuple[float, ...]
    log_odds: tuple[float, ...]
    monotone: bool
    rank_correlation: float


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
    return DoseResponse(tuple(shares.tolist()), tuple(values.tolist()), monotone, correlation)
