"""The base of the frozen pydantic types."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

__all__ = ["FrozenModel"]


class FrozenModel(BaseModel):
    """A value: equal by content, never changed in place, no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with `changes`, validated again.

        Raises
        ------
        pydantic.ValidationError
            If a changed value is not valid.
        """
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate(kept | changes)

    def __repr_args__(self) -> Any:
        """Show only what differs from the default."""
        shown = []
        for name, field in type(self).model_fields.items():
            default = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
            if getattr(self, name) != default:
                shown.append((name, getattr(self, name)))
        return shown
