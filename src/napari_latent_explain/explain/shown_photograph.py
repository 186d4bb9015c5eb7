"""A photograph as it is shown: upright, around its field of view, with or without a change laid on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from napari_latent_explain.fundus import composite, composite_crop, composite_window, crop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Field, Photograph

__all__ = ["ShownPhotograph"]

T = TypeVar("T", bound=np.generic)


class ShownPhotograph:
    """Pictures in the photograph's own orientation, of what the model sees in its own.

    Every `difference` is (M, M, 3) float32 in [-1, 1], in units of full scale, as the model has it: mirrored if the field is.

    Parameters
    ----------
    photograph, field : Photograph, Field
        What was read, and where its field of view lies.
    size : int
        Side of `original`.

    Attributes
    ----------
    original : numpy.ndarray
        (size, size, 3) uint8, the square around the field.
    """

    def __init__(self, photograph: Photograph, field: Field, size: int) -> None:
        self.photograph, self.field = photograph, field
        self.original: NDArray[np.uint8] = crop(photograph, field, size, mirrored=False)
        self._sizes = {size: self.original}

    def upright(self, picture: NDArray[T]) -> NDArray[T]:
        """Mirror between model and photograph orientation (its own inverse)."""
        return np.ascontiguousarray(picture[:, ::-1]) if self.field.mirrored else picture

    def at(self, size: int) -> NDArray[np.uint8]:
        """The original at another size, (size, size, 3) uint8, read off the photograph once."""
        if size not in self._sizes:
            self._sizes[size] = crop(self.photograph, self.field, size, mirrored=False)
        return self._sizes[size]

    def changed(self, difference: NDArray[np.float32], size: int | None = None) -> NDArray[np.uint8]:
        """The original, or the one of another size, with a difference on it, (P, P, 3) uint8."""
        return composite_crop(self.original if size is None else self.at(size), self.field, difference)

    def whole(self, difference: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The whole photograph with a difference on it, (H, W, 3) uint8."""
        return composite(self.photograph, self.field, difference)

    def window(
        self, difference: NDArray[np.float32], y: float, x: float, side: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """`side` pixels of the photograph around a point, moved so far that they lie within it, without and with a difference.

        Returns
        -------
        tuple of numpy.ndarray
            (h, w, 3) uint8 each; smaller than `side` only if the photograph is.
        """
        rows, columns = _span(y, side, self.photograph.height), _span(x, side, self.photograph.width)
        return composite_window(self.photograph, self.field, difference, rows, columns)


def _span(middle: float, side: int, whole: int) -> slice:
    start = min(max(0, round(middle - side / 2)), max(0, whole - side))
    return slice(start, min(start + side, whole))
