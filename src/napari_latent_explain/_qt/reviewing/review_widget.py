"""The dock widget of a reading study: it shows a `ReviewSession` and tells it what a person does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_latent_explain._napari.preferences import read_preferences
from napari_latent_explain._qt.key_list import KeyList
from napari_latent_explain._qt.reviewing.question_list import QuestionList
from napari_latent_explain._qt.reviewing.review_keys import ReviewKeys
from napari_latent_explain._qt.reviewing.review_pictures import ReviewPictures
from napari_latent_explain._qt.reviewing.study_chooser import StudyChooser
from napari_latent_explain._qt.reviewing.study_wizard import StudyWizard
from napari_latent_explain._qt.vertical_scroll import VerticalScroll
from napari_latent_explain.domain import LatentExplainError, StudyError
from napari_latent_explain.review import ReviewSession, Study, read_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from qtpy.QtGui import QCloseEvent

    from napari_latent_explain.domain import Mark

__all__ = ["ReviewWidget"]

_BANNER = "Some pictures are computed - for research, not for diagnosis"
_LAYOUT_MS = 150


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
    return label


class ReviewWidget(QWidget):  # type: ignore[misc]
    """Judge the trials of a study, one key an answer.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Shows the pictures; its other layers are hidden meanwhile.
    parent : QWidget, optional

    Signals
    -------
    began()
        A study is on show.
    """

    began = Signal()
    _closed = _docked = False  # Qt tells of a new parent before __init__ is through

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session: ReviewSession | None = None
        self.wizard: StudyWizard | None = None
        self._folder = Path()
        self._was_paused = self._ends = False
        self.pictures = ReviewPictures(viewer)
        self.chooser = StudyChooser(read_preferences().rater)
        self.questions = QuestionList()
        self.banner = QLabel(_BANNER)
        self.banner.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.banner.setWordWrap(True)
        self.banner.setStyleSheet("background: #7a4a00; color: white; font-weight: bold; padding: 4px;")
        self.title, self.where, self.said, self.revealed = _label(), _label(), _label(), _label()
        self.progress = QProgressBar()
        self.progress.setFormat("%v of %m judged")
        self.lock = self._button("Lock and go on  (Enter)", "The answers of this trial count from then on.")
        self.previous = self._button("Back", "Look at the trial before (left arrow).")
        self.next = self._button("Next", "The next trial (right arrow).")
        self.undo = self._button("Undo", "Take back the last answer (Ctrl+Z).")
        self.pause = self._button("Break", "Stop the clock (F9).")
        self.help = self._button("Keys", "Show all keys (F1).")
        self.reopen = self._button("Open again", "Change the answers of this trial.")
        self.stop = self._button("Stop for today", "Everything is kept; go on later where you are.")
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self._bring_into_view)
        self._laid_out = QTimer(self)
        self._laid_out.setSingleShot(True)
        self._laid_out.setInterval(_LAYOUT_MS)
        self._laid_out.timeout.connect(self.pictures.look_at_all)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.chooser)
        self.pages.addWidget(self._trial_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.banner)
        column.addWidget(self.pages, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.keys = ReviewKeys(
            self,
            {
                "lock": self.lock_and_go_on, "next": self.go_next, "previous": self.go_back, "down": lambda: self._step(1),
                "up": lambda: self._step(-1), "undo": self.take_back, "pause": self.toggle_break,
                "whole": self.pictures.look_at_all, "help": self.show_keys,
            },
            self.press,
            self._blink,
        )  # fmt: skip
        self._connect()

    def _connect(self) -> None:
        self.chooser.begun.connect(self._begin_chosen)
        self.chooser.new_asked.connect(self.make_study)
        for button, action in (
            (self.lock, self.lock_and_go_on), (self.previous, self.go_back), (self.next, self.go_next),
            (self.undo, self.take_back), (self.pause, self.toggle_break), (self.help, self.show_keys),
            (self.reopen, self.open_again), (self.stop, self.leave),
        ):  # fmt: skip
            button.clicked.connect(lambda *_, action=action: action())
        questions = self.questions
        questions.pressed.connect(self.press_for)
        questions.written.connect(self._write)
        questions.asked.connect(self._ask)
        questions.cleared.connect(lambda question: self._do(lambda s: s.clear(question)))
        questions.ended.connect(self._end_words)
        self.pictures.marked.connect(self.add_mark)

    # -- what a person or a program asks for -----------------------------------------------------------------

    def begin(self, folder: Path | str, rater: str, database: str = "") -> None:
        """Begin a review, or go on with it.

        Raises
        ------
        StudyError
            If there is no such study, it does not know the rater, or the answers can't be opened; see `ReviewSession.open`.
        """
        self.leave()
        study = Study.open(Path(folder))
        session = ReviewSession.open(study, Path(folder), rater, where=database or None)
        self._folder, self.session = Path(folder), session
        try:
            self.questions.set_protocol(study.protocol)
            self._show_pictures()
        except LatentExplainError:
            self.leave()
            raise
        session.changed.connect(self._show)
        session.trial_changed.connect(self._trial_changed)
        self.title.setText(f"<b>{study.title}</b><br>{study.protocol.instructions if not session.done else ''}")
        self.pages.setCurrentIndex(1)
        self.keys.set_listening(True)
        self._show()
        self._laid_out.start()  # the questions have taken their room by then
        self.began.emit()

    def leave(self) -> None:
        """Let go of the study; everything is kept."""
        session, self.session = self.session, None
        if session is None:
            return
        self.keys.set_listening(False)
        self.questions.blockSignals(True)
        session.changed.disconnect()
        session.trial_changed.disconnect()
        self.questions.blockSignals(False)
        session.close()
        self.pictures.set_marking(False)
        for layer in self.pictures.layers:
            layer.visible = False
        self.pages.setCurrentIndex(0)

    def press(self, key: str) -> None:
        """Give the answer that a key stands for."""
        self._do(lambda session: session.press(key))

    def press_for(self, question: str, key: str) -> None:
        """Give the answer that a key stands for in one question."""

        def give(session: ReviewSession) -> None:
            session.ask(question)
            session.press(key)

        self._do(give)

    def add_mark(self, mark: Mark) -> None:
        """Put a mark where the question that is asked wants some."""

        def add(session: ReviewSession) -> None:
            if session.question.kind == "marks":
                there = session.answers.get(session.question.id, ())
                session.answer([*(there if isinstance(there, tuple) else ()), mark])

        self._do(add)

    def lock_and_go_on(self) -> None:
        """Lock the trial and show the next one; on a locked trial, only go on."""

        def end(session: ReviewSession) -> None:
            if not session.locked:
                session.lock()
                if session.reveal is not None:
                    return  # stay, so that it can be read
            session.next()

        self._do(end)

    def go_next(self) -> None:
        """Show the next trial, if this one is locked."""
        self._do(lambda session: session.next())

    def go_back(self) -> None:
        """Show the trial before."""
        self._do(lambda session: session.previous())

    def take_back(self) -> None:
        """Undo the last answer."""
        self._do(lambda session: session.undo())

    def open_again(self) -> None:
        """Open a locked trial, where the protocol allows it."""
        self._do(lambda session: session.unlock())

    def toggle_break(self) -> None:
        """Have a break, or go on."""
        self._do(lambda session: session.resume() if session.paused else session.pause())

    def show_keys(self) -> None:
        """Show the list of keys."""
        KeyList("Keys of a review", self.keys.listed, self).show()

    def make_study(self) -> None:
        """Open the window that makes a study, or show the one that is open."""
        if self.wizard is None:
            self.wizard = StudyWizard(parent=self)
            self.wizard.review_asked.connect(self.chooser.begin_made)
            self.wizard.made.connect(self.chooser.folder.setText)
            self.wizard.finished.connect(self._forget_wizard)
        self.wizard.show()
        self.wizard.raise_()
        self.wizard.activateWindow()

    def _forget_wizard(self) -> None:
        if self.wizard is not None:
            self.wizard.deleteLater()
            self.wizard = None

    def close_down(self) -> None:
        """Let go of study and viewer. Safe to call twice."""
        if not self._closed:
            self._closed = True
            if self.wizard is not None:
                self.wizard.reject()
            if self.session is not None:
                self.questions.keep_words()
            self.leave()
            self._settled.stop()
            self._laid_out.stop()
            self.pictures.close_down()

    # -- inside ------------------------------------------------------------------------------------------------

    def _begin_chosen(self, folder: str, rater: str, database: str) -> None:
        try:
            self.begin(folder, rater, database)
        except LatentExplainError as error:
            self.chooser.say(str(error))
        except ValueError:
            self.chooser.say("A pseudonym has letters, digits, - and _ only, and begins with a letter or digit.")

    def _do(self, what: Callable[[ReviewSession], Any]) -> None:
        """Do something with the session; what it refuses is said, and nothing is lost."""
        session = self.session
        if session is None:
            return
        self.said.setText("")
        try:
            self.questions.keep_words()
            what(session)
        except LatentExplainError as error:
            self.said.setText(str(error))
            self._show(keep_message=True)

    def _write(self, question: str, text: str) -> None:
        session = self.session
        if session is None or session.locked or session.paused:
            return
        try:
            if text:
                session.answer(text, question)
                session.ask(question)
            else:
                session.clear(question)
        except StudyError as error:
            self.said.setText(str(error))

    def _end_words(self, question: str) -> None:
        def go_on(session: ReviewSession) -> None:
            session.ask(question)
            session.step(1)

        self._do(go_on)

    def _ask(self, question: str) -> None:
        session = self.session
        if session is not None and not session.locked and session.question.id != question:
            self._do(lambda s: s.ask(question))

    def _step(self, by: int) -> None:
        self._do(lambda session: session.step(by))

    def _blink(self, held: bool) -> None:
        session = self.session
        if session is not None:
            labels = [shown.label for shown in session.pictures]
            self.pictures.hold((labels.index("Photograph") if "Photograph" in labels else 0) if held else None)

    def _trial_changed(self) -> None:
        try:
            self._show_pictures()
        except LatentExplainError as error:
            self.said.setText(str(error))

    def _show_pictures(self) -> None:
        session = self.session
        if session is not None:
            self.pictures.show([(shown.label, read_picture(self._folder, shown.picture)) for shown in session.pictures])

    def _show(self, *, keep_message: bool = False) -> None:
        session = self.session
        if session is None:
            return
        if not keep_message and not session.paused:
            self.said.setText(self._words(session))
        trial, total = session.trial, len(session.trials)
        self.progress.setRange(0, total)
        self.progress.setValue(session.done)
        self.where.setText(f"Trial {trial.number} of {total}" + (" - locked" if session.locked else ""))
        if session.done:
            self.title.setText(f"<b>{session.study.title}</b>")
        self.questions.show_session(session)
        self._settled.start()  # rows must have their places first
        marks = next((session.answers.get(q.id, ()) for q in session.asked if q.kind == "marks"), ())
        free = not (session.locked or session.paused)
        self.pictures.show_marks(marks if isinstance(marks, tuple) else ())  # type: ignore[arg-type]
        self.pictures.set_marking(free and session.question.kind == "marks")
        self._show_reveal(session)
        self.lock.setText("Go on  (Enter)" if session.locked else "Lock and go on  (Enter)")
        self.lock.setEnabled(not session.paused and (session.locked or not session.missing))
        self.previous.setEnabled(trial.number > 1)
        self.next.setEnabled(session.locked and trial.number < total and not session.opens)
        self.undo.setEnabled(session.can_undo and not session.paused)
        self.pause.setText("Go on (F9)" if session.paused else "Break")
        self.reopen.setVisible(session.locked and session.study.protocol.may_change)
        if session.paused:
            self.said.setText("A break: the clock stands still.")
        for layer in self.pictures.layers[: len(session.pictures)]:
            layer.visible = not session.paused

    def _bring_into_view(self) -> None:
        """Scroll to the question that is asked."""
        if self.session is not None:
            self.scroll.ensureWidgetVisible(self.questions.rows[self.session.question.id], 0, 12)

    def _words(self, session: ReviewSession) -> str:
        if session.finished:
            return "All trials are judged. Thank you; everything is kept."
        if session.opens is not None:
            day = session.opens.astimezone().strftime("%d %B %Y")
            return f"The first series is done. The second begins on {day}, so that the first is forgotten."
        return ""

    def _show_reveal(self, session: ReviewSession) -> None:
        found = session.reveal
        self.revealed.setVisible(found is not None)
        if found is not None:
            scores = ", ".join(f"{label} {100 * p:.1f} %" for label, p in found.probabilities)
            said = f" '{found.target}': {scores}." if scores else ""
            self.revealed.setText(f"This was: <b>{found.direction}</b>.{said}")

    @staticmethod
    def _button(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _trial_page(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        for widget in (self.title, self.where, self.questions):
            column.addWidget(widget)
        column.addStretch(1)
        self.said.setStyleSheet("color: #ffb454;")
        self.revealed.setStyleSheet("border-left: 3px solid #4e9fdd; padding: 4px 6px;")
        page = QWidget()
        whole = QVBoxLayout(page)
        whole.setContentsMargins(0, 0, 0, 4)
        whole.setSpacing(4)
        self.scroll = VerticalScroll(inside)
        whole.addWidget(self.scroll, 1)
        for widget in (self.revealed, self.said, self.progress, self.lock):
            whole.addWidget(widget)
        for buttons in ((self.previous, self.next, self.undo), (self.pause, self.help, self.stop), (self.reopen,)):
            row = QHBoxLayout()
            row.setContentsMargins(6, 0, 6, 0)
            for button in buttons:
                row.addWidget(button, 1)
            whole.addLayout(row)
        return page

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Keep everything and let go."""
        self.close_down()
        super().closeEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Let go when the dock is taken away."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is not None:
                self._docked = True
            elif self._docked:
                self.close_down()
