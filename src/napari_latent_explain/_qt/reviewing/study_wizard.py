"""The window that makes a reading study: four pages that ask, and what they were told goes to `make_study`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.reviewing.study_work import StudyRequest
from napari_latent_explain._qt.reviewing.wizard_making import MakingPage
from napari_latent_explain._qt.reviewing.wizard_page import push_button, words
from napari_latent_explain._qt.reviewing.wizard_photographs import PhotographsPage
from napari_latent_explain._qt.reviewing.wizard_protocol import ProtocolPage
from napari_latent_explain._qt.reviewing.wizard_raters import RatersPage
from napari_latent_explain.cohort.study_plan import StudyPlan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qtpy.QtGui import QKeyEvent

    from napari_latent_explain._qt.reviewing.study_work import StudyMaker
    from napari_latent_explain._qt.reviewing.wizard_page import WizardPage

__all__ = ["StudyWizard"]

_SIZE = (860, 600)
_STYLE = (
    "QPlainTextEdit, QTextBrowser { background: transparent; border: 1px solid #7d8794; } "
    "QPushButton:default { border: 1px solid #7d8794; } "
    "QPushButton:focus, QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus, QListWidget:focus, QPlainTextEdit:focus, "
    "QTextBrowser:focus { border: 1px solid #4e9fdd; }"
)
"""Words stand in a frame, and what has the focus is seen, in dark and light themes."""


class StudyWizard(QDialog):  # type: ignore[misc]
    """Asks for photographs, protocol and raters, and makes the study.

    Closing it while it makes a study stops that, and leaves none.

    Parameters
    ----------
    load_explainer : callable
        (bundle, device) -> Explainer.
    make_study : StudyMaker
        Like `cohort.study_making.make_study`. Both are called in a thread.
    parent : QWidget, optional

    Signals
    -------
    made(folder: str)
        There is a new study.
    review_asked(folder: str, raters: tuple)
        It is to be reviewed now, by one of these; by anyone, if there are none.
    """

    made = Signal(str)
    review_asked = Signal(str, tuple)

    def __init__(
        self,
        *,
        load_explainer: Callable[[Path | None, str], Any] = verbs.load,
        make_study: StudyMaker = verbs.make_study,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("New study")
        self.resize(*_SIZE)
        self.setStyleSheet(_STYLE)
        self.photographs, self.protocol, self.raters = PhotographsPage(), ProtocolPage(), RatersPage()
        self.making = MakingPage(load_explainer, make_study)
        self._all: tuple[WizardPage, ...] = (self.photographs, self.protocol, self.raters, self.making)
        self.steps = QLabel()
        self.steps.setTextFormat(Qt.TextFormat.RichText)
        self.pages = QStackedWidget()
        for page in self._all:
            self.pages.addWidget(page)
            page.changed.connect(self._show_state)
        self.problem = words()
        self.problem.setStyleSheet("background: #7a4a00; color: white; padding: 4px 8px;")
        policy = self.problem.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.problem.setSizePolicy(policy)
        self.back = push_button("&Back", "The page before; nothing that you typed is lost.")
        self.next = push_button("&Next", "The next page.")
        self.next.setDefault(True)
        self.away = push_button("Cancel", "Close this window. If a study is being made, that is stopped.")
        for button in (self.back, self.away):
            button.setAutoDefault(False)
        self._lay_out()
        self.back.clicked.connect(self.go_back)
        self.next.clicked.connect(self.go_on)
        self.away.clicked.connect(self.reject)
        self.making.made.connect(self.made)
        self.making.made.connect(self._end_making)
        self.making.failed.connect(self._end_making)
        closers = [closer for page in self._all for closer in page.closers]
        self.destroyed.connect(lambda *_: [close() for close in closers])
        self._go_to(0)

    @property
    def page(self) -> WizardPage:
        """The page that is on show."""
        return self._all[int(self.pages.currentIndex())]

    @property
    def request(self) -> StudyRequest | None:
        """What the pages were told; None while there is no protocol."""
        protocol = self.protocol.protocol
        if protocol is None:
            return None
        plan = StudyPlan(
            self.raters.title.text().strip() or protocol.title,
            protocol,
            self.raters.raters,
            directions=self.protocol.directions.value(),
            seed=self.raters.seed.value(),
        )
        chosen = self.photographs
        return StudyRequest(chosen.photographs, chosen.model.chosen, self.raters.place, plan)

    def go_on(self, *_: Any) -> None:
        """Show the next page; on the last one, make the study, or review it once it is made."""
        if self.page.problem:
            return
        if self.page is not self.making:
            self._go_to(self.pages.currentIndex() + 1)
        elif self.making.study is None:
            self.making.begin()
        elif self.making.request is not None:
            folder, raters = str(self.making.request.folder), self.making.study.raters
            self.accept()
            self.review_asked.emit(folder, raters)

    def go_back(self, *_: Any) -> None:
        """Show the page before."""
        if self.pages.currentIndex() and not self.making.running and self.making.study is None:
            self._go_to(self.pages.currentIndex() - 1)

    def close_down(self) -> None:
        """Stop what runs and end the threads. Safe to call twice."""
        for page in self._all:
            page.close_down()

    def _go_to(self, index: int) -> None:
        self.pages.setCurrentIndex(index)
        protocol = self.protocol.protocol
        if self.page is self.raters and protocol is not None:
            self.raters.suggest_title(protocol.title)
        request = self.request
        if self.page is self.making and request is not None:
            self.making.show_request(request)
        self.page.take_focus()
        self.next.setDefault(True)  # a button of the page before may have been it while it had the focus
        self._show_state()
        if self.page is self.making:
            self.next.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_state(self) -> None:
        current, running, made = self.pages.currentIndex(), self.making.running, self.making.study is not None
        named = [f"{number} {page.heading}" for number, page in enumerate(self._all, start=1)]
        named[current] = f"<b>{named[current]}</b>"
        self.steps.setText("&nbsp;&nbsp;&rsaquo;&nbsp;&nbsp;".join(named))
        self._say(self.page.problem or self.page.note)
        self.back.setEnabled(current > 0 and not running and not made)
        self.next.setEnabled(not self.page.problem and not running)
        self.next.setToolTip(self.page.problem or "Enter does the same.")
        last = self.page is self.making
        text = "&Next" if not last else "&Review it now" if made else "&Make the study"
        self.next.setText(text)
        self.next.setAccessibleName(text.replace("&", ""))
        self.next.setAccessibleDescription(self.page.problem)
        self.away.setText("Close" if made else "Cancel")
        self.away.setAccessibleName(self.away.text())

    def _end_making(self) -> None:
        """Put the focus where nothing happens by a key that was meant for Stop, or on the review."""
        (self.back if self.making.study is None else self.next).setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.back, self.next, self.away):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.steps)
        column.addWidget(self.pages, 1)
        column.addWidget(self.problem)
        column.addLayout(buttons)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Let Escape close the window, but not by mistake while a study is being made."""
        if event.key() == Qt.Key.Key_Escape and self.making.running:
            self._say("The study is being made; Stop ends that, and so does closing the window.")
            return
        super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Close, and end what runs."""
        self.close_down()
        super().done(result)
