"""What a trial looks like: words, questions, progress, buttons. Decides nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_latent_explain._qt.reviewing.question_list import QuestionList
from napari_latent_explain._qt.vertical_scroll import VerticalScroll
from napari_latent_explain.domain import percent

if TYPE_CHECKING:
    from napari_latent_explain.review import ReviewSession

__all__ = ["TrialPage"]


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
    return label


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


class TrialPage(QWidget):  # type: ignore[misc]
    """The page of a review; it shows where a session stands."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.where, self.said, self.revealed = _label(), _label(), _label(), _label()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setStyleSheet("border-left: 3px solid #f28e2b; padding-left: 6px;")
        self.revealed.setStyleSheet("border-left: 3px solid #4e9fdd; padding: 4px 6px;")
        self.questions = QuestionList()
        self.progress = QProgressBar()
        self.progress.setFormat("%v of %m judged")
        self.lock = _button("Lock and go on  (Enter)", "The answers of this trial count from then on.")
        self.previous = _button("Back", "Look at the trial before (left arrow).")
        self.next = _button("Next", "The next trial (right arrow).")
        self.undo = _button("Undo", "Take back the last answer (Ctrl+Z).")
        self.pause = _button("Break", "Stop the clock (F9).")
        self.help = _button("Keys", "Show all keys (F1).")
        self.reopen = _button("Open again", "Change the answers of this trial.")
        self.stop = _button("Stop for today", "Everything is kept; go on later where you are.")
        self._asked = ""
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self._bring_into_view)
        self._lay_out()

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        for widget in (self.title, self.where, self.questions):
            column.addWidget(widget)
        column.addStretch(1)
        whole = QVBoxLayout(self)
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

    def say(self, text: str) -> None:
        """Show a sentence above the buttons."""
        self.said.setText(text)
        self.said.setVisible(bool(text))

    def say_standing(self, session: ReviewSession, said: str = "") -> None:
        """Say that there is a break, or that a series is done; `said` instead, if there is something."""
        self.say(said or _words(session))

    def show_session(self, session: ReviewSession, said: str = "") -> None:
        """Show where a review stands, and say something, as `say_standing`."""
        study, trial, total = session.study, session.trial, len(session.trials)
        self.say_standing(session, said)
        self.progress.setRange(0, total)
        self.progress.setValue(session.done)
        instructions = "" if session.done else f"<br>{escape(study.protocol.instructions)}"
        self.title.setText(f"<b>{escape(study.title)}</b>{instructions}")
        self.where.setText(f"Trial {trial.number} of {total}" + (" - locked" if session.locked else ""))
        self.questions.show_session(session)
        self._asked = session.question.id
        self._settled.start()  # rows must have their places first
        self._show_reveal(session)
        self.lock.setText("Go on  (Enter)" if session.locked else "Lock and go on  (Enter)")
        self.lock.setEnabled(not session.paused and (session.locked or not session.missing))
        self.previous.setEnabled(trial.number > 1)
        self.next.setEnabled(session.locked and trial.number < total and not session.opens)
        self.undo.setEnabled(session.can_undo and not session.paused)
        self.pause.setText("Go on (F9)" if session.paused else "Break")
        self.reopen.setVisible(session.locked and study.protocol.may_change)

    def close_down(self) -> None:
        """Scroll no more."""
        self._settled.stop()

    def _bring_into_view(self) -> None:
        """Scroll to the question that is asked."""
        row = self.questions.rows.get(self._asked)
        if row is not None:
            self.scroll.ensureWidgetVisible(row, 0, 12)

    def _show_reveal(self, session: ReviewSession) -> None:
        found = session.reveal
        self.revealed.setVisible(found is not None)
        if found is not None:
            scores = ", ".join(f"{label} {percent(p)}" for label, p in found.probabilities)
            said = escape(f" '{found.target}': {scores}.") if scores else ""
            self.revealed.setText(f"This was: <b>{escape(found.direction)}</b>.{said}")


def _words(session: ReviewSession) -> str:
    if session.paused:
        return "A break: the clock stands still."
    if session.finished:
        return "All trials are judged. Thank you; everything is kept."
    if session.opens is not None:
        day = session.opens.astimezone().strftime("%d %B %Y")
        return f"The first series is done. The second begins on {day}, so that the first is forgotten."
    return ""
