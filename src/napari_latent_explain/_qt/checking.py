"""Controls of the answer that is shown: whether it says something of the classifier, or would random moves do as well."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QObject, Signal

from napari_latent_explain._qt.answer_notes import answer_of
from napari_latent_explain.export.said import controls

if TYPE_CHECKING:
    from napari_latent_explain._qt.answer_notes import Answer, AnswerNotes
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.domain import Faithfulness, Progress
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["Checked", "Checking"]


class Checked(NamedTuple):
    """What came of an answer's controls; None if it changes nothing."""

    answer: Answer
    found: Faithfulness | None


class Checking(QObject):  # type: ignore[misc]
    """Runs them when a person asks, and says what came of it whenever that answer is shown again.

    Parameters
    ----------
    session : Session
        Whose explanation is checked.
    notes : AnswerNotes
        Where what came of it is noted.
    work : SlowWork
        Does it.

    Signals
    -------
    changed()
        There is something else to say.
    """

    changed = Signal()

    def __init__(self, session: Session, notes: AnswerNotes, work: SlowWork) -> None:
        super().__init__()
        self._session, self._notes, self._work = session, notes, work
        work.expect("check", self.take)

    @property
    def said(self) -> str:
        """What has to be said of the frame that is shown; nothing where nothing was moved."""
        explanation = self._session.explanation
        if explanation is None or not explanation.frame.edit:
            return ""
        found = self._notes.read(answer_of(explanation, explanation.frame)).controls
        if found is None:
            return (
                "<b>Controls: not run.</b> Until they are, this may be what any change would do (<i>Check answer</i>)."
            )
        verdict, numbers = controls(found).split(": ", 1)
        return f"<b>{escape(verdict)}:</b> {escape(numbers)}"

    def check(self) -> None:
        """Put what is shown to the controls."""
        explanation, frame = self._session.explanation, self._session.asked_frame()
        if explanation is not None and frame is not None and self._session.current.mix.heard and self._work.free:
            self._work.submit("check", lambda progress: self.of(explanation, frame(), progress))

    def of(self, explanation: Explanation, frame: Frame, progress: Progress) -> Checked:
        """Put a frame to the controls, unless it was (thread-safe)."""
        answer = answer_of(explanation, frame)
        found = self._notes.read(answer).controls
        if frame.edit and found is None:
            found = explanation.check(progress=progress, frame=frame)
        return Checked(answer, found)

    def take(self, checked: Checked) -> None:
        """Keep what came of it."""
        if checked.found is not None:
            self._notes.write(checked.answer, controls=checked.found)
        self.changed.emit()
