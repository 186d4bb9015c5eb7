"""Sending all that waits to workers, and keeping what comes back, whatever dies on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from napari_latent_explain.cohort.store.assignment import Answer
from napari_latent_explain.cohort.store.chunks import Chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari_latent_explain.cohort.store.chunks import Pace
    from napari_latent_explain.cohort.store.workers import Workers
    from napari_latent_explain.domain import Progress

__all__ = ["duration", "run_chunks"]

T = TypeVar("T")
_PATIENCE = 1.0


def run_chunks(
    workers: Workers,
    work: Callable[[Sequence[T]], Answer],
    groups: Iterable[Sequence[T]],
    total: int,
    *,
    keep: Callable[[Sequence[T], Answer], int],
    give_up: Callable[[T], None],
    progress: Progress,
    pace: Pace | None = None,
) -> None:
    """Work on all groups.

    Parameters
    ----------
    workers, work : Workers, callable
        Who does it, and what is done with a chunk; it must be possible to pickle it.
    groups, total : iterable of sequence, int
        What waits, and how many those are in all; a chunk is part of one group.
    keep : callable
        Takes a chunk and its answer to disk, and returns how many of them failed.
    give_up : callable
        Takes one whose worker died each time.
    progress : Progress
        Told of every chunk, and once a second: how many are done, how long the rest takes, how many failed. May raise
        `Cancelled`.
    pace : Pace, optional
        Sizes chunks.

    Raises
    ------
    LatentExplainError
        If a worker can do no chunk at all, or something can't be written.
    """
    chunks = Chunks(groups, total, pace)
    done, failed, empty = 0, 0, False
    while True:
        count = workers.count
        while workers.running < count:
            chunk = chunks.next(count)
            if chunk is None:
                empty = True
                break
            empty = False
            workers.begin(work, chunk)
        if empty and not workers.running:
            return
        for chunk, ended in workers.ended(_PATIENCE):
            if isinstance(ended, Answer):
                failed += keep(chunk.members, ended)
                done += len(chunk.members)
                chunks.pace.heard(len(chunk.members), ended.seconds)
            elif (one := chunks.lost(chunk)) is not None:
                give_up(one)
                done, failed = done + 1, failed + 1
        left = chunks.pace.seconds_left(total - done, count)
        progress(_said(done, total, failed, left, waiting=not count), done / max(1, total))


def _said(done: int, total: int, failed: int, left: float | None, *, waiting: bool) -> str:
    parts = [f"{done} of {total}"]
    if waiting:
        parts.append("waiting for workers")
    elif left is not None:
        parts.append(f"{duration(left)} left")
    if failed:
        parts.append(f"{failed} failed")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Say roughly how long something takes."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {round(seconds / 3600)} h"
