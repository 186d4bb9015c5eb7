"""The dock widget of a reading study: it shows a `ReviewSession` and tells it what a person does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_warning
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QDockWidget, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout

from napari_latent_explain._napari.preferences import read_preferences
from napari_latent_explain._qt.docked_widget import DockedWidget
from napari_latent_explain._qt.focus_style import FOCUS_STYLE
from napari_latent_explain._qt.key_list import KeyList
from napari_latent_explain._qt.reviewing.review_keys import ReviewKeys
from napari_latent_explain._qt.reviewing.review_pictures import ReviewPictures
from napari_latent_explain._qt.reviewing.study_chooser import StudyChooser
from napari_latent_explain._qt.reviewing.study_wizard import StudyWizard
from napari_latent_explain._qt.reviewing.trial_page import TrialPage
from napari_latent_explain._qt.reviewing.trial_pictures import TrialPictures
from napari_latent_explain.domain import LatentExplainError, StudyError
from napari_latent_explain.review import ReviewSession, Study

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from qtpy.QtGui import QResizeEvent
    from qtpy.QtWidgets import QWidget

    from napari_latent_explain.domain import Mark

__all__ = ["ReviewWidget"]

_UNKEPT = "{} What you wrote is not kept yet; nothing else is done until it is, or until you delete it."
_BANNER = "Some pictures are computed - for research, not for diagnosis"
_LAYOUT_MS = 150
_NOT_NEEDED = ("layer list", "layer controls")


class ReviewWidget(DockedWidget):
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
    session: ReviewSession | None = None

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.wizard: StudyWizard | None = None
        self._folder = Path()
        self._unkept = ""
        self._put_away: list[QDockWidget] = []
        self.pictures = ReviewPictures(viewer)
        self._trial = TrialPictures(self.pictures)
        self.chooser = StudyChooser(read_preferences().rater)
        self.page = TrialPage()
        self.questions = self.page.questions
        self.setStyleSheet(FOCUS_STYLE)
        self.banner = QLabel(_BANNER)
        self.banner.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.banner.setWordWrap(True)
        self.banner.setStyleSheet("background: #7a4a00; color: white; font-weight: bold; padding: 4px;")
        self._laid_out = QTimer(self)
        self._laid_out.setSingleShot(True)
        self._laid_out.setInterval(_LAYOUT_MS)
        self._laid_out.timeout.connect(self.pictures.fit_again)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.chooser)
        self.pages.addWidget(self.page)
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
        page = self.page
        for button, action in (
            (page.lock, self.lock_and_go_on), (page.previous, self.go_back), (page.next, self.go_next),
            (page.undo, self.take_back), (page.pause, self.toggle_break), (page.help, self.show_keys),
            (page.reopen, self.open_again), (page.stop, self.stop),
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
            As `leave`, if another study is on show.
        """
        self.leave()
        study = Study.open(Path(folder))
        session = ReviewSession.open(study, Path(folder), rater, where=database or None)
        self._folder, self.session = Path(folder), session
        try:
            self.questions.set_protocol(study.protocol)
            self._trial.read(session, self._folder)
        except LatentExplainError:
            self._let_go()
            raise
        session.changed.connect(self._show)
        session.trial_changed.connect(self._trial_changed)
        self.pages.setCurrentIndex(1)
        self._make_room()
        self.keys.set_listening(True)
        self._show()
        self._laid_out.start()  # the questions have taken their room by then
        self.began.emit()

    def leave(self) -> None:
        """Let go of the study; everything is kept.

        Raises
        ------
        StudyError
            If words that were typed can't be kept; then the study stays on show.
        """
        if self.session is not None:
            self._keep_words()
            self._let_go()

    def stop(self) -> None:
        """Let go of the study, or say why words that were typed can't be kept."""
        self._do(lambda _: self._let_go())

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
        """Have a break, or go on, once the pictures can be seen."""

        def turn(session: ReviewSession) -> None:
            if not session.paused:
                session.pause()
                return
            if self._trial.unseen:
                self._trial.read(session, self._folder)
            session.resume()

        self._do(turn)

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

    # -- inside ------------------------------------------------------------------------------------------------

    def _let_go(self) -> None:
        session, self.session = self.session, None
        if session is None:
            return
        self.keys.set_listening(False)
        self.questions.blockSignals(True)
        session.changed.disconnect()
        session.trial_changed.disconnect()
        self.questions.blockSignals(False)
        session.close()
        self._trial.let_go()
        for dock in self._put_away:
            dock.show()
        self._put_away = []
        self.pages.setCurrentIndex(0)

    def _make_room(self) -> None:
        """Put the list of layers and their controls away: pictures need the room, and raters neither of them."""
        docks = self.window().findChildren(QDockWidget)
        self._put_away = [dock for dock in docks if dock.objectName() in _NOT_NEEDED and not dock.isHidden()]
        for dock in self._put_away:
            dock.hide()

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
        self.page.say_standing(session, self._trial.unseen)
        try:
            self._keep_words()
            what(session)
        except LatentExplainError as error:
            self._show(str(error))

    def _keep_words(self) -> None:
        """Keep what was typed (StudyError if that can't be done)."""
        self._unkept = ""
        self.questions.keep_words()
        if self._unkept:
            raise StudyError(self._unkept)

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
            self._unkept = _UNKEPT.format(error)
            self.page.say(self._unkept)

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
            self._trial.blink(session, held)

    def _trial_changed(self) -> None:
        """Show the pictures of another trial; without them there is a break, so that nothing is judged unseen."""
        session = self.session
        if session is None:
            return
        with suppress(StudyError):
            self._trial.read(session, self._folder)
            return
        try:
            session.pause()
        except StudyError as error:  # neither can be read nor written
            self._let_go()
            self.chooser.say(str(error))

    def _show(self, said: str = "") -> None:
        """Show where the review stands, and say something, above all why there are no pictures."""
        session = self.session
        if session is None:
            return
        self.page.show_session(session, self._trial.unseen or said)
        self._trial.show_session(session)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the pictures the room that is left."""
        super().resizeEvent(event)
        if self.session is not None:
            self._laid_out.start()

    def _end(self) -> None:
        """Let go of study and viewer."""
        if self.wizard is not None:
            self.wizard.reject()
        try:
            self.leave()
        except StudyError as error:
            show_warning(str(error))
            self._let_go()
        self.page.close_down()
        self._laid_out.stop()
        self.pictures.close_down()
