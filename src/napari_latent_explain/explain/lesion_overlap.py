"""Whether an edit acts where an expert outlined something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_latent_explain.domain import LesionOverlap
from napari_latent_explain.explain.roc import roc_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["lesion_overlap"]


def lesion_overlap(
    kind: str, difference: NDArray[np.floating[Any]], outlined: NDArray[np.bool_], field: NDArray[np.bool_]
) -> LesionOverlap | None:
    """Compare how much changes inside and outside an outline.

    Parameters
    ----------
    kind : str
        What was outlined.
    difference : numpy.ndarray
        (R, R, 3), what the edit changes.
    outlined, field : numpy.ndarray
        (R, R) bool. Only the field counts.

    Returns
    -------
    LesionOverlap or None
        None where it can't be told: nothing, or all of the field, is outlined, or nothing changes.
    """
    change = np.abs(difference).mean(axis=2)[field].astype(np.float64)
    inside = outlined[field]
    area, total = float(inside.mean()) if inside.size else 0.0, change.sum()
    if not 0 < area < 1 or total == 0:
        return None
    share = float(change[inside].sum() / total)
    return LesionOverlap(kind=kind, area=area, share=share, auc=roc_auc(change, inside))
