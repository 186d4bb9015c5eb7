"""How wide a search for directions looks, and how much evidence it gathers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SearchSettings"]


@dataclass(frozen=True)
class SearchSettings:
    """How wide to look.

    Parameters
    ----------
    screened : int
        Candidates that are really moved, on few photographs at first.
    selection : int
        Photographs that the last ones of them are moved on.
    tested : int
        How many those are; the best of them are measured on the held-out photographs.
    kept : int
        Directions for each class at most.
    bootstrap : int
        Draws of a bootstrap interval.
    gradients : int
        Photographs that gradients are taken on.
    shifted_starts : int
        Gradients from shifted starts for each of them, against saturation.
    groups : int
        Groups of styles of each layer that are tried whole; 0 for none.
    group_photographs : int
        Photographs that groups, and random controls, are moved on.
    controls : int
        Random rejected moves that are really made to estimate what was missed.
    randomised : int
        Classifiers with a re-drawn last layer that false-discovery rates are averaged over.
    seeds : int
        Draws of the selection photographs that stability is measured over.
    cover : int
        Directions that are moved together at most.
    duplicate : float
        Correlation of difference maps from which two directions are one.
    batch : int
        Pictures that are computed at a time.
    """

    screened: int = 96
    selection: int = 24
    tested: int = 24
    kept: int = 10
    bootstrap: int = 2000
    gradients: int = 48
    shifted_starts: int = 1
    groups: int = 1
    group_photographs: int = 8
    controls: int = 32
    randomised: int = 4
    seeds: int = 100
    cover: int = 10
    duplicate: float = 0.9
    batch: int = 16

    @classmethod
    def fitted(cls, coordinates: int, batch: int = 16) -> SearchSettings:
        """Settings of a whole discovery in a style space of so many coordinates: a tenth of the moves are candidates."""
        tested = min(20, 2 * coordinates)
        screened = min(512, max(tested, 2 * coordinates // 10))
        return cls(screened=screened, selection=24, tested=tested, kept=tested, gradients=32, batch=batch)
