"""The circle through the outline of a lit disc, some of whose points lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Circle", "fit_circle"]

_TRIALS = 300


@dataclass(frozen=True)
class Circle:
    """A circle and how well an outline keeps to it.

    Parameters
    ----------
    x, y, radius : float
        Middle and radius.
    agreement : float
        Share of the outline's points within 2 % of the radius of the circle.
    scatter : float
        Root mean square distance of those points from it, as a share of the radius.
    coverage : float
        Share of the full circle, in 10-degree sectors, where such points lie.
    """

    x: float
    y: float
    radius: float
    agreement: float
    scatter: float
    coverage: float


def fit_circle(points: NDArray[np.float64], least: float, most: float, rng: np.random.Generator) -> Circle | None:
    """Fit by random sampling of three points, then by least squares on the points that agree.

    Parameters
    ----------
    points : numpy.ndarray
        (N, 2) of (x, y).
    least, most : float
        Bounds of the radius.
    rng : numpy.random.Generator
        For the sampling (Fischler and Bolles 1981).

    Returns
    -------
    Circle or None
        None if no circle within the bounds goes through a quarter of the points.
    """
    if len(points) < 20:
        return None
    triples = points[rng.integers(0, len(points), (_TRIALS, 3))]
    centers, radii = _through(triples)
    good = np.isfinite(radii) & (radii > least) & (radii < most)
    if not good.any():
        return None
    centers, radii = centers[good], radii[good]
    distance = np.abs(np.linalg.norm(points[None] - centers[:, None], axis=-1) - radii[:, None])
    best = int(np.argmax((distance < 0.02 * radii[:, None]).sum(axis=1)))
    x, y, radius = float(centers[best, 0]), float(centers[best, 1]), float(radii[best])
    for tolerance in (0.03, 0.02, 0.012, 0.012):
        near = np.abs(np.hypot(points[:, 0] - x, points[:, 1] - y) - radius) < max(tolerance * radius, 0.75)
        if near.sum() < 12:
            return None
        x, y, radius = _least_squares(points[near])
        if not least < radius < most:
            return None
    off = np.hypot(points[:, 0] - x, points[:, 1] - y) - radius
    near = np.abs(off) < max(0.02 * radius, 0.75)
    if near.mean() < 0.25:
        return None
    angles = np.arctan2(points[near, 1] - y, points[near, 0] - x)
    coverage = len(np.unique(np.floor(np.degrees(angles) / 10))) / 36
    return Circle(x, y, radius, float(near.mean()), float(np.sqrt(np.mean(off[near] ** 2)) / radius), coverage)


def _through(triples: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b, c = triples[:, 0], triples[:, 1], triples[:, 2]
    ab, ac = b - a, c - a
    cross = 2 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
    cross = np.where(np.abs(cross) < 1e-9, np.nan, cross)
    ab2, ac2 = (ab**2).sum(axis=1), (ac**2).sum(axis=1)
    offset = np.stack([ac[:, 1] * ab2 - ab[:, 1] * ac2, ab[:, 0] * ac2 - ac[:, 0] * ab2], axis=1) / cross[:, None]
    return a + offset, np.linalg.norm(offset, axis=1)


def _least_squares(points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Algebraic fit (Kasa 1976), centred for numerical safety."""
    middle = points.mean(axis=0)
    p = points - middle
    design = np.column_stack([2 * p, np.ones(len(p))])
    (u, v, w), *_ = np.linalg.lstsq(design, (p**2).sum(axis=1), rcond=None)
    return float(u + middle[0]), float(v + middle[1]), float(np.sqrt(max(w + u * u + v * v, 0.0)))
