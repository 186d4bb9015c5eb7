"""The illuminated disc in a photograph, and the square crop around it."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Constraint

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Field"]

Positive = Annotated[float, Constraint(gt=0)]


class Field(FrozenModel):
    """The field of view: a disc, perhaps cut at the top and bottom by the sensor.

    The crop is the square of side ``2 * radius`` around the centre; where it leaves the photograph it is black. Model
    pixels and photograph pixels are two linear coordinate systems on that square, so that every point can go there and
    back. Pixel (0, 0) covers [0, 1) x [0, 1): its middle is at (0.5, 0.5).

    Parameters
    ----------
    center_x, center_y : float
        Centre of the disc in photograph pixels, from the left and from the top.
    radius : float
        Radius of the disc in photograph pixels.
    top, bottom : float
        Where the illuminated part begins and ends, in photograph pixels (the disc's own edge if it is not cut).
    width, height : int
        Size of the photograph.
    mirrored : bool
        Whether model pixels are mirrored left-right (to show every eye as a right eye, disc on the right).
    """

    center_x: float
    center_y: float
    radius: Positive
    top: float
    bottom: float
    width: Annotated[int, Constraint(gt=0)]
    height: Annotated[int, Constraint(gt=0)]
    mirrored: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The crop's left, top, right and bottom edge in photograph pixels (it may leave the photograph)."""
        r = self.radius
        return self.center_x - r, self.center_y - r, self.center_x + r, self.center_y + r

    def to_model(self, points: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """Photograph coordinates to model coordinates.

        Parameters
        ----------
        points : numpy.ndarray
            (..., 2) of (x, y) in photograph pixels.
        size : int
            Side of the model's square picture.
        """
        left, top, _, _ = self.box
        scaled = (np.asarray(points, dtype=np.float64) - (left, top)) * (size / (2 * self.radius))
        if self.mirrored:
            scaled[..., 0] = size - scaled[..., 0]
        return scaled

    def to_photograph(self, points: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """Model coordinates back to photograph coordinates: the inverse of `to_model`."""
        left, top, _, _ = self.box
        points = np.array(points, dtype=np.float64)
        if self.mirrored:
            points[..., 0] = size - points[..., 0]
        return points * (2 * self.radius / size) + (left, top)

    def mask(self, size: int) -> NDArray[np.bool_]:
        """Where the square picture shows retina: (size, size) bool, in model pixels."""
        middles = np.arange(size) + 0.5
        grid = np.stack(np.meshgrid(middles, middles), axis=-1)
        points = self.to_photograph(grid, size)
        x, y = points[..., 0], points[..., 1]
        inside: NDArray[np.bool_] = (x - self.center_x) ** 2 + (y - self.center_y) ** 2 <= self.radius**2
        inside &= (y >= self.top) & (y <= self.bottom) & (x >= 0) & (x <= self.width)
        return inside
