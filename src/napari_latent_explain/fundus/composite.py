"""A change made in model pixels, put back into the photograph: x + (G(s') - G(s))."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.fundus.resampling import resampling_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy import sparse

    from napari_latent_explain.domain import Field, Photograph

__all__ = ["composite", "composite_crop", "composite_window"]

_FEATHER = 0.02
_STRIP = 128


def composite(photograph: Photograph, field: Field, difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Add a difference to the whole photograph.

    Parameters
    ----------
    photograph : Photograph
        Of any size; a 16-bit one is rounded to 8 bits.
    field : Field
        Where the difference lies.
    difference : numpy.ndarray
        (M, M, 3) float in [-1, 1], in units of full scale, in model pixels (mirrored if the field is).

    Returns
    -------
    numpy.ndarray
        (H, W, 3) uint8: exactly the photograph where the difference is 0 and outside the field.
    """
    x0, y0, x1, y1 = field.box
    rows = slice(max(int(np.floor(y0)), 0), min(int(np.ceil(y1)), photograph.height))
    columns = slice(max(int(np.floor(x0)), 0), min(int(np.ceil(x1)), photograph.width))
    result = _eight_bits(photograph, slice(None), slice(None))
    _add(result[rows, columns], field, difference, _middles(rows), _middles(columns))
    return result


def composite_window(
    photograph: Photograph, field: Field, difference: NDArray[np.float32], rows: slice, columns: slice
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A window of the photograph, and of its composite, in the photograph's own pixels; as `composite`, without the rest.

    Parameters
    ----------
    photograph, field, difference : Photograph, Field, numpy.ndarray
        As in `composite`.
    rows, columns : slice
        The window, h by w pixels, within the photograph.

    Returns
    -------
    tuple of numpy.ndarray
        (h, w, 3) uint8 each.
    """
    before = _eight_bits(photograph, rows, columns)
    after = before.copy()
    _add(after, field, difference, _middles(rows), _middles(columns))
    return before, after


def _eight_bits(photograph: Photograph, rows: slice, columns: slice) -> NDArray[np.uint8]:
    pixels = photograph.pixels[rows, columns]
    if pixels.dtype == np.uint8:
        same: NDArray[np.uint8] = pixels.astype(np.uint8)
        return same
    rounded: NDArray[np.uint8] = np.rint(pixels * np.float32(255.0 / photograph.full_scale)).astype(np.uint8)
    return rounded


def _middles(span: slice) -> NDArray[np.float64]:
    return np.arange(span.start, span.stop, dtype=np.float64) + 0.5


def composite_crop(crop_pixels: NDArray[np.uint8], field: Field, difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Add a difference to the square crop, in the photograph's own orientation.

    What depends on field and sizes alone is kept for the next call: ``12 * P**2`` bytes for each of the last four.

    Parameters
    ----------
    crop_pixels : numpy.ndarray
        (P, P, 3) uint8 from ``crop(..., mirrored=False)``.
    field, difference : Field, numpy.ndarray
        As in `composite`.

    Returns
    -------
    numpy.ndarray
        (P, P, 3) uint8.
    """
    result = np.array(crop_pixels)
    to_rows, to_columns, mask = _square(field, len(result), len(difference))
    _add_on(result, field, difference, to_rows, to_columns, lambda strip: mask[strip])
    return result


@lru_cache(maxsize=4)
def _square(field: Field, size: int, model: int) -> tuple[sparse.csr_array, sparse.csr_array, NDArray[np.float32]]:
    """Resampling to rows and columns of the crop, and its soft mask times 255, (P, P, 3)."""
    left, top, _, _ = field.box
    middles = np.arange(0.5, size, dtype=np.float64) * (2 * field.radius / size)
    y: NDArray[np.float64] = top + middles
    x: NDArray[np.float64] = left + middles
    return _weights(model, y, top, field.radius), _weights(model, x, left, field.radius), _mask(field, y, x)


def _mask(field: Field, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.repeat(255 * _soft_mask(field, y, x)[..., None], 3, axis=-1)


def _add(
    target: NDArray[np.uint8],
    field: Field,
    difference: NDArray[np.float32],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
) -> None:
    """Add in place; `y`, `x`: middles of the target's evenly spaced pixels, in photograph pixels."""
    if len(y) and len(x):
        left, top, _, _ = field.box
        model = len(difference)
        to_rows, to_columns = _weights(model, y, top, field.radius), _weights(model, x, left, field.radius)
        _add_on(target, field, difference, to_rows, to_columns, lambda strip: _mask(field, y[strip], x))


def _add_on(
    target: NDArray[np.uint8],
    field: Field,
    difference: NDArray[np.float32],
    to_rows: sparse.csr_array,
    to_columns: sparse.csr_array,
    mask: Callable[[slice], NDArray[np.float32]],
) -> None:
    """Add in place, a few rows at a time, so that a large photograph takes little more memory than its pixels."""
    upright = np.asarray(difference, dtype=np.float32)
    upright = upright[:, ::-1] if field.mirrored else upright
    wide = np.empty((len(upright), target.shape[1], 3), dtype=np.float32)
    for c in range(3):
        wide[..., c] = (to_columns @ upright[..., c].T).T
    flat = wide.reshape(len(upright), -1)
    for start in range(0, len(target), _STRIP):
        strip = slice(start, start + _STRIP)
        change = np.asarray(to_rows[strip] @ flat).reshape(-1, target.shape[1], 3)
        change *= mask(strip)
        change += target[strip]
        np.rint(change, out=change)
        np.clip(change, 0, 255, out=change)
        target[strip] = change


def _weights(model: int, middles: NDArray[np.float64], edge: float, radius: float) -> sparse.csr_array:
    scale = model / (2 * radius)
    step = (middles[1] - middles[0]) * scale if len(middles) > 1 else scale
    return resampling_matrix(model, float((middles[0] - edge) * scale - step / 2), float(step), len(middles))


def _soft_mask(field: Field, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 inside the field, falling smoothly to 0 at its edge."""
    r = np.hypot(x[None] - field.center_x, y[:, None] - field.center_y)
    inwards = np.minimum(field.radius - r, np.minimum(y - field.top, field.bottom - y)[:, None])
    t = np.clip(inwards / (_FEATHER * field.radius), 0, 1)
    soft: NDArray[np.float32] = (t * t * (3 - 2 * t)).astype(np.float32)
    return soft
