"""The last page of the wizard: what the study will be, how far it is, and what became of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QListWidget, QProgressBar, QVBoxLayout, QWidget

from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain._qt.reviewing.study_words import said_left, said_model, said_plan, said_study
from napari_latent_explain._qt.reviewing.study_work import LOADING, StudyMaker, StudyRequest, study_work
from napari_latent_explain._qt.reviewing.wizard_page import WizardPage, push_button, words
from napari_latent_explain.cohort.study_plan import MOST_ITEMS
from napari_latent_explain.domain import Cancelled, LatentExplainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain.review import Study

__all__ = ["MakingPage"]

_PATIENCE = 0.2  # closing waits no longer for the thread, which stops by itself at its next report


class MakingPage(WizardPage):
    """Makes the study in a thread, and can stop.

    Parameters
    ----------
    load : callable
        (bundle, device) -> Explainer, called in the thread.
    make : StudyMaker
        Called in the thread.

    Signals
    -------
    made(folder: str)
        The study is there.
    failed()
        It was stopped, or could not be made.
    """

    heading = "Making"
    made = Signal(str)
    failed = Signal()

    def __init__(
        self, load: Callable[[Path | None, str], Any], make: StudyMaker, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._load, self._make = load, make
        self.request: StudyRequest | None = None
        self.study: Study | None = None
        self._began = 0.0
        self.summary, self.now, self.outcome = words(), words(), words()
        self.outcome.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the study")
        self.stop = push_button("&Stop", "Stop making the study. There is no study then; you can begin again.")
        self.left_out = QListWidget()
        self.left_out.setWordWrap(True)
        self.left_out.setAccessibleName("Photographs that were left out, and why")
        self.left_out.setToolTip("These photographs are not in the study, for the reason that stands there.")
        running = QHBoxLayout()
        running.addWidget(self.bar, 1)
        running.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.summary)
        column.addLayout(running)
        column.addWidget(self.now)
        column.addWidget(self.outcome)
        column.addWidget(self.left_out, 1)
        column.addStretch(0)
        self._worker = LatestWins()
        self._worker.progressed.connect(self._show_progress)
        self._worker.returned.connect(self._show_study)
        self._worker.failed.connect(self._show_failure)
        self.stop.clicked.connect(self.cancel)
        self._show_running(running=False)

    @property
    def running(self) -> bool:
        """Whether the study is being made."""
        return bool(self._worker.busy)

    @property
    def problem(self) -> str:
        """What speaks against making it."""
        if self.request is None or self.running:
            return ""
        items = self.request.plan.trials(len(self.request.photographs))[0]
        return (
            f"A study holds {MOST_ITEMS} items at most; take fewer photographs or directions."
            if items > MOST_ITEMS
            else ""
        )

    @property
    def closers(self) -> tuple[Callable[[], None], ...]:
        """What ends the thread."""
        return (self._worker.closer,)

    def show_request(self, request: StudyRequest) -> None:
        """Say what the study will be."""
        self.request = request
        said = said_plan(request.plan, len(request.photographs))
        self.summary.setText(f"{said}\n{said_model(request.model)}\nFolder: {request.folder}")
        self.outcome.setText("")
        self._show_running(running=False)

    def begin(self) -> None:
        """Make the study."""
        if self.request is None or self.running or self.study is not None or self.problem:
            return
        self.outcome.setText("")
        self._worker.submit("study", study_work(self.request, self._load, self._make))
        self._began = time.monotonic()
        self.bar.setRange(0, 0)
        self.now.setText(f"{LOADING}...")
        self._show_running(running=True)
        self.stop.setFocus(Qt.FocusReason.OtherFocusReason)

    def cancel(self, *_: Any) -> None:
        """Stop; there is no study then."""
        if self.running:
            self._worker.cancel()

    def close_down(self) -> None:
        """Stop, and end the thread."""
        self._worker.close(_PATIENCE)

    def _show_progress(self, what: str, done: float) -> None:
        request = self.request
        if not self.running or request is None:
            return
        if done <= 0:
            self._began = time.monotonic()
        if not 0 < done < 1:
            self.now.setText(f"{what}...")
            return
        self.bar.setRange(0, 1000)
        self.bar.setValue(int(1000 * done))
        total = len(request.photographs)
        number = min(int(done * total + 1e-6) + 1, total)
        left = said_left(time.monotonic() - self._began, done)
        self.now.setText(f"Photograph {number} of {total}: {what}" + (f" - {left}" if left else ""))

    def _show_study(self, _kind: str, result: tuple[Study, dict[str, str]]) -> None:
        self.study, left_out = result
        if self.request is None:
            return
        self.outcome.setText(said_study(self.study, self.request.folder, len(left_out)))
        for path, why in left_out.items():
            self.left_out.addItem(f"{Path(path).name}: {why}")
            self.left_out.item(self.left_out.count() - 1).setToolTip(path)
        self._show_running(running=False)
        self.made.emit(str(self.request.folder))

    def _show_failure(self, _kind: str, error: Exception) -> None:
        if isinstance(error, Cancelled):
            said = "Stopped: there is no study. Pictures that were rendered stay in the folder; they can be deleted."
        elif isinstance(error, LatentExplainError):
            said = f"There is no study. {error}"
        else:
            said = f"There is no study, because of an error in the program ({type(error).__name__}: {error})."
        self.outcome.setText(said)
        self._show_running(running=False)
        self.failed.emit()

    def _show_running(self, *, running: bool) -> None:
        for widget in (self.bar, self.stop, self.now):
            widget.setVisible(running)
        self.outcome.setVisible(bool(self.outcome.text()))
        self.left_out.setVisible(self.left_out.count() > 0)
        self.changed.emit()
