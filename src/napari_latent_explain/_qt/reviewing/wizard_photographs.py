"""The first page of the wizard: which photographs, and which model explains them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_latent_explain._napari.preferences import read_preferences
from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain._qt.model_chooser import ModelChooser
from napari_latent_explain._qt.photograph_chooser import PATTERN
from napari_latent_explain._qt.reviewing.wizard_fetching import FetchingLine
from napari_latent_explain._qt.reviewing.wizard_page import WizardPage, push_button, words
from napari_latent_explain.cohort import photographs_in
from napari_latent_explain.domain import LatentExplainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qtpy.QtGui import QKeyEvent

    from napari_latent_explain.domain import Progress

__all__ = ["PhotographsPage"]


class _FileList(QListWidget):  # type: ignore[misc]
    """A list that tells when Delete is pressed."""

    delete_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """See Delete, and leave the other keys to the list."""
        if event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)


class PhotographsPage(WizardPage):
    """Asks for photographs, a model, a device and directions. Folders are looked through, and models fetched, in threads."""

    heading = "Photographs"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        preferences = read_preferences()
        self._start = preferences.photographs_folder
        self._refused = ""
        self.list = _FileList()
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Photographs of the study")
        self.list.setToolTip(
            "The photographs that are explained and judged. Delete takes the chosen ones from the list."
        )
        self.count = QLabel()
        self.files = push_button("Add &files...", "Choose photographs one by one.")
        self.folder = push_button("Add f&older...", "Add all photographs of a folder and of the folders below it.")
        self.remove = push_button("&Remove", "Take the chosen photographs from this list. No file is deleted.")
        self.model = ModelChooser()
        self.model.choose(None, preferences.device)
        self.model.directions.choice.setToolTip(
            "Which directions are judged, or searched along: those that came with the model, or those of a file that "
            "'latent-explain discover' or a study wrote for it."
        )
        self.fetching = FetchingLine(self.model)
        buttons = QHBoxLayout()
        for button in (self.files, self.folder, self.remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            words(
                "Which photographs are to be judged? The model explains each of them, and raters then see the pictures."
            )
        )
        column.addLayout(buttons)
        column.addWidget(self.list, 1)
        column.addWidget(self.model)
        column.addWidget(self.fetching)
        self._reader = LatestWins()
        self._reader.returned.connect(self._found)
        self._reader.failed.connect(self._not_found)
        self.files.clicked.connect(self._choose_files)
        self.folder.clicked.connect(self._choose_folder)
        self.remove.clicked.connect(self._remove)
        self.list.delete_pressed.connect(self._remove)
        self.list.itemSelectionChanged.connect(self._show_state)
        self.model.changed.connect(self._model_changed)
        self.model.directions.asked.connect(self._directions_asked)
        self.fetching.changed.connect(self._model_changed)
        self._show_state()

    @property
    def photographs(self) -> tuple[Path, ...]:
        """The files on the list."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return tuple(Path(item.data(Qt.ItemDataRole.UserRole)) for item in items)

    @property
    def problem(self) -> str:
        """What is still wrong."""
        if self._reader.busy:
            return f"Looking for photographs in {self._reader.busy}..."
        if self.fetching.busy:
            return "The model is being downloaded; wait for it, or stop that."
        if self.list.count():
            return ""
        return self._refused or "Add the photographs that are to be judged: files, or a folder."

    @property
    def note(self) -> str:
        """Why the last folder gave no photographs, where there are others."""
        return self._refused

    @property
    def closers(self) -> tuple[Callable[[], None], ...]:
        """What ends the threads that look through folders and download models."""
        return (self._reader.closer, self.fetching.closer)

    def take_focus(self) -> None:
        """Begin with the files."""
        self.files.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_down(self) -> None:
        """End the threads."""
        self._reader.close()
        self.fetching.close_down()

    def add_files(self, paths: Iterable[Path]) -> None:
        """Put photographs on the list, each once."""
        known = set(self.photographs)
        for path in paths:
            if path not in known:
                known.add(path)
                item = QListWidgetItem(str(path))
                item.setData(Qt.ItemDataRole.UserRole, str(path))
                item.setToolTip(str(path))
                self.list.addItem(item)
        self._refused = ""
        self._say_changed()

    def add_folder(self, folder: Path) -> None:
        """Look for photographs in a folder and put them on the list."""

        def work(_: Progress) -> tuple[Path, ...]:
            return photographs_in(folder)

        self._refused = ""
        self._reader.submit(str(folder), work)
        self._say_changed()

    def _found(self, _folder: str, paths: tuple[Path, ...]) -> None:
        self.add_files(paths)

    def _not_found(self, folder: str, error: Exception) -> None:
        said = str(error) if isinstance(error, LatentExplainError) else f"{folder} can't be looked through ({error})."
        self._refused = said
        self._say_changed()

    def _choose_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, "Photographs of the study", self._start, PATTERN)
        if chosen:
            self._start = str(Path(chosen[0]).parent)
            self.add_files(Path(name) for name in chosen)

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Add the photographs of a folder", self._start)
        if chosen:
            self._start = chosen
            self.add_folder(Path(chosen))

    def _remove(self) -> None:
        for item in self.list.selectedItems():
            self.list.takeItem(self.list.row(item))
        self._refused = ""
        self._say_changed()

    def _model_changed(self) -> None:
        self.changed.emit()

    def _directions_asked(self) -> None:
        self.model.directions.confirm()
        self.changed.emit()

    def _say_changed(self) -> None:
        self._show_state()
        self.changed.emit()

    def _show_state(self) -> None:
        number = self.list.count()
        self.count.setText("1 photograph" if number == 1 else f"{number} photographs")
        self.remove.setEnabled(bool(self.list.selectedItems()))
        self.folder.setEnabled(not self._reader.busy)
