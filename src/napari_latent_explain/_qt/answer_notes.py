"""What was found out about answers, to be said again whenever one of them is shown again. No Qt here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_latent_explain.domain import DoseResponse, Faithfulness, Region
from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["MOST_NOTES", "Answer", "AnswerNotes", "Note", "SearchSaid", "answer_of", "newest"]

MOST_NOTES = 200
"""So many answers of a photograph have a note, those that got theirs last."""


class SearchSaid(FrozenModel):
    """A frame's `note` and `reached`, as a search left them."""

    note: str
    reached: bool


class Note(FrozenModel):
    """What came of an answer's controls, its dose-response curve, and what a search said of it; None where nobody asked."""

    controls: Faithfulness | None = None
    curve: DoseResponse | None = None
    search: SearchSaid | None = None


class Answer(NamedTuple):
    """One answer, whatever its directions are called and however large its pictures are.

    `case` are the hashes of photograph and model, `digest` is that of all that the answer depends on.
    """

    case: tuple[str, str]
    digest: str


def answer_of(explanation: Explanation, frame: Frame) -> Answer:
    """Which answer a frame is: photograph, model, code, target, region, and how far which coordinates are moved."""
    moves = tuple(
        (direction.layer, direction.channel, direction.sign * direction.spread * strength)
        for direction_id, strength in frame.edit.strengths.items()
        for direction in (explanation.atlas[direction_id],)
    )
    case = _case_of(explanation)
    return Answer(case, _digest(case, explanation.code_sha256, explanation.target, explanation.region, moves))


def _case_of(explanation: Explanation) -> tuple[str, str]:
    return explanation.photograph.sha256, explanation.explainer.identity.sha256


@lru_cache(maxsize=256)
def _digest(case: tuple[str, str], code: str, target: int, region: Region | None, moves: tuple[object, ...]) -> str:
    outlines = region.outlines if region is not None else None
    return hashlib.sha256(json.dumps([case, code, target, outlines, moves]).encode()).hexdigest()


def newest(notes: Mapping[str, Note]) -> dict[str, Note]:
    """Leave out the oldest where there are too many."""
    return dict(list(notes.items())[-MOST_NOTES:])


class AnswerNotes:
    """A note for each answer that has one, by photograph and model."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], dict[str, Note]] = {}

    def read(self, answer: Answer) -> Note:
        """Return the note on an answer, an empty one if there is none."""
        return self._notes.get(answer.case, {}).get(answer.digest, Note())

    def write(self, answer: Answer, **found: Any) -> None:
        """Note what was found (`Note`'s fields); what was known otherwise stays."""
        self._add(answer.case, {answer.digest: self.read(answer).replace(**found)})

    def as_said(self, explanation: Explanation, frame: Frame) -> Frame:
        """The same frame with what a search said of it, if one did."""
        said = self.read(answer_of(explanation, frame)).search
        if said is None or (said.note, said.reached) == (frame.note, frame.reached):
            return frame
        return replace(frame, note=said.note, reached=said.reached)

    def clear(self) -> None:
        """Forget all: they are another project's."""
        self._notes.clear()

    def take(self, explanation: Explanation, notes: Mapping[str, Note]) -> None:
        """Add notes that were kept beside an explanation, by digest."""
        self._add(_case_of(explanation), notes)

    def of(self, explanation: Explanation) -> dict[str, Note]:
        """All notes on answers for a photograph by a model, by digest, the newest last."""
        return dict(self._notes.get(_case_of(explanation), {}))

    def _add(self, case: tuple[str, str], notes: Mapping[str, Note]) -> None:
        kept = {digest: note for digest, note in self._notes.get(case, {}).items() if digest not in notes}
        self._notes[case] = newest(kept | dict(notes))
