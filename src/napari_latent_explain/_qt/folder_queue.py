"""The photographs that wait, explained in the background; they stand still while a person waits for something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain.domain import Cancelled, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.cohort import Case, Project
    from napari_latent_explain.model import Explainer

__all__ = ["FolderQueue", "WithModel"]

WithModel = Callable[["Callable[[Explainer], None]", Progress, "Callable[[], None]"], None]
"""What does work with a model, see `FolderQueue.run`."""


class FolderQueue(QObject):  # type: ignore[misc]
    """Explains the photographs of a project that wait, in a thread of its own.

    Signals
    -------
    changed(case: Case)
        A photograph began, was done or was refused.
    progressed(what: str, done: float)
    gave_way()
        The memory of the graphics processor is full: the main one goes on.
    ended(error: Exception or None)
        All are done, or it was stopped.
    """

    changed = Signal(object)
    progressed = Signal(str, float)
    gave_way = Signal()
    ended = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._worker = LatestWins()
        self._free = threading.Event()
        self._free.set()
        self._closed = threading.Event()
        self._worker.progressed.connect(self.progressed)
        self._worker.returned.connect(lambda *_: self.ended.emit(None))
        self._worker.failed.connect(lambda _, error: self.ended.emit(error))

    @property
    def busy(self) -> bool:
        """Whether photographs are being explained."""
        return bool(self._worker.busy)

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the thread and knows no Qt object."""
        free, closed, close = self._free, self._closed, self._worker.closer

        def end() -> None:
            closed.set()
            free.set()
            close()

        return end

    def run(self, project: Project, with_model: WithModel, directions: Path | None = None) -> None:
        """Explain all that wait.

        Parameters
        ----------
        project : Project
            Whose photographs.
        with_model : callable
            (work, progress, gave_way): calls work(Explainer); again with one on the main processor after gave_way(), if the
            graphics processor is full.
        directions : pathlib.Path, optional
            The file that its directions come from, if they are not its own.
        """
        if self.busy:
            return
        changed, gave_way, free, closed = self.changed.emit, self.gave_way.emit, self._free, self._closed

        def work(progress: Progress) -> None:
            from napari_latent_explain.cohort.explaining import explain_waiting
            from napari_latent_explain.explain.saved_explanation import directions_sha256

            def patient(what: str, done: float) -> None:
                """Wait while a person uses the machine."""
                progress(what, done)
                if not free.is_set():
                    free.wait()
                    progress(what, done)
                if closed.is_set():
                    raise Cancelled

            def told(case: Case) -> None:
                if not closed.is_set():
                    changed(case)

            def explain(explainer: Explainer) -> None:
                patient("Loading the model", 0.0)
                if directions is not None:
                    project.keep_directions(directions_sha256(explainer.atlas), directions)
                explain_waiting(project, explainer, progress=patient, changed=told)

            with_model(explain, progress, gave_way)

        self._worker.submit("queue", work)

    def hold(self, held: bool) -> None:
        """Stand still while something else runs, or go on."""
        if held:
            self._free.clear()
        else:
            self._free.set()

    def stop(self) -> None:
        """Stop; the photograph that runs waits again."""
        self._free.set()
        self._worker.cancel()

    def close(self) -> None:
        """End the thread."""
        self.closer()
