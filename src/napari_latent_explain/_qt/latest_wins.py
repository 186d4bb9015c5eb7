"""One worker thread that does the newest job it was given."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

from napari_latent_explain.domain import Cancelled, Progress

__all__ = ["LatestWins", "Work"]

Work = Callable[[Progress], Any]
"""Work takes a progress callback, which raises `Cancelled` when the person has asked to stop."""

_LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class _Job:
    kind: str
    work: Work
    epoch: int
    cancelled: threading.Event = field(default_factory=threading.Event)


class _Desk:
    """What the two threads share: one waiting job, one running job, and whether to go home. Knows no Qt."""

    def __init__(self) -> None:
        self._bell = threading.Condition()
        self._waiting: _Job | None = None
        self._running: _Job | None = None
        self._closed = False
        self.thread: threading.Thread | None = None

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, job: _Job) -> None:
        with self._bell:
            self._waiting = job
            self._bell.notify()

    def take(self) -> _Job | None:
        """Wait for a job; None means go home."""
        with self._bell:
            self._running = None
            self._bell.wait_for(lambda: self._waiting is not None or self._closed)
            self._running, self._waiting = self._waiting, None
            return None if self._closed else self._running

    def cancel(self) -> None:
        with self._bell:
            self._waiting = None
            if self._running is not None:
                self._running.cancelled.set()

    def close(self, patience: float = 3.0) -> None:
        self.cancel()
        with self._bell:
            self._closed = True
            self._bell.notify_all()
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(patience)


class LatestWins(QObject):  # type: ignore[misc]
    """Runs jobs one at a time in a thread of its own; a job that waits is replaced by a newer one.

    Signals arrive in the thread that made this object. A running job is not interrupted by a newer one, so a
    slider that is dragged shows pictures all the way; `cancel` makes its progress callback raise `Cancelled`,
    and nothing of it is delivered but the end.

    Signals
    -------
    returned(kind: str, result: object)
    failed(kind: str, error: Exception)
        `Cancelled` comes this way too.
    progressed(what: str, done: float)
    """

    returned = Signal(str, object)
    failed = Signal(str, object)
    progressed = Signal(str, float)
    _ended = Signal(object, object, object)
    _advanced = Signal(object, str, float)

    def __init__(self) -> None:
        super().__init__()
        self._desk = _Desk()
        self._newest: _Job | None = None
        self._epoch = 0
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._advanced.connect(self._report, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> str:
        """Kind of the newest job while it waits or runs, else an empty string."""
        return "" if self._newest is None else self._newest.kind

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._desk.thread is not None and self._desk.thread.is_alive()

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the thread and knows no Qt object, for `QObject.destroyed`."""
        return self._desk.close

    def submit(self, kind: str, work: Work) -> None:
        """Do `work` next, instead of any job that still waits."""
        if self._desk.closed:
            return
        if self._desk.thread is None:
            self._desk.thread = threading.Thread(target=self._run, name="latent-explain-worker", daemon=True)
            self._desk.thread.start()
        self._newest = _Job(kind, work, self._epoch)
        self._desk.put(self._newest)

    def cancel(self) -> None:
        """Ask the running job to stop and forget the one that waits."""
        waiting = self._newest
        self._desk.cancel()
        if waiting is not None:
            waiting.cancelled.set()
            self._newest = None
            self.failed.emit(waiting.kind, Cancelled("Stopped."))

    def discard(self) -> None:
        """Forget what waits and whatever the running job will bring, or has brought already, silently."""
        self._desk.cancel()
        if self._newest is not None:
            self._newest.cancelled.set()
        self._newest = None
        self._epoch += 1

    def close(self, patience: float = 3.0) -> None:
        """Cancel and end the thread, waiting for it so many seconds at most; nothing is delivered any more."""
        self._newest = None
        self._desk.close(patience)

    def _run(self) -> None:
        while (job := self._desk.take()) is not None:
            result, error = None, None
            try:
                result = job.work(self._progress_of(job))
            except Exception as caught:  # noqa: BLE001 - the edge of a thread: every error is handed to the window
                error = caught
            with suppress(RuntimeError):  # the window was deleted meanwhile
                self._ended.emit(job, result, error)
            del job, result, error

    def _progress_of(self, job: _Job) -> Progress:
        def progress(what: str, done: float) -> None:
            if job.cancelled.is_set():
                msg = "Stopped."
                raise Cancelled(msg)
            self._advanced.emit(job, what, float(done))

        return progress

    def _report(self, job: _Job, what: str, done: float) -> None:
        if not self._desk.closed and not job.cancelled.is_set():
            self.progressed.emit(what, done)

    def _deliver(self, job: _Job, result: object, error: Exception | None) -> None:
        if self._desk.closed or job.cancelled.is_set() or job.epoch != self._epoch:
            return
        if job is self._newest:
            self._newest = None
        if error is None:
            self.returned.emit(job.kind, result)
        else:
            _LOG.debug("%s failed", job.kind, exc_info=error)
            self.failed.emit(job.kind, error)
