"""The square picture of the field of view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.fundus.resampling import resampling_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Field, Photograph

__all__ = ["crop"]


def crop(photograph: Photograph, field: Field, size: int, mirrored: bool | None = None) -> NDArray[np.uint8]:
    """Cut out and resize the field of view.

    Parameters
    ----------
    photograph : Photograph
        8 or 16 bits; 16 bits are rounded to 8 here.
    field : Field
        Where the disc lies.
    size : int
        Side of the result in pixels.
    mirrored : bool, optional
        Whether the result is mirrored left-right; as the field says, if not given.

    Returns
    -------
    numpy.ndarray
        (size, size, 3) uint8, black outside the field.
    """
    left, top, _, _ = field.box
    step = 2 * field.radius / size
    mirrored = field.mirrored if mirrored is None else mirrored
    rows = resampling_matrix(photograph.height, top, step, size)
    columns = resampling_matrix(photograph.width, left, step, size)
    plane = photograph.pixels.reshape(photograph.height, -1).astype(np.float32)
    tall = np.asarray(rows @ plane).reshape(size, photograph.width, 3)
    square = np.stack([np.asarray(columns @ tall[..., c].T).T for c in range(3)], axis=-1)
    square *= 255.0 / photograph.full_scale
    square[~field.replace(mirrored=False).mask(size)] = 0
    picture: NDArray[np.uint8] = np.clip(np.rint(square), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(picture[:, ::-1] if mirrored else picture)
