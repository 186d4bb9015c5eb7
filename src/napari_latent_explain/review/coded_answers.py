"""Answers as numbers, for coefficients of agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from napari_latent_explain.review.protocol import Protocol
    from napari_latent_explain.review.question import Answer

__all__ = ["Coding", "codings"]


class Coding(FrozenModel):
    """How answers to one question become numbers.

    Parameters
    ----------
    name, question, text : str
        What it is called (``findings: vessels`` for one of several findings), the question's id, and what is asked.
    ordered : bool
        Whether larger numbers mean more.
    levels : tuple of int
        All numbers that there can be.
    codes : tuple of str
        The answer that each number stands for, if they are not numbers themselves.
    finding : str
        One finding among several: 1 where it is named, else 0.
    """

    name: str
    question: str
    text: str
    ordered: bool = False
    levels: tuple[int, ...]
    codes: tuple[str, ...] = ()
    finding: str = ""

    def number(self, answer: Answer) -> float:
        """Return the number of an answer."""
        if self.finding:
            return float(isinstance(answer, tuple) and self.finding in answer)
        return float(self.codes.index(str(answer)) if self.codes else int(str(answer)))


def codings(protocol: Protocol) -> tuple[Coding, ...]:
    """Return the codings of all questions whose answers can be compared; left and right can't, they are a trial's own."""
    found = []
    for question in protocol.questions:
        common = {"name": question.id, "question": question.id, "text": question.text}
        if question.kind == "choice":
            codes = tuple(option.code for option in question.options)
            found.append(Coding(**common, levels=tuple(range(len(codes))), codes=codes))
        elif question.kind == "scale":
            found.append(Coding(**common, ordered=True, levels=tuple(range(question.low, question.high + 1))))
        elif question.kind == "findings":
            found += [
                Coding(
                    name=f"{question.id}: {option.code}", question=question.id, text=f"{question.text} {option.label}",
                    levels=(0, 1), finding=option.code,
                )
                for option in question.options
            ]  # fmt: skip
    return tuple(found)
