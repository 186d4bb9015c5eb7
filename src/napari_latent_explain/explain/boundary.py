"""How far the classifier's boundary is, in style space, from one eye.

Distances are in whitened S: each coordinate in units of its own spread over real eyes, so that a radius of 1 along one
coordinate is one standard deviation. Along random directions they say how far the boundary is if one does not know where
to go; along a found direction, how much nearer it is than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["BoundaryRadius", "BoundarySurvey", "boundary_radius", "survey_boundary"]


@dataclass(frozen=True)
class BoundaryRadius:
    """Where the decision changes along a ray: `radius`, or None if it does not within `tested`; renderings used."""

    radius: float | None
    tested: float
    rendered: int


def boundary_radius(
    margins: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    furthest: float,
    *,
    brackets: int = 8,
    steps: int = 12,
) -> BoundaryRadius:
    """Find the first radius at which the margin is positive: even brackets, then bisection.

    Parameters
    ----------
    margins : callable
        Log odds of the target against the rest, (K,), at radii (K,) along the ray.
    furthest : float
        Largest radius that is tried; what lies beyond is not known.
    brackets, steps : int
        Of the coarse look, and of bisection: the radius is exact to ``furthest / brackets / 2**steps``, if the curve crosses
        at most once between two brackets.
    """
    radii = np.linspace(0, furthest, brackets + 1)
    values = margins(radii)
    rendered = len(radii)
    above = np.flatnonzero(values > 0)
    if len(above) == 0:
        return BoundaryRadius(None, furthest, rendered)
    if above[0] == 0:
        return BoundaryRadius(0.0, furthest, rendered)
    low, high = float(radii[above[0] - 1]), float(radii[above[0]])
    for _ in range(steps):
        middle = (low + high) / 2
        rendered += 1
        if margins(np.array([middle]))[0] > 0:
            high = middle
        else:
            low = middle
    return BoundaryRadius(high, furthest, rendered)


@dataclass(frozen=True)
class BoundarySurvey:
    """Radii along random rays.

    Parameters
    ----------
    radii : tuple of float
        Of the rays that reach the boundary.
    rays : int
        How many were tried.
    tested : float
        How far.
    """

    radii: tuple[float, ...]
    rays: int
    tested: float

    @property
    def reached_share(self) -> float:
        """Share of the rays that reach the boundary."""
        return len(self.radii) / self.rays

    @property
    def median(self) -> float | None:
        """Median radius over all rays; None where fewer than half of them reach the boundary."""
        if 2 * len(self.radii) <= self.rays:
            return None
        return float(np.median(list(self.radii) + [np.inf] * (self.rays - len(self.radii))))


def survey_boundary(
    margins: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    dimensions: int,
    furthest: float,
    *,
    rays: int = 16,
    rng: np.random.Generator,
    brackets: int = 4,
    steps: int = 6,
) -> BoundarySurvey:
    """Measure the radius along `rays` random directions, isotropic in whitened S.

    Parameters
    ----------
    margins : callable
        Log odds (K,) at displacements (K, `dimensions`), in spreads.
    dimensions : int
        Coordinates that may move.
    furthest : float
        Largest radius that is tried.
    rays, brackets, steps : int
        How many rays, and how closely each is looked at.
    rng : numpy.random.Generator
        For the directions.
    """
    found = []
    for _ in range(rays):
        ray = rng.standard_normal(dimensions)
        ray /= np.linalg.norm(ray)

        def along(radii: NDArray[np.float64], ray: NDArray[np.float64] = ray) -> NDArray[np.float64]:
            return margins(radii[:, None] * ray)

        measured = boundary_radius(along, furthest, brackets=brackets, steps=steps)
        if measured.radius is not None:
            found.append(measured.radius)
    return BoundarySurvey(tuple(found), rays, furthest)
