"""Chunks take seconds, and a photograph that kills its worker is found and left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from napari_latent_explain.cohort.store.assignment import Answer
from napari_latent_explain.cohort.store.chunks import Chunk, Pace
from napari_latent_explain.cohort.store.running import duration, run_chunks
from napari_latent_explain.cohort.store.workers import Lost
from napari_latent_explain.domain import Cancelled, silent


class Mortal:
    """Two workers that die of some photographs, and the first time of others."""

    count = 2

    def __init__(self, deadly: set[int] = frozenset(), once: set[int] = frozenset(), each: float = 1.0) -> None:
        self.deadly, self.once, self.each = deadly, set(once), each
        self.deaths: Counter[int] = Counter()
        self.sizes: list[int] = []
        self._running: list[Chunk[int]] = []

    @property
    def running(self) -> int:
        return len(self._running)

    def begin(self, work: Callable[[Sequence[Any]], Answer], chunk: Chunk[int]) -> None:
        assert self.running < self.count
        self.sizes.append(len(chunk.members))
        self._running.append(chunk)

    def ended(self, patience: float) -> list[tuple[Chunk[int], Answer | Lost]]:
        chunk = self._running.pop(0)
        killers = set(chunk.members) & (self.deadly | self.once)
        if killers:
            self.once -= killers
            self.deaths.update(killers)
            return [(chunk, Lost("KilledWorker"))]
        rows = [{"sha256": member, "outcome": "done"} for member in chunk.members]
        return [(chunk, Answer(rows, self.each * len(chunk.members)))]


def run(workers: Any, groups: list[range], **options: Any) -> tuple[list[int], list[int]]:
    """Photographs that came back, and those that were given up."""
    kept: list[int] = []
    lost: list[int] = []

    def keep(chunk: Sequence[int], answer: Answer) -> int:
        assert [row["sha256"] for row in answer.rows] == list(chunk)
        assert any(set(chunk) <= set(group) for group in groups)
        kept.extend(chunk)
        return 0

    total = sum(map(len, groups))
    run_chunks(
        workers, lambda _: None, groups, total, keep=keep, give_up=lost.append, **({"progress": silent} | options)
    )
    return kept, lost


def test_everything_comes_back_once() -> None:
    kept, lost = run(Mortal(), [range(0), range(50), range(50, 51), range(51, 200)])
    assert sorted(kept) == list(range(200))
    assert not lost


def test_a_photograph_that_kills_is_alone_in_the_end_and_tried_three_times() -> None:
    workers = Mortal(deadly={17, 101}, each=0.1)
    kept, lost = run(workers, [range(100), range(100, 200)])
    assert sorted(kept) == [n for n in range(200) if n not in (17, 101)]
    assert sorted(lost) == [17, 101]
    assert all(3 <= count <= 3 + 7 for count in workers.deaths.values())  # halving a chunk, then three tries


def test_a_worker_that_somebody_else_killed_costs_no_photograph() -> None:
    kept, lost = run(Mortal(once={0, 60, 150}), [range(200)])
    assert sorted(kept) == list(range(200))
    assert not lost


def test_chunks_grow_to_ten_seconds_and_shrink_towards_the_end() -> None:
    workers = Mortal(each=0.5)
    run(workers, [range(1000)])
    assert workers.sizes[:2] == [1, 1]
    assert max(workers.sizes) == 20
    assert all(later <= 4 * max(workers.sizes[:at]) for at, later in enumerate(workers.sizes) if at)
    assert workers.sizes[-1] == 1
    slow = Mortal(each=40.0)
    run(slow, [range(10)])
    assert max(slow.sizes) == 1


def test_pace_says_how_long_the_rest_takes() -> None:
    pace = Pace()
    assert pace.seconds_left(100, 2) is None
    pace.heard(4, 8.0)
    assert pace.seconds_left(100, 2) == pytest.approx(100.0)


def test_progress_tells_what_is_left_and_what_failed() -> None:
    told: list[tuple[str, float]] = []
    run(Mortal(deadly={3}, each=2.0), [range(40)], progress=lambda what, done: told.append((what, done)))
    assert told[0][0] == "1 of 40, about 39 s left"
    assert told[-1] == ("40 of 40, about 1 s left, 1 failed", 1.0)
    assert [duration(seconds) for seconds in (0, 89, 100, 8000)] == [
        "about 1 s", "about 89 s", "about 2 min", "about 2 h",
    ]  # fmt: skip


def test_progress_may_stop_it() -> None:
    def stop(_what: str, _done: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        run(Mortal(), [range(40)], progress=stop)
