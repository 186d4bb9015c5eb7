"""Keeps what a window shows in a project, a moment after it stands still, off the window's thread."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_latent_explain._qt.kept_history import About, write_history
from napari_latent_explain._qt.kept_notes import write_notes
from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain.cohort import Project
from napari_latent_explain.domain import LatentExplainError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from napari_latent_explain._qt.answer_notes import Note
    from napari_latent_explain._qt.history import History
    from napari_latent_explain.cohort import Case
    from napari_latent_explain.cohort.explaining import Keepsake
    from napari_latent_explain.domain import Mix, Progress
    from napari_latent_explain.explain import Explanation

__all__ = ["Keeper"]

_STILL_MS = 400
_LOG = logging.getLogger(__name__)


class _Desk:
    """The project, and what is still to be written to it. Knows no Qt, so that it outlives the window."""

    def __init__(self) -> None:
        self.project: Project | None = None
        self.asked: tuple[Explanation, Mix | None] | None = None
        self.history: History | None = None
        self.notes: Mapping[str, Note] = {}
        self.view: dict[str, Any] = {}
        self._order = threading.Lock()
        self._made = self._written = 0
        self._handed: Callable[[], Case | None] | None = None

    def take(self) -> Callable[[], Case | None]:
        """Return what writes all that is asked for as it is now; nothing older is written after it, in whatever thread."""
        from napari_latent_explain.cohort.explaining import Keepsake

        asked, self.asked = self.asked, None
        keepsake = Keepsake.of(*asked) if asked is not None else None
        view, self.view = self.view, {}
        history, notes = self.history, self.notes
        self._made += 1
        number, project = self._made, self.project

        def write() -> Case | None:
            with self._order:
                if project is None or number <= self._written:
                    return None
                try:
                    case = keepsake.write(project) if keepsake is not None else None
                    if keepsake is not None:
                        _write_beside(project, keepsake, history, notes)
                    project.keep_view(**view)
                except Exception:
                    if self.project is project:
                        self.asked, self.view = self.asked or asked, view | self.view  # to be tried again
                    raise
                finally:
                    self._handed = None if self._handed is write else self._handed
                self._written = number
                return case

        self._handed = write
        return write

    def finish(self) -> Case | None:
        """Write what was handed to a thread and not begun, and what is still to be written; return the last case, if any."""
        case = self._handed() if self._handed is not None else None
        return (self.take()() if self.pending else None) or case

    @property
    def pending(self) -> bool:
        """Whether something is still to be written, or could not be."""
        return self.asked is not None or bool(self.view)

    def close(self) -> None:
        """Write what is still to be written, as far as that is possible, and let the project go."""
        with self._order:
            pass  # what is being written comes to its end, and is tried again if that was a bad one
        try:
            self.finish()
        except Exception:  # noqa: BLE001 - the project must be let go in any case
            _LOG.warning("What was shown last could not be kept.", exc_info=True)
        finally:
            with self._order:
                if self.project is not None:
                    self.project.close()
                self.project, self.view = None, {}  # nothing of it is another one's
                self.asked = self.history = self._handed = None
                self.notes = {}


def _write_beside(project: Project, keepsake: Keepsake, history: History | None, notes: Mapping[str, Note]) -> None:
    saved = keepsake.snapshot.saved
    about = About(photograph=saved.sha256, model=saved.model.sha256, directions=saved.directions)
    folder = project.explanation_folder(about.photograph, about.model)
    write_notes(folder, notes)
    if history is not None:
        write_history(folder, about, history)


class Keeper(QObject):  # type: ignore[misc]
    """A window's project.

    Signals
    -------
    kept(case: Case)
        What is shown is on disk.
    failed(error: Exception)
    """

    kept = Signal(object)
    failed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._desk = _Desk()
        self._worker = LatestWins()
        self._worker.returned.connect(lambda _, case: self.kept.emit(case) if case is not None else None)
        self._worker.failed.connect(lambda _, error: self.failed.emit(error))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_STILL_MS)
        self._timer.timeout.connect(self._write_aside)

    @property
    def project(self) -> Project | None:
        """The open project, None if nothing is kept."""
        return self._desk.project

    @property
    def busy(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._timer.isActive() or self._worker.busy)

    @property
    def pending(self) -> bool:
        """Whether something was asked for that is not on disk: not yet, or because it could not be written."""
        return bool(self._timer.isActive() or self._worker.busy or self._desk.pending)

    @property
    def closer(self) -> Callable[[], None]:
        """A function that writes what is left, ends the thread and lets the project go, and knows no Qt object."""
        end, close = self._worker.closer, self._desk.close

        def finish() -> None:
            end()
            close()

        return finish

    def open(self, folder: Path) -> None:
        """Open a project in place of the present one.

        Raises
        ------
        ProjectError
            If it can't be opened; the present one stays.
        """
        if self.project is not None and self.project.folder == folder.absolute():
            return
        project = Project.open(folder)
        self.flush()
        self._desk.close()
        self._desk.project = project

    def keep(
        self,
        explanation: Explanation,
        mix: Mix | None = None,
        history: History | None = None,
        notes: Mapping[str, Note] | None = None,
    ) -> None:
        """Keep an explanation as it stands when nothing has moved for a moment, the way back, and notes on its answers."""
        if self.project is not None and explanation.photograph.path is not None:
            self._desk.asked = (explanation, mix)
            self._desk.history = history.copy() if history is not None else None
            self._desk.notes = notes or {}
            self._timer.start()

    def keep_view(self, **changes: Any) -> None:
        """Keep what is on show (`View`'s fields) when nothing has moved for a moment."""
        if self.project is not None:
            self._desk.view |= changes
            self._timer.start()

    def flush(self) -> None:
        """Write now what is still to be written, also what could not be before."""
        if self.pending:
            self._timer.stop()
            try:
                case = self._desk.finish()
            except Exception as error:  # noqa: BLE001 - a lost network folder must not stop what comes next
                self.failed.emit(error)
            else:
                if case is not None:
                    self.kept.emit(case)

    def close(self) -> None:
        """Write what is still to be written and let the project go."""
        self.flush()
        self.closer()

    def _write_aside(self) -> None:
        if self._worker.busy:  # a slow disk: what is asked for goes in one with what comes meanwhile
            self._timer.start()
            return
        try:
            write = self._desk.take()
        except LatentExplainError as error:  # what can't be kept at all
            self.failed.emit(error)
            if self._desk.view:
                self._timer.start()  # the rest can be
            return

        def work(_: Progress) -> Case | None:
            return write()

        self._worker.submit("keep", work)
