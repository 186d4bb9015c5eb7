"""Where a review stands, worked out from its records alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from napari_latent_explain.domain import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from napari_latent_explain.review.protocol import Protocol
    from napari_latent_explain.review.question import Answer, Question
    from napari_latent_explain.review.record import Record

__all__ = ["Standing", "Tally", "standing"]

_CHANGES = ("answered", "cleared", "locked", "unlocked")
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Standing:
    """What has been answered and locked so far.

    Parameters
    ----------
    answers : mapping of trial to mapping of question to Answer
        As they stand, after all changes and undoing.
    locked : mapping of trial to datetime
        When a trial was locked for good.
    seconds : mapping of trial to float
        How long a trial was on show before it was locked, without pauses.
    undoable : tuple of Record
        Answers and locks that still hold, the oldest first.
    paused : bool
        Whether the rater is having a break.
    last_shown : str
        The trial that was shown last; empty before the first.
    """

    answers: Mapping[str, Mapping[str, Answer]] = field(default_factory=lambda: _NONE)
    locked: Mapping[str, datetime] = field(default_factory=lambda: _NONE)
    seconds: Mapping[str, float] = field(default_factory=lambda: _NONE)
    undoable: tuple[Record, ...] = ()
    paused: bool = False
    last_shown: str = ""

    def of(self, trial: str) -> Mapping[str, Answer]:
        """Answers of one trial by question."""
        return self.answers.get(trial, _NONE)


class Tally:
    """Keeps where a review stands while records come in; each costs what its own trial has, not the whole review.

    Parameters
    ----------
    protocol : Protocol
        Which questions there are.
    """

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._records: dict[int, Record] = {}
        self._of_trial: dict[str, list[Record]] = {}
        self._taken_back: set[int] = set()
        self._undoable: list[Record] = []
        self._answers: dict[str, Mapping[str, Answer]] = {}
        self._locked: dict[str, datetime] = {}
        self._watch = _Watch()
        self._paused = False

    def add(self, record: Record) -> None:
        """Count one more record.

        Raises
        ------
        StudyError
            If it says what the protocol does not allow.
        """
        changed = record
        if record.deed == "undone":
            changed = self._undo(record)
        elif record.deed in _CHANGES:
            self._of_trial.setdefault(record.trial, []).append(record)
            self._undoable.append(record)
        self._records[record.number] = record
        if changed.deed in _CHANGES:
            self._recount(changed.trial)
        if record.deed in ("paused", "resumed", "opened"):
            self._paused = record.deed == "paused" or (record.deed == "opened" and self._paused)
        self._watch.see(record)

    @property
    def standing(self) -> Standing:
        """Where it stands now."""
        return Standing(
            MappingProxyType(dict(self._answers)),
            MappingProxyType(dict(self._locked)),
            MappingProxyType(dict(self._watch.spent)),
            tuple(self._undoable),
            self._paused,
            self._watch.shown,
        )

    def _undo(self, record: Record) -> Record:
        number = record.said.get("undoes")
        before = self._records.get(number) if isinstance(number, int) else None
        if before is None or before.deed not in _CHANGES or before.number in self._taken_back:
            msg = f"Record {record.number} of '{record.rater}' takes back a record that there is not."
            raise StudyError(msg)
        self._taken_back.add(before.number)
        self._undoable.remove(before)
        return before

    def _recount(self, trial: str) -> None:
        """Work out one trial anew."""
        answers: dict[str, Answer] = {}
        self._locked.pop(trial, None)
        for record in self._of_trial[trial]:
            if record.number in self._taken_back:
                continue
            if record.deed == "answered":
                question = self._question(record)
                answers[question.id] = question.read(record.said.get("answer"))
            elif record.deed == "cleared":
                answers.pop(self._question(record).id, None)
            elif record.deed == "locked":
                self._locked[trial] = record.at
            else:
                self._locked.pop(trial, None)
        self._answers.pop(trial, None)
        if answers:
            self._answers[trial] = MappingProxyType(answers)

    def _question(self, record: Record) -> Question:
        try:
            return self._protocol.question(str(record.said.get("question")))
        except KeyError as error:
            msg = f"Record {record.number} of '{record.rater}' answers a question that the protocol does not ask."
            raise StudyError(msg) from error


class _Watch:
    """Time from showing a trial to what ends it, summed up; breaks and closed windows do not count."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.shown = ""
        self._since: datetime | None = None

    def see(self, record: Record) -> None:
        """Look at one more record."""
        if record.deed == "opened":  # the window was closed, or killed, after the record before
            self._since = None
        elif record.deed in ("shown", "locked", "paused", "resumed"):
            if self._since is not None:
                passed = max(0.0, (record.at - self._since).total_seconds())
                self.spent[self.shown] = self.spent.get(self.shown, 0.0) + passed
            if record.deed == "shown":
                self.shown = record.trial
            begins = record.deed == "shown" or (record.deed == "resumed" and bool(self.shown))
            self._since = record.at if begins else None


def standing(records: Iterable[Record], protocol: Protocol) -> Standing:
    """Work out where a review stands.

    Raises
    ------
    StudyError
        If a record says what the protocol does not allow.
    """
    tally = Tally(protocol)
    for record in records:
        tally.add(record)
    return tally.standing
