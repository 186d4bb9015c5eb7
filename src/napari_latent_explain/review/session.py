"""A rater at work: which trial is on show, what is asked, and what a key does. No window needed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from napari_latent_explain import __version__
from napari_latent_explain.domain import StudyError
from napari_latent_explain.review.question import plain
from napari_latent_explain.review.sequence import Trial, trials_of
from napari_latent_explain.review.shown import Reveal, Shown, pictures_of, reveal
from napari_latent_explain.review.standing import Standing, Tally
from napari_latent_explain.review.store import RatingStore, rater_file, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from pydantic import JsonValue

    from napari_latent_explain.review.question import Answer, Question
    from napari_latent_explain.review.record import Deed
    from napari_latent_explain.review.study import Study

__all__ = ["ReviewSession"]


class ReviewSession:
    """One rater's review of one study; every answer is on disk before the method that gives it returns.

    Made by `open`; end it with `close`.

    Parameters
    ----------
    study, store : Study, RatingStore
        What is judged, and where answers go.
    now : callable
        The clock.
    """

    changed: ClassVar[Signal] = Signal()
    trial_changed: ClassVar[Signal] = Signal()

    def __init__(self, study: Study, store: RatingStore, now: Callable[[], datetime] = utc_now) -> None:
        self.study, self.store, self._now = study, store, now
        self.trials = trials_of(study, store.rater)
        self._tally = Tally(study.protocol)
        for record in store.records:
            self._tally.add(record)
        self._standing = self._tally.standing
        self._asked = 0
        self._record("opened", software=__version__, trials=len(self.trials))
        if self._standing.paused:
            self._record("resumed")
        self._at = self._first_open()
        self._show(self._at)

    @classmethod
    def open(
        cls,
        study: Study,
        folder: Path,
        rater: str,
        *,
        where: Path | str | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> ReviewSession:
        """Begin a review, or take it up where it was left.

        Parameters
        ----------
        study, folder : Study, pathlib.Path
            The study and its folder.
        rater : str
            Pseudonym: letters, digits, ``-`` and ``_``.
        where : path or str, optional
            File or database for the answers, instead of the rater's file in the study's folder.

        Raises
        ------
        StudyError
            See `RatingStore.open`.
        """
        store = RatingStore.open(where if where is not None else rater_file(folder, rater), study, rater, now=now)
        try:
            return cls(study, store, now)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Let another window have the answers."""
        self.store.close()

    # -- what there is -----------------------------------------------------------------------------------------

    @property
    def rater(self) -> str:
        """Who is at work."""
        return self.store.rater

    @property
    def standing(self) -> Standing:
        """All that has been said so far."""
        return self._standing

    @property
    def trial(self) -> Trial:
        """The trial on show."""
        return self.trials[self._at]

    @property
    def pictures(self) -> tuple[Shown, ...]:
        """Its pictures, from left to right."""
        return pictures_of(self.study, self.trial)

    @property
    def answers(self) -> dict[str, Answer]:
        """What has been answered in this trial."""
        return dict(self._standing.of(self.trial.id))

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions of this trial, as far as its answers call for them."""
        return self._asked_of(self.answers)

    @property
    def question(self) -> Question:
        """The one that a key answers now."""
        return self.asked[min(self._asked, len(self.asked) - 1)]

    @property
    def locked(self) -> bool:
        """Whether this trial's answers can't be changed any more, unless it is opened again."""
        return self.trial.id in self._standing.locked

    @property
    def missing(self) -> tuple[Question, ...]:
        """What must be answered before the trial can be locked."""
        answers = self.answers
        return tuple(q for q in self.asked if q.required and q.id not in answers)

    @property
    def paused(self) -> bool:
        """Whether the rater is having a break."""
        return self._standing.paused

    @property
    def done(self) -> int:
        """Trials that are locked."""
        return len(self._standing.locked)

    @property
    def finished(self) -> bool:
        """Whether all trials are locked."""
        return self.done == len(self.trials)

    @property
    def opens(self) -> datetime | None:
        """When the second series begins, if the rater is through with the first and has to wait."""
        if not self.study.protocol.washout_days or self.finished:
            return None
        first = [trial for trial in self.trials if trial.series == 1]
        when = [self._standing.locked[trial.id] for trial in first if trial.id in self._standing.locked]
        if len(when) < len(first):
            return None
        begins = max(when) + timedelta(days=self.study.protocol.washout_days)
        return begins if self._now() < begins else None

    @property
    def reveal(self) -> Reveal | None:
        """What was hidden in this trial, once it may be known."""
        later = [
            trial for trial in self.trials if trial.item == self.trial.item and trial.id not in self._standing.locked
        ]
        if not self.study.protocol.reveals or not self.locked or later:
            return None
        return reveal(self.study, self.trial)

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would take something back."""
        return self._last() is not None

    # -- what a rater does -------------------------------------------------------------------------------------

    def answer(self, value: Any, question: str | None = None) -> None:
        """Answer the question that is asked, or another one of this trial; then the next open one is asked.

        Raises
        ------
        StudyError
            If it is no answer, the trial is locked, there is a break, or it can't be kept; then nothing is changed.
        """
        self._check_open()
        asked = self.question if question is None else self._find(question)
        read = asked.read(value)
        if self.answers.get(asked.id) != read:
            self._record("answered", self.trial.id, question=asked.id, answer=plain(read))
        if asked.kind not in ("findings", "marks"):  # these go on until the rater says so
            self._ask_after(asked.id)
        self.changed.emit()

    def press(self, key: str) -> bool:
        """Do what a key means for the question that is asked; False if it means nothing there.

        Raises
        ------
        StudyError
            As `answer`.
        """
        question = self.question
        option = next((option for option in question.keys if option.key == key.lower()), None)
        if option is None:
            return False
        if question.kind == "findings":
            there = self.answers.get(question.id, ())
            assert isinstance(there, tuple)  # noqa: S101 - what this question keeps
            codes = [str(code) for code in there]
            self.answer([c for c in codes if c != option.code] if option.code in codes else [*codes, option.code])
        else:
            self.answer(option.code)
        return True

    def clear(self, question: str) -> None:
        """Take an answer away.

        Raises
        ------
        StudyError
            As `answer`.
        """
        self._check_open()
        if question in self.answers:
            self._record("cleared", self.trial.id, question=question)
            self.changed.emit()

    def ask(self, question: str) -> None:
        """Go to a question of this trial."""
        self._asked = [q.id for q in self.asked].index(self._find(question).id)
        self.changed.emit()

    def step(self, by: int) -> None:
        """Go to the next question, or to the one before."""
        self._asked = max(0, min(self._asked + by, len(self.asked) - 1))
        self.changed.emit()

    def lock(self) -> None:
        """End this trial: its answers count.

        Raises
        ------
        StudyError
            If something is not answered, or it can't be kept.
        """
        self._check_open()
        if self.missing:
            msg = f"Not answered yet: {', '.join(repr(q.text) for q in self.missing)}."
            raise StudyError(msg)
        left = set(self.answers) - {question.id for question in self.asked}
        for question in sorted(left):  # answered before another answer made them needless
            self._record("cleared", self.trial.id, question=question)
        self._record("locked", self.trial.id)
        self.changed.emit()

    def unlock(self) -> None:
        """Open a locked trial again, where the protocol allows it.

        Raises
        ------
        StudyError
            If it does not.
        """
        if not self.study.protocol.may_change:
            msg = "This protocol does not let locked answers be changed."
            raise StudyError(msg)
        if self.locked:
            self._record("unlocked", self.trial.id)
            self.changed.emit()

    def next(self) -> bool:
        """Show the next trial; False at the last one, before one that is not locked, or while the second series waits."""
        return self.go_to(self._at + 1)

    def previous(self) -> bool:
        """Show the trial before; False at the first one."""
        return self.go_to(self._at - 1)

    def go_to(self, index: int) -> bool:
        """Show a trial, counted from 0; those after the first that is not locked can't be shown yet."""
        if not 0 <= index <= self._first_open() or index == self._at:
            return False
        if self.opens is not None and self.trials[index].series == 2:
            return False
        self._show(index)
        self.trial_changed.emit()
        self.changed.emit()
        return True

    def undo(self) -> bool:
        """Take back the last answer or lock by a record that says so, and show its trial; False if there is none.

        A lock can be taken back only where the protocol lets locked answers be changed.
        """
        last = self._last()
        if last is None:
            return False
        self._record("undone", last.trial, undoes=last.number)
        index = next(k for k, trial in enumerate(self.trials) if trial.id == last.trial)
        if index != self._at:
            self._show(index)
            self.trial_changed.emit()
        question = last.said.get("question")
        self._asked = next((k for k, q in enumerate(self.asked) if q.id == question), self._asked)
        self.changed.emit()
        return True

    def pause(self) -> None:
        """Have a break: the clock stops, and nothing can be answered."""
        if not self.paused:
            self._record("paused")
            self.changed.emit()

    def resume(self) -> None:
        """Go on."""
        if self.paused:
            self._record("resumed")
            self.changed.emit()

    # -- inside ------------------------------------------------------------------------------------------------

    def _record(self, deed: Deed, trial: str = "", **said: JsonValue) -> None:
        """Keep what happened, and see where that leaves the review."""
        self._tally.add(self.store.append(deed, trial, **said))
        self._standing = self._tally.standing

    def _first_open(self) -> int:
        """Index of the first trial that is not locked; the last one if all are."""
        locked = self._standing.locked
        return next((k for k, trial in enumerate(self.trials) if trial.id not in locked), len(self.trials) - 1)

    def _show(self, index: int) -> None:
        self._at = index
        self._record("shown", self.trial.id)
        answers = self.answers
        self._asked = next((k for k, q in enumerate(self.asked) if q.id not in answers), 0)

    def _asked_of(self, answers: dict[str, Answer]) -> tuple[Question, ...]:
        def called_for(question: Question) -> bool:
            if question.only_if is None:
                return True
            given = answers.get(question.only_if.question)
            said = given if isinstance(given, tuple) else (given,)
            return any(str(one) in question.only_if.answers for one in said)

        return tuple(question for question in self.study.protocol.questions if called_for(question))

    def _ask_after(self, question: str) -> None:
        """Ask the next question that has no answer yet; stay if there is none."""
        ids, answers = [q.id for q in self.asked], self.answers
        here = ids.index(question)
        order = [*range(here + 1, len(ids)), *range(here)]
        self._asked = next((k for k in order if ids[k] not in answers and k > here), min(here + 1, len(ids) - 1))

    def _find(self, question: str) -> Question:
        found = next((q for q in self.asked if q.id == question), None)
        if found is None:
            msg = f"'{question}' is not asked in this trial."
            raise StudyError(msg)
        return found

    def _check_open(self) -> None:
        if self.paused:
            msg = "There is a break; go on first."
            raise StudyError(msg)
        if self.opens is not None and self.trial.series == 2:
            msg = f"The second series begins on {self.opens.date().isoformat()}, so that the first one is forgotten."
            raise StudyError(msg)
        if self.locked:
            msg = "The answers of this trial are locked."
            raise StudyError(msg)

    def _last(self) -> Any:
        for record in reversed(self._standing.undoable):
            if record.deed in ("locked", "unlocked") and not self.study.protocol.may_change:
                return None
            if record.trial in self._standing.locked and record.deed != "locked":
                return None
            return record
        return None
