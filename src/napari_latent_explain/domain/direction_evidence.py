"""What was measured around a direction, and around the search that found it."""

from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["ExamplePair", "OffTargetEffects", "TargetSearch"]

Share = Annotated[float, Field(ge=0, le=1)]


class ExamplePair(FrozenModel):
    """A held-out photograph that a direction changes much: the target's probability before and after the move."""

    photograph: str
    before: Share
    after: Share


class OffTargetEffects(FrozenModel):
    """What else a direction changes, as means over the held-out photographs.

    Parameters
    ----------
    margins : tuple of (str, float)
        Each class but the target, and the change of its margin (log odds).
    brightness, contrast : float
        Change of the mean and of the standard deviation of luminance inside the field, as a share of the range from black
        to white.
    """

    margins: tuple[tuple[str, float], ...] = ()
    brightness: float = 0.0
    contrast: float = 0.0


class TargetSearch(FrozenModel):
    """How the directions towards one class were found, and how far that can be trusted.

    Parameters
    ----------
    target : int
        The class.
    selection, held_out : int
        Photographs of another class that directions were chosen on, and measured on.
    screened, tested : int
        Moves (a coordinate to one of its ends) that the gradients judged, and that real forward passes did.
    rescued : int
        Tested moves that the gradients rejected and groups of styles brought back.
    missed, missed_interval : float, (float, float)
        Estimated number of rejected moves that are at least as strong as the weakest direction, with a 95 % interval,
        from `controls` random ones that were really moved.
    controls : int
        How many were.
    false_discovery_rate : float, optional
        Directions that a classifier with a re-drawn last layer gives at the same bar, over those of the real one; None
        where it wasn't measured.
    cover : tuple of str
        Directions that together explain most selection photographs, in the order in which they are moved.
    explained : float
        Share of the held-out photographs whose decision they jointly change, really rendered.
    """

    target: Annotated[int, Field(ge=0)]
    selection: int
    held_out: int
    screened: int
    tested: int
    rescued: int = 0
    missed: float = 0.0
    missed_interval: tuple[float, float] = (0.0, 0.0)
    controls: int = 0
    false_discovery_rate: Share | None = None
    cover: tuple[str, ...] = ()
    explained: Share = 0.0
