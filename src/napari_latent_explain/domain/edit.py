"""The state of the sliders."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field, field_serializer, field_validator

from napari_latent_explain.domain.direction import DirectionId
from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Edit"]


class Edit(FrozenModel):
    """Strengths of style directions: what the sliders say.

    Strengths are in units of the direction's own spread (one = one standard deviation over the reference photographs);
    a direction that is not named has strength 0. Edits add, scale and negate; `Edit()` changes nothing.
    """

    strengths: Mapping[DirectionId, float] = Field(default_factory=lambda: MappingProxyType({}))

    @field_validator("strengths")
    @classmethod
    def _without_zeros(cls, value: Mapping[DirectionId, float]) -> Mapping[DirectionId, float]:
        return MappingProxyType({key: float(v) for key, v in sorted(value.items()) if v != 0})

    @field_serializer("strengths")
    def _as_dict(self, value: Mapping[DirectionId, float]) -> dict[DirectionId, float]:
        return dict(value)

    def __getitem__(self, direction_id: DirectionId) -> float:
        """Strength of one direction, 0 if it is not moved."""
        return self.strengths.get(direction_id, 0.0)

    def __bool__(self) -> bool:
        """Whether anything is moved."""
        return bool(self.strengths)

    def __hash__(self) -> int:
        return hash(tuple(self.strengths.items()))

    def __add__(self, other: "Edit") -> "Edit":
        ids = {*self.strengths, *other.strengths}
        return Edit(strengths={key: self[key] + other[key] for key in ids})

    def __neg__(self) -> "Edit":
        return self.scaled(-1.0)

    def scaled(self, factor: float) -> "Edit":
        """Every strength times `factor`."""
        return Edit(strengths={key: factor * v for key, v in self.strengths.items()})

    def with_strength(self, direction_id: DirectionId, strength: float) -> "Edit":
        """Return the edit with one direction set to `strength`."""
        return Edit(strengths={**self.strengths, direction_id: strength})
