"""Fitting the independent components of real eyes' styles, see `model.style_components`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FEWEST", "check_enough", "fit_components"]

FEWEST = 8
"""Eyes for each component at least, or there is no telling them apart."""
_STEPS, _CLOSE = 2000, 1e-4
_NOTHING = 1e-6  # of the largest singular value
_STILL = 1e-4  # standard deviation of a style that hardly varies


def check_enough(photographs: int, count: int) -> None:
    """Refuse too few photographs for `count` components.

    Raises
    ------
    TrainingError
        If there are fewer than eight for each.
    """
    if photographs < FEWEST * count:
        msg = (
            f"{count} components can't be told apart from {photographs} photographs: it takes {FEWEST} for each; take more "
            f"photographs or fewer components."
        )
        raise TrainingError(msg)


def fit_components(styles: Tensor, count: int, seed: int = 0) -> dict[str, Tensor]:
    """Tell the independent components of styles apart.

    The leading principal components of the standardised styles are turned until they are as far from a normal distribution as
    can be (FastICA, log cosh; Hyvarinen, IEEE Transactions on Neural Networks 1999). Those that are normal among themselves
    have no such axes: they come out turned somehow.

    Parameters
    ----------
    styles : torch.Tensor
        (N, n) of N eyes.
    count : int
        Components, K.
    seed : int
        Of the first guess.

    Returns
    -------
    dict
        The state of `StyleComponents`; those that explain most of the standardised styles first, each in the sense in which
        it is skewed to the right.

    Raises
    ------
    TrainingError
        If there are fewer than eight eyes for each component, or styles vary in fewer ways than there are components.

    Notes
    -----
    Cost: one singular value decomposition of (N, n), and at most 2,000 passes over (N, K).
    """
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    values = styles.cpu().double().numpy()
    check_enough(len(values), count)
    if values.shape[1] < count:
        msg = f"{count} components can't be told apart in {values.shape[1]} styles; take fewer components."
        raise TrainingError(msg)
    mean, spread = values.mean(axis=0), np.maximum(values.std(axis=0), _STILL)
    standard = (values - mean) / spread
    sizes, axes = (part[:count] for part in np.linalg.svd(standard, full_matrices=False)[1:])
    if not sizes[-1] > _NOTHING * sizes[0]:
        msg = f"The styles of these photographs vary in fewer than {count} ways; take fewer components."
        raise TrainingError(msg)
    turned = FastICA(count, fun="logcosh", whiten="unit-variance", max_iter=_STEPS, tol=_CLOSE, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the normal ones may turn for ever
        found = turned.fit_transform(standard @ axes.T)
    sense = np.where((found**3).mean(axis=0) < 0, -1.0, 1.0)[:, None]
    directions = sense * (turned.mixing_.T @ axes)
    order = np.argsort(-(directions**2).sum(axis=1), kind="stable")
    readings = (sense * (turned.components_ @ axes))[order] / spread
    state = {"directions": directions[order] * spread, "readings": readings, "offsets": -readings @ mean}
    return {name: torch.from_numpy(value).float() for name, value in state.items()}
