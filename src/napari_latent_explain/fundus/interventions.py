"""Changes to a photograph that leave the disease alone: what a classifier of disease should not react to.

Each takes a crop of the field (R, R, 3) uint8 with its mask (R, R) and gives another; black outside stays black. They say
nothing about whether photographs in use differ that way, only what the classifier does if they do.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

__all__ = ["INTERVENTIONS", "Intervention", "compressed"]


@dataclass(frozen=True)
class Intervention:
    """One change: its `name`, the `group` of properties that it belongs to, what it does, and how."""

    name: str
    group: str
    says: str
    change: Callable[[Picture, Mask], Picture]


def _grid(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X and y of every pixel in units of the field's radius, y downward."""
    axis = (np.arange(size) + 0.5) * 2 / size - 1
    return np.broadcast_to(axis, (size, size)), np.broadcast_to(axis[:, None], (size, size))


def _bytes(values: NDArray[np.floating[Any]], mask: Mask) -> Picture:
    levels: Picture = (np.clip(values, 0, 255) * mask[..., None]).round().astype(np.uint8)
    return levels


def _notch(picture: Picture, mask: Mask) -> Picture:
    """A triangle cut into the upper left edge, as some cameras do."""
    x, y = _grid(len(picture))
    corner = np.maximum(np.abs(x + y + 1.36) * 1.3, np.abs(x - y) * 1.6) <= 0.11
    return _bytes(picture.astype(np.float64), mask & ~corner)


def _cut(picture: Picture, mask: Mask) -> Picture:
    """The disc cut off at the top and bottom, at three quarters of its radius."""
    _, y = _grid(len(picture))
    return _bytes(picture.astype(np.float64), mask & (np.abs(y) <= 0.75))


def _narrow(picture: Picture, mask: Mask) -> Picture:
    """A field of nine tenths of the radius."""
    x, y = _grid(len(picture))
    return _bytes(picture.astype(np.float64), mask & (np.hypot(x, y) <= 0.9))


def _light(gain: float) -> Callable[[Picture, Mask], Picture]:
    return lambda picture, mask: _bytes(picture * gain, mask)


def _tilt(picture: Picture, mask: Mask) -> Picture:
    """Light that falls off by a third from the disc's side to the other."""
    x, _ = _grid(len(picture))
    return _bytes(picture * (1 + 0.17 * x)[..., None], mask)


def _tint(red: float, green: float, blue: float) -> Callable[[Picture, Mask], Picture]:
    return lambda picture, mask: _bytes(picture * np.array([red, green, blue]), mask)


def _mirror(picture: Picture, mask: Mask) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def _blur(picture: Picture, mask: Mask) -> Picture:
    """Gaussian blur of 1/200 of the side, within the field."""
    sigma = len(picture) / 200
    weight = gaussian_filter(mask.astype(np.float64), sigma)[..., None]
    inside = gaussian_filter(picture * mask[..., None].astype(np.float64), (sigma, sigma, 0))
    return _bytes(inside / np.maximum(weight, 1e-3), mask)


def _noise(picture: Picture, mask: Mask) -> Picture:
    """Sensor noise of 6 grey levels, the same for every photograph."""
    grain = np.random.default_rng(0).normal(0, 6, picture.shape)
    return _bytes(picture + grain, mask)


def compressed(picture: Picture, quality: int) -> Picture:
    """(R, R, 3) uint8 as JPEG of this quality, and read again."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def _jpeg(picture: Picture, mask: Mask) -> Picture:
    """JPEG at quality 30."""
    return _bytes(compressed(picture, 30).astype(np.float64), mask)


INTERVENTIONS: tuple[Intervention, ...] = (
    Intervention("notch", "camera", "a camera's notch is cut into the upper left edge", _notch),
    Intervention("cut field", "field shape", "the field is cut off at the top and bottom", _cut),
    Intervention("smaller field", "field shape", "the field ends at nine tenths of its radius", _narrow),
    Intervention("darker", "illumination", "a fifth less light", _light(0.8)),
    Intervention("brighter", "illumination", "a fifth more light", _light(1.2)),
    Intervention("uneven light", "illumination", "light falls off to the temporal side", _tilt),
    Intervention("darker fundus", "pigmentation", "less red and green, as with more pigment", _tint(0.85, 0.8, 0.95)),
    Intervention("fairer fundus", "pigmentation", "more green and blue, as with less pigment", _tint(1.03, 1.12, 1.15)),
    Intervention("mirrored", "laterality", "right becomes left", _mirror),
    Intervention("blurred", "quality", "slightly out of focus", _blur),
    Intervention("noisy", "quality", "sensor noise", _noise),
    Intervention("compressed", "quality", "JPEG at quality 30", _jpeg),
)
