"""How well a number ranks one group above another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["roc_auc"]


def roc_auc(scores: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any] | np.bool_]) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic, ties counted half; label 1 is to score higher."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    positive = labels == 1
    n1, n0 = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
