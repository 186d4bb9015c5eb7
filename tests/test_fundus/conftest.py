"""A plain drawn eye: enough of a fundus to be found, with a truth to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from napari_latent_explain.domain import Photograph

if TYPE_CHECKING:
    from collections.abc import Callable


def draw(
    width: int = 640,
    height: int = 480,
    x: float = 300.0,
    y: float = 236.0,
    radius: float = 260.0,
    disc: float = 0.7,
) -> Photograph:
    """An orange disc with vignette, optic disc (at `disc` radii to the right) and arcades, on black."""
    column, row = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    u, v = (column - x) / radius, (row - y) / radius
    shade = 1 - 0.3 * (u**2 + v**2)
    rgb = shade[..., None] * np.array([190.0, 95.0, 40.0])
    rgb += 70 * np.exp(-((u - disc) ** 2 + v**2) / 0.012)[..., None] * np.array([1.0, 1.2, 1.0])
    for sign in (-1, 1):
        for bend in (0.8, 1.6):
            along = disc - np.sign(disc) * bend * np.minimum(np.abs(v), 0.9) ** 2
            near = np.exp(-((u - along) ** 2) / 0.0003) * (sign * v > 0)
            rgb -= near[..., None] * np.array([40.0, 45.0, 15.0])
    rgb[(u**2 + v**2 > 1) | (row > height - 14)] = 0
    rgb = ndimage.gaussian_filter(rgb, (0.6, 0.6, 0))
    rgb += np.random.default_rng(1).normal(0, 2, rgb.shape) * (u**2 + v**2 < 1)[..., None]
    return Photograph(pixels=np.clip(rgb, 0, 255).astype(np.uint8), name="drawn.png", sha256="0" * 64)


@pytest.fixture(scope="session")
def draw_eye() -> Callable[..., Photograph]:
    return draw


@pytest.fixture(scope="session")
def eye() -> Photograph:
    return draw()
