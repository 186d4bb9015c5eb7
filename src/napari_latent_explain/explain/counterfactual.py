"""The smallest change, within what real eyes show, that makes the classifier change its mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_latent_explain.domain import Edit, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_latent_explain.domain import DirectionId, Progress

__all__ = ["CounterfactualSearch", "diverse_counterfactuals", "search_counterfactual", "strongest_direction"]

_DOSES = 8


@dataclass(frozen=True)
class CounterfactualSearch:
    """What a search found: the edit, its margin (positive: decided for the target), and how many edits were rendered."""

    edit: Edit
    margin: float
    reached: bool
    rendered: int


def search_counterfactual(
    margins: Callable[[Sequence[Edit]], Sequence[float]],
    ranges: Mapping[DirectionId, tuple[float, float]],
    *,
    clearance: float = 0.1,
    steps: int = 7,
    progress: Progress = silent,
) -> CounterfactualSearch:
    """Search for an edit whose margin is at least `clearance`.

    Greedy: move, one after the other, the direction that raises the margin most to the end of its range, until the margin
    is reached; drop every direction that proves unneeded; then shrink the whole edit to the boundary: the first of eight
    even doses that reaches it, and bisection below that, so that a curve that rises and falls doesn't mislead.

    Parameters
    ----------
    margins : callable
        Log odds of the target for each of several edits (one batch of real renderings).
    ranges : mapping
        Least and greatest strength of each direction.
    clearance : float
        Log odds that count as a changed mind, a little above 0.
    steps : int
        Bisection steps.
    progress : Progress
        Told at every rendering.

    Returns
    -------
    CounterfactualSearch
        If nothing in the range reaches the margin, the edit of the highest margin found, with `reached` False.
    """
    rendered = 1
    (current,) = margins([Edit()])
    if current >= clearance:
        return CounterfactualSearch(Edit(), current, True, rendered)
    edit = Edit()
    # Both ends count: for this eye a direction may act against its average sense.
    left = [(key, end) for key, ends in ranges.items() for end in ends if end]
    total = len(ranges)
    while left and current < clearance:
        tried = [edit.with_strength(key, end) for key, end in left]
        values = margins(tried)
        rendered += len(tried)
        best = max(range(len(left)), key=lambda i: values[i])
        if values[best] <= current + 1e-4:
            break
        edit, current = tried[best], values[best]
        taken = left[best][0]
        left = [(key, end) for key, end in left if key != taken]
        progress("Searching for the smallest change", 0.8 * len(edit.strengths) / total)
    if current < clearance:
        return CounterfactualSearch(edit, current, False, rendered)
    for key in sorted(edit.strengths, key=lambda k: abs(edit[k])):
        without = edit.with_strength(key, 0.0)
        (value,) = margins([without])
        rendered += 1
        if value >= clearance:
            edit, current = without, value
    doses = [k / _DOSES for k in range(1, _DOSES)]
    values = [*margins([edit.scaled(dose) for dose in doses]), current]
    rendered += len(doses)
    first = next(k for k, value in enumerate(values) if value >= clearance)
    low, high, current = first / _DOSES, (first + 1) / _DOSES, values[first]
    for step in range(steps):
        middle = (low + high) / 2
        (value,) = margins([edit.scaled(middle)])
        rendered += 1
        if value >= clearance:
            high, current = middle, value
        else:
            low = middle
        progress("Shrinking the change to the boundary", 0.8 + 0.2 * (step + 1) / steps)
    return CounterfactualSearch(edit.scaled(high), current, True, rendered)


def diverse_counterfactuals(
    margins: Callable[[Sequence[Edit]], Sequence[float]],
    ranges: Mapping[DirectionId, tuple[float, float]],
    *,
    count: int = 3,
    clearance: float = 0.1,
    progress: Progress = silent,
) -> tuple[CounterfactualSearch, ...]:
    """Several answers that differ: each does without the direction that did most in the one before.

    What a direction did is by how much the margin falls when it alone is taken back.

    Parameters
    ----------
    margins, ranges, clearance, progress
        As for `search_counterfactual`.
    count : int
        At most so many answers.

    Returns
    -------
    tuple of CounterfactualSearch
        The first is that of `search_counterfactual`, reached or not; the others are all reached.
    """
    left = dict(ranges)
    found: list[CounterfactualSearch] = []
    for number in range(count):

        def part(text: str, share: float, number: int = number) -> None:
            progress(text, (number + share) / count)

        answer = search_counterfactual(margins, left, clearance=clearance, progress=part)
        if found and not answer.reached:
            break
        found.append(answer)
        if not answer.reached or not answer.edit:
            break
        del left[strongest_direction(margins, answer.edit)]
    return tuple(found)


def strongest_direction(margins: Callable[[Sequence[Edit]], Sequence[float]], edit: Edit) -> DirectionId:
    """The direction that does most in an edit that moves at least one: taken back alone, it lowers the margin furthest."""
    keys = list(edit.strengths)
    without = margins([edit.with_strength(key, 0.0) for key in keys])
    return min(zip(without, keys, strict=True))[1]
