"""Which eye a photograph shows, and how sure we are."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Laterality", "LateralityReading"]


class Laterality(StrEnum):
    """Right eye (oculus dexter) or left eye (oculus sinister)."""

    OD = "OD"
    OS = "OS"

    @property
    def other(self) -> "Laterality":
        """The fellow eye."""
        return Laterality.OS if self is Laterality.OD else Laterality.OD


class LateralityReading(FrozenModel):
    """A laterality, where it was read, and how sure that is.

    Parameters
    ----------
    eye : Laterality or None
        None when nothing was found.
    confidence : float
        Probability that `eye` is right, 0.5 (a coin) to 1.
    source : str
        ``metadata``, ``file name``, ``optic disc`` or ``none``.
    """

    eye: Laterality | None = None
    confidence: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    source: Literal["metadata", "file name", "optic disc", "none"] = "none"
