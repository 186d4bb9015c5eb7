"""How many photographs go to a worker at once: as many as take a few seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Chunk", "Chunks", "Pace"]

T = TypeVar("T")
_TRIES = 3
_GROWTH = 4


class Pace:
    """Sizes chunks by the time that photographs took so far.

    Parameters
    ----------
    seconds : float
        What a chunk is to take: long beside the milliseconds that sending it costs, short enough that little is lost with it.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self.seconds = seconds
        self._each: float | None = None
        self._largest = 1

    def heard(self, count: int, seconds: float) -> None:
        """Take in that `count` photographs took a worker so long; later ones count more."""
        each = seconds / max(1, count)
        self._each = each if self._each is None else 0.7 * self._each + 0.3 * each
        self._largest = max(self._largest, _GROWTH * count)

    def seconds_left(self, left: int, workers: int) -> float | None:
        """How long so many workers will take for what is left; None as long as nothing is known."""
        return None if self._each is None else self._each * left / max(1, workers)

    def size(self, left: int, workers: int) -> int:
        """How many to send now, of `left` photographs; towards the end few, so that all workers end together."""
        if self._each is None:
            return 1
        wanted = int(self.seconds / max(self._each, 1e-6))
        fair = -(-left // max(1, 2 * workers))
        return max(1, min(wanted, fair, self._largest))


@dataclass(frozen=True, eq=False)
class Chunk(Generic[T]):
    """Photographs that go to a worker together, and how often they were sent alone before."""

    members: Sequence[T]
    tries: int = 0


class Chunks(Generic[T]):
    """Cuts groups of photographs into chunks, and halves those whose worker died until the photograph that kills is alone.

    Parameters
    ----------
    groups : iterable of sequence
        A chunk never goes over the end of one. They are taken when they are needed.
    total : int
        Photographs in all groups.
    pace : Pace, optional
        Sizes them.
    """

    def __init__(self, groups: Iterable[Sequence[T]], total: int, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self.left = total
        self._groups: Iterator[Sequence[T]] = iter(groups)
        self._group: Sequence[T] = ()
        self._again: deque[Chunk[T]] = deque()

    def next(self, workers: int) -> Chunk[T] | None:
        """The next chunk; None if none is left. Those that were lost with a worker come last, where they harm least."""
        while not self._group:
            fresh = next(self._groups, None)
            if fresh is None:
                return self._again.popleft() if self._again else None
            self._group = fresh
        size = self.pace.size(self.left, workers)
        members, self._group = self._group[:size], self._group[size:]
        self.left -= len(members)
        return Chunk(members)

    def lost(self, chunk: Chunk[T]) -> T | None:
        """Take back a chunk whose worker died; return its photograph if it has had all its tries."""
        if len(chunk.members) > 1:
            middle = len(chunk.members) // 2
            self._again += [Chunk(chunk.members[:middle]), Chunk(chunk.members[middle:])]
        elif chunk.tries + 1 < _TRIES:
            self._again.append(Chunk(chunk.members, chunk.tries + 1))
        else:
            return chunk.members[0]
        return None
