"""What a reading study is to hold, and how much that is. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_latent_explain.domain import DirectionId
    from napari_latent_explain.review import Protocol

__all__ = ["MOST_ITEMS", "StudyPlan"]

MOST_ITEMS = 20_000
"""A `review.Study` holds no more."""


@dataclass(frozen=True)
class StudyPlan:
    """What a study is to hold.

    Parameters
    ----------
    title, protocol : str, Protocol
        What it is called, and how it is done.
    raters : tuple of str
        Who may take part; anyone, if empty.
    directions : int
        How many directions towards each photograph's target, the best first, where the protocol shows directions.
    chosen : tuple of str
        Ids of directions to show instead, whatever the photograph's target.
    target : int, optional
        Class to ask for; by default each photograph's most probable other.
    display_size : int
        Side of the pictures in pixels, at most.
    seed : int
        Of the raters' orders, and of whatever is random in explaining.
    """

    title: str
    protocol: Protocol
    raters: tuple[str, ...] = ()
    directions: int = 5
    chosen: tuple[DirectionId, ...] = ()
    target: int | None = None
    display_size: int = 1024
    seed: int = 0

    @property
    def items_a_photograph(self) -> int:
        """How many things a photograph gives to judge, if the model has so many directions."""
        return (len(self.chosen) or self.directions) if self.protocol.items == "directions" else 1

    def trials(self, photographs: int) -> tuple[int, int, int]:
        """Return how many first judgements, catch trials and repeats each rater has, if no photograph is left out.

        The same counts as those of `review.trials_of`, known before there is a study.
        """
        items = photographs * self.items_a_photograph
        catches = min(items, round(self.protocol.catch_share * items))
        repeats = min(max(1, items // 2), round(self.protocol.repeat_share * items)) if items else 0
        return items, catches, repeats
