"""A place that a person marked in a picture."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Mark"]

_Share = Annotated[float, Field(ge=0, le=1)]


class Mark(FrozenModel):
    """A point or a box, in shares of a square picture's side, so that it holds at every size.

    Parameters
    ----------
    x, y : float
        Left and top, 0 to 1, as the photograph stands (never mirrored).
    width, height : float
        0 for a point.
    note : str
        What a person wrote to it.
    """

    x: _Share
    y: _Share
    width: _Share = 0.0
    height: _Share = 0.0
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.x + self.width > 1 + 1e-9 or self.y + self.height > 1 + 1e-9:
            msg = "a mark lies partly outside its picture"
            raise ValueError(msg)
        return self

    @property
    def is_point(self) -> bool:
        """Whether it has no extent."""
        return not (self.width or self.height)

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of its middle."""
        return self.x + self.width / 2, self.y + self.height / 2
