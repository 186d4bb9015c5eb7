"""Arrays as what Qt shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QImage, QPixmap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["pixmap_of"]


def pixmap_of(picture: NDArray[np.uint8]) -> QPixmap:
    """A picture (h, w, 3) uint8."""
    height, width, _ = picture.shape
    return QPixmap.fromImage(QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888))
