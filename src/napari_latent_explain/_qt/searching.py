"""Searches for counterfactuals, and what they have answered so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_info, show_warning
from qtpy.QtCore import QObject

from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.answer_notes import SearchSaid, answer_of

if TYPE_CHECKING:
    from napari_latent_explain._qt.answer_notes import AnswerNotes
    from napari_latent_explain._qt.dose_curve import DoseCurve
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain._qt.value_box import ValueBox
    from napari_latent_explain.domain import DoseResponse, Edit
    from napari_latent_explain.explain import Frame

__all__ = ["Searching"]


class Searching(QObject):  # type: ignore[misc]
    """Finds an answer, and then others unlike it, for as long as photograph, target, region and goal stay what they are.

    Parameters
    ----------
    session : Session
        Whose explanation is searched.
    goal : ValueBox
        The probability to reach; None is a changed decision.
    curve : DoseCurve
        Shows how the classifier follows the answer.
    notes : AnswerNotes
        Where curves are noted.
    work : SlowWork
        Does the searches.
    """

    def __init__(
        self, session: Session, goal: ValueBox[float | None], curve: DoseCurve, notes: AnswerNotes, work: SlowWork
    ) -> None:
        super().__init__()
        self._session, self._goal, self._curve, self._work = session, goal, curve, work
        self._answers: list[Edit] = []
        self._notes = notes
        work.expect("find", self._show_first)
        work.expect("another", self._show_other)
        goal.chosen.connect(self.forget)

    @property
    def answers(self) -> tuple[Edit, ...]:
        """What to look beyond for another answer."""
        return tuple(self._answers)

    def find(self) -> None:
        """Search for the smallest edit that reaches the goal."""
        explanation, goal = self._session.explanation, self._goal.value
        if explanation is not None and self._work.free:
            find = explanation.find_counterfactual
            self._work.submit("find", lambda p: verbs.answer(explanation, find(p, probability=goal)))

    def find_another(self) -> None:
        """Search for an answer unlike those found so far."""
        explanation, goal, found = self._session.explanation, self._goal.value, tuple(self._answers)
        if explanation is not None and found and self._work.free:
            find = explanation.find_another
            self._work.submit("another", lambda p: verbs.answer(explanation, find(found, p, probability=goal)))

    def forget(self) -> None:
        """What was found so far answers another question."""
        self._answers.clear()

    def take_over(self, answers: tuple[Edit, ...]) -> None:
        """Go on with answers to the same question: the same explanation was made anew."""
        self._answers = list(answers)

    def show_curve(self) -> None:
        """Show the curve of what is on show, if a search found it."""
        shown = self._session.explanation
        self._curve.show_curve(None if shown is None else self._notes.read(answer_of(shown, shown.frame)).curve)

    def _show_first(self, found: tuple[Frame, DoseResponse]) -> None:
        self._answers.clear()
        self._show(found)

    def _show_other(self, found: tuple[Frame, DoseResponse]) -> None:
        if self._session.explanation is not None and not found[0].reached:
            self._answers.clear()
            show_info("There is no other answer within the tested range; the last one stays.")
        else:
            self._show(found)

    def _show(self, found: tuple[Frame, DoseResponse]) -> None:
        """Show what was found; only what reached its goal, by moving something, is an answer to look beyond."""
        explanation, (frame, curve) = self._session.explanation, found
        if explanation is None:
            return
        if frame.note:
            show_warning(f"{frame.note[0].upper()}{frame.note[1:]}.")
        self._answers = [*self._answers, frame.edit] if frame.reached and frame.edit else []
        said = SearchSaid(note=frame.note, reached=frame.reached)
        self._notes.write(answer_of(explanation, frame), curve=curve, search=said)
        explanation.accept(frame)
