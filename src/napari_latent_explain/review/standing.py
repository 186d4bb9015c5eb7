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

__all__ = ["Standing", "standing"]

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


def standing(records: Iterable[Record], protocol: Protocol) -> Standing:
    """Work out where a review stands.

    Raises
    ------
    StudyError
        If a record says what the protocol does not allow.
    """
    log = list(records)
    taken_back = {_number(record) for record in log if record.deed == "undone"}
    holds = [record for record in log if record.number not in taken_back]
    answers: dict[str, dict[str, Answer]] = {}
    locked: dict[str, datetime] = {}
    undoable = []
    for record in holds:
        mine = answers.setdefault(record.trial, {}) if record.trial else {}
        if record.deed == "answered":
            question = _question(protocol, record)
            mine[question.id] = question.read(record.said.get("answer"))
        elif record.deed == "cleared":
            mine.pop(_question(protocol, record).id, None)
        elif record.deed == "locked":
            locked[record.trial] = record.at
        elif record.deed == "unlocked":
            locked.pop(record.trial, None)
        if record.deed in ("answered", "cleared", "locked", "unlocked"):
            undoable.append(record)
    breaks = [record.deed for record in log if record.deed in ("paused", "resumed", "opened")]
    shown = [record.trial for record in log if record.deed == "shown"]
    return Standing(
        MappingProxyType({trial: MappingProxyType(said) for trial, said in answers.items() if said}),
        MappingProxyType(locked),
        MappingProxyType(_seconds(log)),
        tuple(undoable),
        bool(breaks) and breaks[-1] == "paused",
        shown[-1] if shown else "",
    )


def _number(record: Record) -> int:
    number = record.said.get("undoes")
    if not isinstance(number, int) or not 0 < number < record.number:
        msg = f"Record {record.number} of '{record.rater}' takes back a record that there is not."
        raise StudyError(msg)
    return number


def _question(protocol: Protocol, record: Record) -> Question:
    try:
        return protocol.question(str(record.said.get("question")))
    except KeyError as error:
        msg = f"Record {record.number} of '{record.rater}' answers a question that the protocol does not ask."
        raise StudyError(msg) from error


def _seconds(log: list[Record]) -> dict[str, float]:
    """Time from showing a trial to the next thing that ends it, summed up; breaks and closed windows do not count."""
    spent: dict[str, float] = {}
    since: datetime | None = None
    on_show = ""
    for record in log:
        if record.deed == "opened":  # the window was closed, or killed, after the last record
            since, on_show = None, ""
        elif record.deed in ("shown", "locked", "paused", "resumed"):
            if since is not None and on_show:
                spent[on_show] = spent.get(on_show, 0.0) + max(0.0, (record.at - since).total_seconds())
            if record.deed == "shown":
                on_show, since = record.trial, record.at
            elif record.deed == "resumed":
                since = record.at
            else:
                since = None
    return spent
