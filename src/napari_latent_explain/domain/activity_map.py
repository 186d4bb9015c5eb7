"""Where in the field of view a direction acts, small enough to be stored with it."""

import base64
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["ActivityMap"]


class ActivityMap(FrozenModel):
    """Mean absolute difference that a direction makes, on the model's crop (a right eye), in 256 grey levels.

    Parameters
    ----------
    side : int
        Rows and columns of the map.
    peak : float
        What the level 255 stands for, as a share of the range from black to white.
    cells : str
        ``side * side`` bytes, row by row, in base64.
    """

    side: Annotated[int, Field(ge=1, le=256)]
    peak: Annotated[float, Field(ge=0)]
    cells: str

    @model_validator(mode="after")
    def _cells_fit(self) -> Self:
        try:
            count = len(base64.b64decode(self.cells, validate=True))
        except ValueError as error:
            msg = "the cells of an activity map are not base64"
            raise ValueError(msg) from error
        if count != self.side**2:
            msg = f"an activity map of side {self.side} has {self.side**2} cells, not {count}"
            raise ValueError(msg)
        return self

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """Store values (side, side), not negative."""
        peak = float(values.max())
        levels = np.zeros(values.shape, np.uint8) if peak == 0 else np.round(values / peak * 255).astype(np.uint8)
        return cls(side=len(values), peak=peak, cells=base64.b64encode(levels.tobytes()).decode("ascii"))

    def values(self) -> NDArray[np.float64]:
        """Return the map, (side, side) float64 from 0 to `peak`."""
        levels = np.frombuffer(base64.b64decode(self.cells), np.uint8).reshape(self.side, self.side)
        return levels / 255 * self.peak
