"""Colours of panels: contrast at least 4.5:1 on the dark ground, nothing by red and green alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import LUMINANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BLUE", "GROUND", "INK", "ORANGE", "QUIET", "difference_bar", "difference_colours", "difference_scale"]

GROUND = (18, 20, 24)
INK = (240, 240, 240)
QUIET = (176, 180, 188)
BLUE = (90, 170, 255)
ORANGE = (255, 160, 60)
_LUMINANCE = np.array(LUMINANCE, dtype=np.float32)


_SCALES = (0.02, 0.05, 0.1, 0.25)


def difference_scale(difference: NDArray[np.float32]) -> float:
    """The change to show at full colour: the least of 2, 5, 10, 25 % that all but the largest 0.5 % of changes stay below.

    A small change stays visible on a scale of its own, which has to be written beside it.
    """
    largest = float(np.quantile(np.abs(difference @ _LUMINANCE), 0.995))
    return next((scale for scale in _SCALES if largest <= scale), _SCALES[-1])


def difference_colours(difference: NDArray[np.float32], full: float = 0.25) -> NDArray[np.uint8]:
    """Signed luminance change as a picture: darker blue, brighter orange, none black.

    Parameters
    ----------
    difference : numpy.ndarray
        (M, M, 3) float32 in [-1, 1].
    full : float
        Change that is shown at full colour.

    Returns
    -------
    numpy.ndarray
        (M, M, 3) uint8.
    """
    change = np.clip((difference @ _LUMINANCE) / full, -1, 1)[..., None]
    colour = np.where(change > 0, np.array(ORANGE), np.array(BLUE)) * np.abs(change)
    shown: NDArray[np.uint8] = colour.round().astype(np.uint8)
    return shown


def difference_bar(width: int, height: int) -> NDArray[np.uint8]:
    """The scale of `difference_colours` from darkest to brightest, (height, width, 3) uint8."""
    share = 2 * np.arange(width)[:, None] / (width - 1) - 1
    row = np.rint(np.where(share > 0, np.array(ORANGE), np.array(BLUE)) * np.abs(share)).astype(np.uint8)
    return np.tile(row[None], (height, 1, 1))
