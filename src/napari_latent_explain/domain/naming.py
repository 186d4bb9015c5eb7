"""What a person called a direction, who, and when."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, StringConstraints

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Naming"]

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Naming(FrozenModel):
    """A name that a person gave.

    Parameters
    ----------
    name : str
        1 to 80 characters.
    by : str
        Who gave it, as that person wants to be called; empty if not said.
    at : datetime.datetime
        When, with its time zone.
    """

    name: _Words
    by: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    at: AwareDatetime

    @classmethod
    def now(cls, name: str, by: str = "") -> Self:
        """Give a name at this moment.

        Raises
        ------
        pydantic.ValidationError
            If it has no letters, or too many.
        """
        return cls(name=name, by=by, at=datetime.now(UTC).replace(microsecond=0))
