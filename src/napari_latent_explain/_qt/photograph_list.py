"""The photographs of a project: small pictures, names, and what became of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain._qt.pixmaps import pixmap_of
from napari_latent_explain.cohort import CaseState
from napari_latent_explain.domain import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.cohort import Case, Project
    from napari_latent_explain.domain import Progress

__all__ = ["PhotographList", "said_of"]

_ICON = 44
_MARKS = {CaseState.WAITING: "○", CaseState.RUNNING: "◐", CaseState.DONE: "●", CaseState.REFUSED: "✕"}


def said_of(case: Case) -> str:
    """Say in a line what became of a photograph."""
    if case.state is CaseState.WAITING:
        return "not yet explained"
    if case.state is CaseState.RUNNING:
        return "being explained"
    if case.state is CaseState.REFUSED:
        return f"refused: {case.why}"
    sure = "" if case.probability is None else f" {percent(case.probability, 0)}"
    change = {True: f", can become {case.target}", False: f", does not become {case.target}", None: ""}[case.reached]
    return f"{case.decision}{sure}{change}"


def _read(path: Path, size: int) -> NDArray[np.uint8]:
    from napari_latent_explain.fundus.thumbnail import read_thumbnail

    return read_thumbnail(path, size)


class PhotographList(QWidget):  # type: ignore[misc]
    """Shows cases; asks for what a person wants done with them.

    Signals
    -------
    folder_asked(), project_asked(), run_asked(), stop_asked()
    opened(path: str)
        Show this photograph.
    removed(paths: list)
        Take these from the list.
    """

    folder_asked = Signal()
    project_asked = Signal()
    run_asked = Signal()
    stop_asked = Signal()
    opened = Signal(str)
    removed = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setIconSize(QSize(_ICON, _ICON))
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setAccessibleName("Photographs of the project")
        self.list.setToolTip("Double-click, or press Enter, to see a photograph with its explanation.")
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.folder = QPushButton("Add folder...")
        self.folder.setToolTip(
            "Put all photographs of a folder on the list (JPEG, PNG, TIFF, DICOM and others; also in folders below it)."
        )
        self.run = QPushButton("Explain all")
        self.run.setToolTip(
            "Explain all that wait, one after the other, in the background. Each is kept as soon as it is done; "
            "after a restart it goes on where it was."
        )
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop after what runs now; nothing that is done is lost.")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take the chosen photographs from this list. No file is deleted.")
        for button in (self.folder, self.run, self.stop, self.remove):
            button.setAccessibleName(button.text())
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of all photographs")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.where = QLabel()
        self.where.setWordWrap(True)
        self.project = QPushButton("Project...")
        self.project.setToolTip(
            "Choose the folder in which explanations, names and the view are kept; an empty one begins a new project."
        )
        self.project.setAccessibleName("Choose a project folder")
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.folder, self.run, self.stop, self.remove):
            buttons.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addLayout(buttons)
        column.addWidget(self.progress)
        column.addWidget(self.message)
        kept = QHBoxLayout()
        kept.addWidget(self.where, 1)
        kept.addWidget(self.project)
        column.addLayout(kept)
        self._items: dict[str, QListWidgetItem] = {}
        self._cases: dict[str, Case] = {}
        self._without_picture: list[str] = []
        self._read: set[str] = set()
        self._reader = LatestWins()
        self._reader.returned.connect(self._picture_read)
        self._reader.failed.connect(lambda *_: self._read_next())
        self.list.itemActivated.connect(lambda item: self.opened.emit(item.data(Qt.ItemDataRole.UserRole)))
        self.folder.clicked.connect(lambda: self.folder_asked.emit())
        self.project.clicked.connect(lambda: self.project_asked.emit())
        self.run.clicked.connect(lambda: self.run_asked.emit())
        self.stop.clicked.connect(lambda: self.stop_asked.emit())
        self.remove.clicked.connect(lambda: self.removed.emit(self.chosen))
        self.list.itemSelectionChanged.connect(self._show_state)
        self._running = False
        self.show_running(running=False)

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the reading thread and knows no Qt object."""
        return self._reader.closer

    @property
    def chosen(self) -> list[str]:
        """Paths of the chosen photographs, but for one that runs."""
        paths = [str(item.data(Qt.ItemDataRole.UserRole)) for item in self.list.selectedItems()]
        return [path for path in paths if self._cases[path].state is not CaseState.RUNNING]

    def show_project(self, project: Project | None) -> None:
        """Show a project's photographs, and where it lies; None: nothing is kept."""
        if project is None:
            self.where.setText("No project is open: nothing is kept.")
            self.show_cases(())
        else:
            self.where.setText(f"Kept in {project.folder.name}")
            self.where.setToolTip(str(project.folder))
            self.show_cases(project.cases)
        self.folder.setEnabled(project is not None)

    def show_cases(self, cases: tuple[Case, ...]) -> None:
        """Show these and no others."""
        wanted = [case.path for case in cases]
        if wanted != list(self._items):
            kept = {path: item.icon() for path, item in self._items.items()}
            self.list.clear()
            self._items = {}
            for case in cases:
                item = QListWidgetItem(kept.get(case.path, QIcon()), "")
                item.setData(Qt.ItemDataRole.UserRole, case.path)
                item.setSizeHint(QSize(100, _ICON + 8))
                self.list.addItem(item)
                self._items[case.path] = item
            self._read &= set(kept)
            self._without_picture = [path for path in wanted if path not in self._read]
            if not self._reader.busy:
                self._read_next()
        self._cases = {case.path: case for case in cases}
        for case in cases:
            self._show(case)
        rows = min(max(len(cases), 1), 5)
        self.list.setFixedHeight(rows * (_ICON + 8) + 6)
        self._show_state()

    def show_case(self, case: Case) -> None:
        """Show what became of one."""
        if case.path in self._items:
            self._cases[case.path] = case
            self._show(case)
            self._show_state()

    def show_running(self, *, running: bool, message: str = "") -> None:
        """Show whether photographs are being explained."""
        self._running = running
        self.progress.setVisible(running)
        if not running:
            self.progress.setValue(0)
        self.message.setText(message)
        self.message.setVisible(bool(message))
        self._show_state()

    def show_progress(self, what: str, done: float) -> None:
        """Show how far the whole is."""
        if self._running:
            self.progress.setValue(int(1000 * done))
            self.message.setText(what)
            self.message.show()

    def close_down(self) -> None:
        """End the reading thread."""
        self._without_picture = []
        self._reader.close()

    def _show(self, case: Case) -> None:
        item = self._items[case.path]
        said = said_of(case)
        item.setText(f"{_MARKS[case.state]}  {case.name}\n     {said}")
        item.setToolTip(f"{case.path}\n{said}")

    def _show_state(self) -> None:
        waiting = sum(case.state is CaseState.WAITING for case in self._cases.values())
        self.run.setText(f"Explain all ({waiting})" if waiting else "Explain all")
        self.run.setEnabled(bool(waiting) and not self._running)
        self.stop.setEnabled(self._running)
        self.remove.setEnabled(bool(self.chosen))

    def _read_next(self) -> None:
        if self._without_picture:
            path = self._without_picture.pop(0)
            self._read.add(path)

            def work(_: Progress) -> tuple[str, NDArray[np.uint8]]:
                return path, _read(Path(path), 2 * _ICON)

            self._reader.submit("picture", work)

    def _picture_read(self, _kind: str, result: tuple[str, NDArray[np.uint8]]) -> None:
        path, picture = result
        if path in self._items:
            self._items[path].setIcon(QIcon(pixmap_of(picture)))
        self._read_next()
