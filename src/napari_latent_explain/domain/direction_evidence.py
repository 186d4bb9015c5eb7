"""What was measured around a direction, and around the search that found it."""

from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["FEWEST_HELD_OUT", "ExamplePair", "OffTargetEffects", "TargetSearch"]

Share = Annotated[float, Field(ge=0, le=1)]

FEWEST_HELD_OUT = 10  # photographs that a bootstrap interval needs to be worth its name, as in a review


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
        Moves of classifiers with a re-drawn last layer, as sure as the real one, that are at least as strong as the weakest
        direction, on average, over the directions; at most 1, and None where it wasn't measured. Near 1, a classifier that
        has learned nothing would give as long a list.
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

    @property
    def caution(self) -> str:
        """What intervals from so few held-out photographs are worth, in a sentence; nothing where there are enough."""
        if self.held_out >= FEWEST_HELD_OUT:
            return ""
        return (
            f"Only {self.held_out} held-out photographs are decided against this class: from fewer than {FEWEST_HELD_OUT} a "
            "bootstrap interval is too narrow (one called 95 % holds the true mean in about 50 % of cases with 2, 80 % with 4, "
            "90 % with 10), so that one that leaves out 0 proves little; give more photographs."
        )
