"""Disentanglement and completeness of a code (Eastwood & Williams, ICLR 2018, section 2).

Each factor is regressed on the code's coordinates (lasso); how much a coordinate matters for a factor is its weight's size. A
coordinate is disentangled where it matters for one factor alone, a factor is complete where one coordinate alone matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Disentanglement", "measure_disentanglement"]

_STRENGTHS = 12  # of the lasso's penalty that are tried


class Disentanglement(FrozenModel):
    """Both in [0, 1], 1 best; `informativeness` is the mean R^2 of the regressions on held-out codes."""

    disentanglement: float
    completeness: float
    informativeness: float


def _concentration(shares: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """1 less the entropy of shares along an axis, over that of even shares."""
    logs = np.log(np.where(shares > 0, shares, 1.0))
    concentration: NDArray[np.float64] = 1 + (shares * logs).sum(axis=axis) / np.log(shares.shape[axis])
    return concentration


def measure_disentanglement(codes: NDArray[np.float64], factors: NDArray[np.float64], seed: int = 0) -> Disentanglement:
    """Measure codes (N, D) of pictures whose factors (N, K) are known, D and K at least 2.

    Three quarters of the rows are learned from. Coordinates that don't vary take no part. A factor on which no coordinate
    bears counts as not complete.
    """
    from sklearn.linear_model import LassoCV

    moving = codes.std(axis=0) > 1e-9
    x = (codes[:, moving] - codes[:, moving].mean(axis=0)) / codes[:, moving].std(axis=0)
    y = (factors - factors.mean(axis=0)) / (factors.std(axis=0) + 1e-12)
    known = np.arange(len(x)) < 3 * len(x) // 4
    importance = np.zeros((x.shape[1], y.shape[1]))
    determination = np.zeros(y.shape[1])
    for k in range(y.shape[1]):
        lasso = LassoCV(alphas=_STRENGTHS, cv=3, random_state=seed, max_iter=3000, selection="random", tol=1e-3)
        lasso.fit(x[known], y[known, k])
        importance[:, k] = np.abs(lasso.coef_)
        missed = y[~known, k] - lasso.predict(x[~known])
        determination[k] = max(0.0, 1 - missed.var() / y[~known, k].var())
    total = importance.sum()
    if total == 0:
        return Disentanglement(disentanglement=0.0, completeness=0.0, informativeness=0.0)
    of_coordinate = importance.sum(axis=1, keepdims=True)
    used = of_coordinate[:, 0] > 0
    each = _concentration(importance[used] / of_coordinate[used], axis=1)
    of_factor = importance.sum(axis=0)
    complete = np.where(of_factor > 0, _concentration(importance / np.maximum(of_factor, 1e-300), axis=0), 0.0)
    return Disentanglement(
        disentanglement=float((each * of_coordinate[used, 0]).sum() / total),
        completeness=float(complete.mean()),
        informativeness=float(determination.mean()),
    )
