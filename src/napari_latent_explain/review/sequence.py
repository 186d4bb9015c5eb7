"""In which order a rater sees the items, what is turned round, where nothing was changed, and what comes again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_latent_explain.review.study import Study

__all__ = ["Trial", "trials_of"]


class Trial(FrozenModel):
    """One presentation of one item to one rater.

    Parameters
    ----------
    number : int
        From 1, in the order in which they are shown.
    item : str
        What is shown.
    kind : {"first", "repeat", "catch"}
        A first judgement, the same item again, or photographs alone.
    swapped : bool
        Whether the pictures stand in reverse order.
    series : int
        1, or 2 for repeats after a washout.
    beside : str
        In a catch trial of a forced choice, the item whose photograph stands in place of the altered picture.
    """

    number: Annotated[int, Field(ge=1)]
    item: str
    kind: Literal["first", "repeat", "catch"]
    swapped: bool
    series: Literal[1, 2] = 1
    beside: str = ""

    @property
    def id(self) -> str:
        """What answers are kept under."""
        return f"{self.number:05d}"


class _Draw:
    """Numbers that depend on the study, the rater and a word alone, in every version of every library."""

    def __init__(self, study: Study, rater: str) -> None:
        self._key = f"{study.sha256}:{study.seed}:{rater}".encode()

    def number(self, *words: object) -> int:
        return int.from_bytes(hashlib.sha256(self._key + repr(words).encode()).digest()[:8], "big")

    def shuffled(self, purpose: str, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: (self.number(purpose, name), name))


def trials_of(study: Study, rater: str) -> tuple[Trial, ...]:
    """Return all trials of a rater: every item once, in an order of the rater's own, with catch trials and repeats among them.

    Repeats are of items from the first half and stand in the last third, or in a second series. The same study and rater give
    the same trials everywhere: the order is that of SHA-256 hashes.
    """
    draw, protocol = _Draw(study, rater), study.protocol
    ids = [item.id for item in study.items]
    catches = draw.shuffled("catch", ids)[: round(protocol.catch_share * len(ids))]
    order = draw.shuffled("order", [f"first {i}" for i in ids] + [f"catch {i}" for i in catches])
    firsts = [name for name in order if name.startswith("first ")]
    half = firsts[: max(1, len(firsts) // 2)]
    again = draw.shuffled("repeat", half)[: min(len(half), round(protocol.repeat_share * len(ids)))]
    repeats = [f"repeat {name.split(' ', 1)[1]}" for name in again]
    if protocol.washout_days:
        series = [*((name, 1) for name in order), *((name, 2) for name in draw.shuffled("second", repeats))]
    else:
        cut = len(order) * 2 // 3
        series = [(name, 1) for name in (*order[:cut], *draw.shuffled("end", [*order[cut:], *repeats]))]
    trials = []
    for number, (name, part) in enumerate(series, start=1):
        kind, item = name.split(" ", 1)
        beside = _other_photograph(study, item, draw) if kind == "catch" and protocol.forced_choice else ""
        swapped = bool(draw.number("swapped", name) & 1)
        trials.append(
            Trial.model_validate(
                {"number": number, "item": item, "kind": kind, "swapped": swapped, "series": part, "beside": beside}
            )
        )
    return tuple(trials)


def _other_photograph(study: Study, item_id: str, draw: _Draw) -> str:
    """An item with another photograph, of the same eye's side if there is one; the item itself if there is no other."""
    item = study.item(item_id)
    others = [other for other in study.items if other.photograph != item.photograph]
    alike = [other for other in others if other.laterality is item.laterality] or others
    return draw.shuffled(f"beside {item_id}", [other.id for other in alike])[0] if alike else item_id
