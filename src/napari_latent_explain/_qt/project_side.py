"""Joins a window's project to its list of photographs and to the queue that explains them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog

from napari_latent_explain._qt.folder_queue import FolderQueue
from napari_latent_explain._qt.giving_way import GAVE_WAY
from napari_latent_explain._qt.keeper import Keeper
from napari_latent_explain.cohort import photographs_in
from napari_latent_explain.domain import Cancelled, LatentExplainError
from napari_latent_explain.fundus.photograph_files import can_be_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_latent_explain._qt.answer_notes import Note
    from napari_latent_explain._qt.folder_queue import WithModel
    from napari_latent_explain._qt.history import History
    from napari_latent_explain._qt.photograph_list import PhotographList
    from napari_latent_explain.cohort import Case, Project
    from napari_latent_explain.domain import DirectionAtlas, DirectionId, Naming
    from napari_latent_explain.explain import Explanation

__all__ = ["ProjectSide"]


class ProjectSide(QObject):  # type: ignore[misc]
    """A window's project: what is kept, what is listed, what runs in the background.

    Parameters
    ----------
    listed : PhotographList
        Shows the project's photographs.
    model : callable
        () -> what does work with the Explainer that is chosen now, called in the queue's thread (`FolderQueue.run`), and the file
        that its directions come from, None for its own.
    folder : str
        Where the dialog for photographs begins.

    Signals
    -------
    leaving()
        Another project is about to be opened.
    opened(first: bool)
        Another project is open; before the first one, nothing was kept.
    """

    leaving = Signal()
    opened = Signal(bool)

    def __init__(
        self, listed: PhotographList, model: Callable[[], tuple[WithModel, Path | None]], folder: str = ""
    ) -> None:
        super().__init__()
        self._list, self._model, self._folder = listed, model, folder
        self.keeper = Keeper()
        self.queue = FolderQueue()
        self._said = ""
        self._names: dict[str, Mapping[DirectionId, Naming]] = {}
        listed.folder_asked.connect(self._choose_folder)
        listed.project_asked.connect(self._choose_project)
        listed.run_asked.connect(self.explain_all)
        listed.stop_asked.connect(self.queue.stop)
        listed.removed.connect(self._remove)
        self.keeper.kept.connect(self._show_kept)
        self.keeper.failed.connect(self._say_once)
        self.queue.changed.connect(listed.show_case)
        self.queue.progressed.connect(listed.show_progress)
        self.queue.gave_way.connect(self._say_gave_way)
        self.queue.ended.connect(self._queue_ended)
        listed.show_project(None)

    @property
    def project(self) -> Project | None:
        """The open project, None if nothing is kept."""
        return self.keeper.project

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the threads, writes what is left and lets the project go, and knows no Qt object."""
        end, close = self.queue.closer, self.keeper.closer

        def finish() -> None:
            end()
            close()

        return finish

    def open(self, folder: Path) -> bool:
        """Open a project, or say why not; the one that is open stays as it is."""
        if self.project is not None and self.project.folder == folder.absolute():
            return True
        if self.queue.busy:
            show_error("Photographs are being explained; stop that first, then open another project.")
            return False
        first = self.project is None
        self.leaving.emit()
        try:
            self.keeper.open(folder)
        except LatentExplainError as error:
            show_error(str(error))
            self._list.show_project(self.project)
            return False
        if first:
            self._keep_names_so_far()
        self._list.show_project(self.project)
        self.opened.emit(first)
        return True

    def names(self, model: str) -> dict[DirectionId, Naming]:
        """What people called the directions of the model with this hash; without a project, since the window was opened."""
        return self.project.names(model) if self.project is not None else dict(self._names.get(model, {}))

    def _keep_names_so_far(self) -> None:
        """Names that were given before there was a project are kept in the first one, unless it has newer ones."""
        for model, names in self._names.items():
            known = self.names(model)
            newer = {key: one for key, one in names.items() if key not in known or known[key].at < one.at}
            self.keep_names(model, known | newer)

    def keep_names(self, model: str, names: Mapping[DirectionId, Naming]) -> None:
        """Keep what people called them."""
        self._names[model] = dict(names)
        if self.project is not None:
            try:
                self.project.keep_names(model, names)
            except LatentExplainError as error:
                self._say_once(error)

    def keep_directions(self, atlas: DirectionAtlas, file: Path | None) -> None:
        """Keep which file directions come from, to find them again; None for a model's own."""
        if self.project is not None and file is not None:
            from napari_latent_explain.explain.saved_explanation import directions_sha256

            try:
                self.project.keep_directions(directions_sha256(atlas), file)
            except LatentExplainError as error:
                self._say_once(error)

    def keep(self, explanation: Explanation, history: History, notes: Mapping[str, Note]) -> None:
        """Keep an explanation, its sliders, the way back, and notes on answers, as they stand when nothing moves for a moment."""
        mix = history.current.mix
        self.keeper.keep(explanation, mix if mix.heard == explanation.edit else None, history, notes)

    def add_folder(self, folder: Path) -> None:
        """Put a folder's photographs on the list."""
        if self.project is None:
            show_error("No project is open; choose a folder for one first.")
            return
        try:
            found = photographs_in(folder)
            named = [path for path in found if can_be_kept(path)]
            new = self.project.add(named)
        except LatentExplainError as error:
            show_error(str(error))
            return
        self._list.show_cases(self.project.cases)
        if len(named) < len(found):
            show_warning(
                f"{len(found) - len(named)} of {len(found)} photographs were left out: their names are not UTF-8, so that a "
                "project can't keep them. Rename the files."
            )
        elif not new:
            show_info(f"All photographs of {folder} are on the list already.")

    def explain_all(self) -> None:
        """Explain all that wait."""
        if self.project is not None and self.project.waiting() and not self.queue.busy:
            with_model, file = self._model()
            self.queue.run(self.project, with_model, file)
            self._list.show_running(running=True, message="Loading the model")

    def close_down(self) -> None:
        """Stop the queue, write what is still to be written, let the project go."""
        self.queue.close()
        self.keeper.close()
        self._list.close_down()

    def _show_kept(self, case: Case) -> None:
        self._said = ""
        if self.project is not None:
            self._list.show_cases(self.project.cases)

    def _say_once(self, error: Exception) -> None:
        """Not at every slider again."""
        if str(error) != self._said:
            self._said = str(error)
            show_error(f"What is shown could not be kept. {error}")

    def _say_gave_way(self) -> None:
        show_warning(GAVE_WAY)

    def _queue_ended(self, error: Exception | None) -> None:
        message = ""
        if isinstance(error, Cancelled):
            message = "Stopped. What is done is kept; the rest waits."
        elif error is not None:
            show_error(str(error))
        self._list.show_running(running=False, message=message)
        if self.project is not None:
            self._list.show_cases(self.project.cases)

    def _remove(self, paths: list[str]) -> None:
        if self.project is not None:
            try:
                self.project.remove(paths)
            except LatentExplainError as error:
                show_error(str(error))
            self._list.show_cases(self.project.cases)

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self._list.window(), "Add the photographs of a folder", self._folder)
        if chosen:
            self.add_folder(Path(chosen))

    def _choose_project(self) -> None:
        start = str(self.project.folder) if self.project is not None else ""
        chosen = QFileDialog.getExistingDirectory(self._list.window(), "Folder of the project, new or known", start)
        if chosen:
            self.open(Path(chosen))
