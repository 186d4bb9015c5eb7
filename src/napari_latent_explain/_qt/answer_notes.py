"""What was found out about answers, to be said again whenever one of them is shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["Answer", "AnswerNotes", "answer_of"]

T = TypeVar("T")

Answer = tuple[object, ...]
"""One answer for one photograph, whatever its directions are called and however large its pictures are."""

_MOST = 200


def answer_of(explanation: Explanation, frame: Frame) -> Answer:
    """Which answer a frame is: photograph, model, target, region, and how far which coordinates are moved."""
    photograph, model = explanation.photograph, explanation.explainer.identity
    moves = tuple(
        (direction.layer, direction.channel, direction.sign * direction.spread * strength)
        for direction_id, strength in frame.edit.strengths.items()
        for direction in (explanation.atlas[direction_id],)
    )
    return photograph.sha256, photograph.frame, model.sha256, explanation.target, explanation.region, moves


class AnswerNotes(Generic[T]):
    """A note for each of the last 200 answers that have one."""

    def __init__(self) -> None:
        self._notes: dict[Answer, T] = {}

    def write(self, answer: Answer, note: T) -> None:
        """Write a note in place of the one before."""
        self._notes.pop(answer, None)
        self._notes[answer] = note
        while len(self._notes) > _MOST:
            del self._notes[next(iter(self._notes))]

    def read(self, answer: Answer) -> T | None:
        """Return the note on an answer, None if there is none."""
        return self._notes.get(answer)
