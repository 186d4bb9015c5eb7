"""A few children that are kept warm."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from napari_latent_explain.decoding.limits import Limits
from napari_latent_explain.decoding.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain.decoding.wire import Answer, Request

__all__ = ["Decoders", "shared_decoders"]


def _patient() -> None:
    """Wait."""


class Decoders:
    """Children that decode files, started when they are needed and used again.

    Parameters
    ----------
    limits : Limits
        What each file may cost.
    most : int
        Children at once: a second one starts only while the first is busy.
    entry : str
        Module and function that does a request.
    """

    def __init__(
        self, limits: Limits | None = None, most: int = 2, entry: str = "napari_latent_explain.decoding.tasks:perform"
    ) -> None:
        self._limits = limits if limits is not None else Limits()
        self._entry = entry
        self._turns = threading.BoundedSemaphore(most)
        self._order = threading.Lock()
        self._idle: list[Worker] = []

    def ask(self, request: Request, data: bytes, waiting: Callable[[], None] = _patient) -> Answer:
        """Do a request in a child, from any thread.

        Parameters
        ----------
        request : Request
            What to do.
        data : bytes
            The whole file.
        waiting : callable
            Called about twenty times a second while this waits; to cancel, it raises, the child is killed, and what it raised
            passes.

        Raises
        ------
        Refusal
            If the file is refused, kills the child, or takes too long; the next file gets another child.
        """
        while not self._turns.acquire(timeout=0.05):
            waiting()
        try:
            worker = self._take()
            try:
                return worker.ask(request, data, waiting)
            finally:
                self._give_back(worker)
        finally:
            self._turns.release()

    def close(self) -> None:
        """End the children that wait; the next request starts another."""
        with self._order:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.kill()

    def forget(self) -> None:
        """Leave the children to another process: for the copy of this one that a fork made."""
        for worker in self._idle:
            worker.leave()

    def _take(self) -> Worker:
        with self._order:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.kill()
        return Worker(self._limits, self._entry)

    def _give_back(self, worker: Worker) -> None:
        if not worker.alive or worker.served >= self._limits.files:
            worker.kill()
            return
        with self._order:
            self._idle.append(worker)


_shared: Decoders | None = None
_guard = threading.Lock()


def shared_decoders() -> Decoders:
    """Return the decoders that the whole program shares; they end with it."""
    global _shared
    with _guard:
        if _shared is None:
            _shared = Decoders()
            atexit.register(_shared.close)
        return _shared


def _after_fork() -> None:
    """A forked copy shares pipes with its parent: it must not talk into them."""
    global _shared, _guard
    if _shared is not None:
        atexit.unregister(_shared.close)
        _shared.forget()
    _shared, _guard = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
