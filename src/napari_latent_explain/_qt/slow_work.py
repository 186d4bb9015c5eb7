"""What is slow in a window, one thing at a time, and who takes what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain.domain import Cancelled, LatentExplainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain._qt.latest_wins import Work

__all__ = ["PREPARE", "RENDER", "SlowWork"]

RENDER = "render"
"""What sliders ask for: they may move on while it runs."""
PREPARE = "prepare"
"""What nobody asked for yet: whatever a person asks for meanwhile comes next."""


@dataclass(frozen=True)
class _Taker:
    returned: Callable[[Any], None]
    failed: Callable[[], None]


class SlowWork(QObject):  # type: ignore[misc]
    """Does work in a thread of its own, the newest first, and hands what comes of each kind to the part that expects it.

    Signals
    -------
    begins(kind: str)
        Work is about to be asked for: whatever else computes makes way.
    changed()
        Work was asked for, or ended and was handed over.
    progressed(what: str, done: float)
    said(message: str)
        It failed: "Stopped." if a person stopped it, else nothing that could stand under a progress bar.
    refused(reason: str)
        It failed, though nobody stopped it: one sentence.
    full()
        It failed because a graphics processor had too little memory.
    """

    begins = Signal(str)
    changed = Signal()
    progressed = Signal(str, float)
    said = Signal(str)
    refused = Signal(str)
    full = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._takers: dict[str, _Taker] = {}
        self._worker = LatestWins()
        self._worker.progressed.connect(self.progressed)
        self._worker.returned.connect(self._hand_over)
        self._worker.failed.connect(self._fail)

    @property
    def busy(self) -> str:
        """Kind of the newest work while it waits or runs, else an empty string."""
        return self._worker.busy

    @property
    def free(self) -> bool:
        """Whether nothing runs that a move would disturb."""
        return self.busy in ("", RENDER, PREPARE)

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the thread and knows no Qt object."""
        return self._worker.closer

    def expect(self, kind: str, returned: Callable[[Any], None], failed: Callable[[], None] = lambda: None) -> None:
        """Hand over what work of this kind returns; `failed` puts back what was changed for its sake."""
        self._takers[kind] = _Taker(returned, failed)

    def submit(self, kind: str, work: Work) -> None:
        """Do `work` next, instead of any that still waits; its kind must be expected."""
        self.begins.emit(kind)
        self._worker.submit(kind, work)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop what runs; that counts as failed."""
        self._worker.cancel()

    def discard(self) -> None:
        """Forget what waits or runs, silently."""
        self._worker.discard()

    def close(self) -> None:
        """End the thread; nothing is handed over any more."""
        self._worker.close()

    def _hand_over(self, kind: str, result: Any) -> None:
        self._takers[kind].returned(result)
        self.changed.emit()

    def _fail(self, kind: str, error: Exception) -> None:
        stopped = isinstance(error, Cancelled)
        self.said.emit("Stopped." if stopped else "")
        self._takers[kind].failed()
        if isinstance(error, LatentExplainError):
            if not stopped:
                self.refused.emit(str(error))
        elif verbs.is_out_of_memory(error):
            self.full.emit()
        else:
            self.refused.emit(
                f"That did not work, because of an error in the program ({type(error).__name__}: {error})."
            )
        self.changed.emit()
