"""What raters called a direction in their own words: like words together, every word kept."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NameCluster", "cluster_names"]

_EMPTY = frozenset(
    (
        "a an and are as at be been but by can change changed changes from get gets getting has have in into is it its less "
        "look looks more of on or some that the there they this to very was were which with"
    ).split(" ")
)
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
    stems = (re.sub(r"(?<=\w{3})(ies|es|s|ing|ed|er)$", "", word) for word in found if word not in _EMPTY)
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

    It sorts for a reader and decides nothing: every text is there. Cost grows with the square of the number of texts.

    Parameters
    ----------
    texts : iterable of (str, str)
        Rater and words.
    """
    groups = [[text] for text in sorted(texts)]

    def nearness(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> float:
        pairs = [_alike(a[1], b[1]) for a in one for b in other]
        return sum(pairs) / len(pairs)

    while len(groups) > 1:
        best, i, j = max(
            (nearness(groups[i], groups[j]), -i, -j) for i in range(len(groups)) for j in range(i + 1, len(groups))
        )
        if best < _LIKE:
            break
        groups[-i] += groups.pop(-j)
    return tuple(
        sorted(
            (_cluster(group) for group in groups),
            key=lambda one: (-one.raters, -len(one.texts), one.name),
        )
    )


def _cluster(group: list[tuple[str, str]]) -> NameCluster:
    def centrality(text: str) -> tuple[float, int, str]:
        return -sum(_alike(text, other) for _, other in group), len(text), text

    name = min((text for _, text in group), key=centrality)
    return NameCluster(name=name, texts=tuple(sorted(group)), raters=len({rater for rater, _ in group}))
