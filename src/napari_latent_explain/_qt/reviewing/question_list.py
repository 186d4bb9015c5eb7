"""The questions of a trial, one below the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_latent_explain._qt.reviewing.question_row import QuestionRow

if TYPE_CHECKING:
    from napari_latent_explain.review import Protocol, ReviewSession

__all__ = ["QuestionList"]


class QuestionList(QWidget):  # type: ignore[misc]
    """A row for every question of a protocol; those that a trial does not ask are hidden.

    Signals
    -------
    pressed(question: str, key: str)
    written(question: str, text: str)
        Words; empty if they were deleted.
    asked(question: str)
    cleared(question: str)
    ended(question: str)
    """

    pressed = Signal(str, str)
    written = Signal(str, str)
    asked = Signal(str)
    cleared = Signal(str)
    ended = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, QuestionRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def set_protocol(self, protocol: Protocol) -> None:
        """Make the rows."""
        for row in self.rows.values():
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = {}
        for question in protocol.questions:
            row = QuestionRow(question, self)
            row.pressed.connect(partial(self.pressed.emit, question.id))
            row.written.connect(partial(self.written.emit, question.id))
            row.asked.connect(partial(self.asked.emit, question.id))
            row.cleared.connect(partial(self.cleared.emit, question.id))
            row.ended.connect(partial(self.ended.emit, question.id))
            self.rows[question.id] = row
            self._column.addWidget(row)
        # room for all of them from the beginning, so that the pictures keep theirs when more is asked
        self.setMinimumWidth(max(row.minimumSizeHint().width() for row in self.rows.values()))

    def show_session(self, session: ReviewSession) -> None:
        """Show where a review stands."""
        answers, asked, free = session.answers, {q.id for q in session.asked}, not (session.locked or session.paused)
        current = session.question.id
        for name, row in self.rows.items():
            row.setVisible(name in asked)
            row.show_state(answers.get(name), current=name == current, free=free)
        self.take_focus(current if free else "")

    def take_focus(self, current: str) -> None:
        """Put the cursor into the words that are asked for, and out of those that are not."""
        for name, row in self.rows.items():
            if row.words is None:
                continue
            if name == current and not row.words.hasFocus():
                row.words.setFocus(Qt.FocusReason.OtherFocusReason)
            elif name != current and row.words.hasFocus():
                row.words.clearFocus()

    def keep_words(self) -> None:
        """Send all words that were typed and not sent yet."""
        for row in self.rows.values():
            row.keep_words()
