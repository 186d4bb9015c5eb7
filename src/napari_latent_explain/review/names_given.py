"""What raters called a direction in their own words: like words together, every word kept."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NameCluster", "cluster_names"]

_PASSED_OVER = (
    "a an and are as at be been but by can change changed changes from get gets getting has have in into is it its less look "
    "looks more of on or some that the there they this to very was were which with"
)
_EMPTY = frozenset(_PASSED_OVER.split())
_LIKE = 0.5


class NameCluster(FrozenModel):
    """Descriptions that say much the same.

    Parameters
    ----------
    name : str
        The shortest of those that are most like the others.
    texts : tuple of (str, str)
        All of them as (rater, words).
    raters : int
        How many people.
    """

    name: str
    texts: tuple[tuple[str, str], ...]
    raters: int


def _words(text: str) -> frozenset[str]:
    """Words that carry meaning, without endings."""
    found = re.findall(r"[^\W\d_]+", text.casefold())
    stems = (re.sub(r"(?<=\w{3})(ies|es|s|ing|ed|er|e)$", "", word) for word in found if word not in _EMPTY)
    return frozenset(stems)


def _alike(one: str, other: str) -> float:
    """0 to 1: shared words over all words, or how alike the letters are where no word is shared."""
    a, b = _words(one), _words(other)
    shared = len(a & b) / len(a | b) if a | b else 1.0
    contained = len(a & b) / min(len(a), len(b)) if a and b else 0.0
    letters = SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
    return max(shared, 0.8 * contained, letters if letters > 0.8 else 0.0)


def cluster_names(texts: Iterable[tuple[str, str]]) -> tuple[NameCluster, ...]:
    """Put descriptions together that are alike (average linkage), the largest cluster first.

    It sorts for a reader and decides nothing: every text is there. Cost grows with the square of the number of different texts.

    Parameters
    ----------
    texts : iterable of (str, str)
        Rater and words.
    """
    given = sorted(texts)
    different = sorted({text for _, text in given})
    if not different:
        return ()
    alike = np.array([[_alike(one, other) for other in different] for one in different])
    numbers = np.ones(1, dtype=int)
    if len(different) > 1:
        distances = squareform(1 - np.minimum(alike, alike.T), checks=False)
        numbers = fcluster(linkage(distances, method="average"), t=1 - _LIKE, criterion="distance")
    of_text = dict(zip(different, numbers.tolist(), strict=True))
    groups = [[one for one in given if of_text[one[1]] == number] for number in sorted(set(of_text.values()))]
    places = {text: place for place, text in enumerate(different)}

    def named(group: list[tuple[str, str]]) -> NameCluster:
        inside = [places[text] for _, text in group]
        name = min((-alike[places[text], inside].sum(), len(text), text) for _, text in group)[2]
        return NameCluster(name=name, texts=tuple(group), raters=len({rater for rater, _ in group}))

    return tuple(sorted((named(group) for group in groups), key=lambda one: (-one.raters, -len(one.texts), one.name)))
