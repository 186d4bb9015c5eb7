"""Which eye a photograph shows: what its metadata or file name say, else the side of the optic disc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_latent_explain.domain import Laterality, LateralityReading
from napari_latent_explain.fundus.crop import crop
from napari_latent_explain.fundus.field_of_view import find_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Field, Photograph

__all__ = ["canonical", "disc_side", "find_canonical_field", "read_laterality"]

_SIDE = 128
_STEEPNESS = 2.0


def _plane(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(128, 128, 3) means of the crop's pixels, 0 to 1."""
    size = rgb.shape[0]
    zoom = _SIDE / size
    blurred = rgb.astype(np.float64) / 255
    if zoom < 1:
        blurred = ndimage.gaussian_filter(blurred, (0.5 / zoom, 0.5 / zoom, 0))
    at = (np.arange(_SIDE) + 0.5) / zoom - 0.5
    grid = np.meshgrid(at, at, indexing="ij")
    planes = [ndimage.map_coordinates(blurred[..., c], grid, order=1, mode="nearest") for c in range(3)]
    return np.stack(planes, axis=-1)


def _smooth_inside(
    values: NDArray[np.float64], inside: NDArray[np.float64], sigma: float | tuple[float, float]
) -> NDArray[np.float64]:
    """Gaussian mean over the field alone."""
    weight = ndimage.gaussian_filter(inside, sigma)
    mean: NDArray[np.float64] = ndimage.gaussian_filter(values * inside, sigma) / np.maximum(weight, 1e-3)
    return mean


def _standard(values: NDArray[np.float64], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    chosen = values[where]
    return (values - float(np.median(chosen))) / (float(chosen.std()) + 1e-6)


def disc_evidence(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how much each of 128 x 128 places looks like the middle of an optic disc (-inf: it can't be).

    Three signs are added, each in standard deviations over the field: a disc-sized patch brighter than its
    ring in red and green, dense upright vessels above and below (the arcades leave the disc upright, so
    that they outweigh exudates, which are bright but have none), and a weak preference for the horizontal
    midline.
    """
    picture = _plane(rgb)
    y, x = np.mgrid[:_SIDE, :_SIDE]
    u, v = (x + 0.5) / (_SIDE / 2) - 1, (y + 0.5) / (_SIDE / 2) - 1
    lit = ndimage.uniform_filter(picture.max(axis=-1), 3) > 0.06
    disc = (u**2 + v**2 < 0.97**2) & lit
    inner = ndimage.binary_erosion(disc, iterations=2)
    inside = inner.astype(np.float64)
    if inner.sum() < 500:
        return np.full((_SIDE, _SIDE), -np.inf)
    red, green = picture[..., 0], picture[..., 1]
    total = np.zeros((_SIDE, _SIDE))
    for channel, weight in ((red, 0.5), (green, 1.0)):
        level = _smooth_inside(channel, inside, 14.0)
        relative = np.clip((channel - level) / (level + 0.05), -0.5, 0.6)
        total += weight * (_smooth_inside(relative, inside, 4.0) - _smooth_inside(relative, inside, 10.0))
    bright = _standard(total, inner)
    flat = np.where(inner, green, _smooth_inside(green, inside, 3.0))
    upright = ndimage.grey_closing(flat, size=(1, 9)) - flat
    lying = ndimage.grey_closing(flat, size=(9, 1)) - flat
    contrast = _smooth_inside(green, inside, 14.0) + 0.05
    dense = _smooth_inside(np.clip((upright - 0.5 * lying) / contrast, -0.2, 0.4), inside, (13.0, 4.0))
    vessels = _standard(dense, inner)
    prior = -((v / 0.35) ** 2) - (np.maximum(np.abs(u) - 0.8, 0) / 0.1) ** 2
    evidence = np.clip(bright, -1, 6) + np.clip(vessels, -1, 4) + prior
    return np.where(inner & (u**2 + v**2 < 0.95**2), evidence, -np.inf)


def disc_side(rgb: NDArray[np.uint8]) -> tuple[float, float]:
    """Find on which side of the picture the optic disc lies.

    Parameters
    ----------
    rgb : numpy.ndarray
        (S, S, 3) uint8, the square crop of the field of view.

    Returns
    -------
    probability : float
        That the disc is on the right half; near 0.5 where nothing tells, and where the disc is in the middle.
    x : float
        Where the disc seems to be, in crop pixels from the left.
    """
    evidence = disc_evidence(rgb)
    size = float(rgb.shape[0])
    if not np.isfinite(evidence).any():
        return 0.5, size / 2
    where = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
    half = _SIDE // 2
    left, right = float(evidence[:, :half].max()), float(evidence[:, half:].max())
    margin = right - left if np.isfinite(left) and np.isfinite(right) else 0.0
    x = float((where[1] + 0.5) / _SIDE)
    off_centre = float(np.clip((abs(2 * x - 1) - 0.15) / 0.2, 0, 1))
    probability = 0.5 + (1 / (1 + np.exp(-_STEEPNESS * margin)) - 0.5) * off_centre
    return float(probability), x * size


def read_laterality(photograph: Photograph, field: Field) -> LateralityReading:
    """Say which eye a photograph shows.

    What metadata or the file name say counts first. Otherwise the optic disc decides, which lies on the
    nasal side: on the right of a right eye. Where it lies in the middle, nothing is claimed.

    Parameters
    ----------
    photograph, field : Photograph, Field
        The photograph and its field of view.

    Returns
    -------
    LateralityReading
        With eye None when neither words nor the disc tell.
    """
    if photograph.laterality.eye is not None:
        return photograph.laterality
    probability, _ = disc_side(crop(photograph, field, 256, mirrored=False))
    confidence = max(probability, 1 - probability)
    if confidence < 0.55:
        return LateralityReading(eye=None, confidence=0.5, source="none")
    eye = Laterality.OD if probability > 0.5 else Laterality.OS
    return LateralityReading(eye=eye, confidence=confidence, source="optic disc")


def find_canonical_field(photograph: Photograph) -> Field:
    """Find the field of view, mirrored if this is a left eye: what the model's crop is taken from.

    Raises
    ------
    NotAFundusError
        If the picture shows no fundus.
    """
    field = find_field(photograph)
    return canonical(field, read_laterality(photograph, field))


def canonical(field: Field, reading: LateralityReading) -> Field:
    """Return the field mirrored for a left eye, so that model pixels show every eye as a right eye."""
    return field.replace(mirrored=reading.eye is Laterality.OS)
