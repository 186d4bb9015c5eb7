"""How a study is done: what is shown, what is asked, and what counts as agreed."""

from __future__ import annotations

from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from napari_latent_explain.domain import StudyError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.kept_json import read_kept
from napari_latent_explain.review.question import Code, Question, SideQuestion

__all__ = ["Protocol", "Role", "ValidationRule", "load_protocol", "ready_protocols"]

_Share = Annotated[float, Field(ge=0, le=1)]


class Role(StrEnum):
    """What a picture of a trial is."""

    ORIGINAL = "original"
    COUNTERFACTUAL = "counterfactual"
    MORE = "more"
    LESS = "less"
    DIFFERENCE = "difference"


class ValidationRule(FrozenModel):
    """When the judgements of a direction make it a validated one.

    Parameters
    ----------
    question, accepted : str, tuple of str
        The verdict, and its codes that can be validated.
    least_raters, least_ratings : int
        How many people must have judged it, and how often in all (first judgements; neither catch trials nor repeats).
    least_share : float
        Share of the judgements that must give the same accepted verdict.
    plausibility, least_plausibility : str, float, optional
        A scale, and the least mean of it.
    """

    question: Code = "verdict"
    accepted: Annotated[tuple[str, ...], Field(min_length=1)] = ("known_sign", "plausible_novel")
    least_raters: Annotated[int, Field(ge=1)] = 2
    least_ratings: Annotated[int, Field(ge=1)] = 3
    least_share: Annotated[float, Field(gt=0.5, le=1)] = 0.6
    plausibility: Code | None = None
    least_plausibility: float | None = None


class Protocol(FrozenModel):
    """A protocol.

    Parameters
    ----------
    name, title, instructions : str
        What it is called, and what raters read before the first trial.
    items : {"directions", "counterfactuals"}
        Whether a trial shows one direction in one photograph, or the whole counterfactual of one.
    shows : tuple of Role
        The pictures of a trial, from left to right; the order is turned round at random, so that of three the middle stays.
    labelled : bool
        Whether pictures are called by what they are; otherwise A, B, C.
    questions : tuple of Question
        In the order in which they are asked.
    catch_share, repeat_share : float
        Catch trials (every picture is a photograph, nothing was changed) and repeats, as shares of the items.
    washout_days : int
        How long after the last first judgement repeats begin; with 0, they stand at the end of the same series.
    may_change : bool
        Whether a locked trial may be opened again.
    reveals : bool
        Whether the direction and the classifier's scores are shown once a trial is locked, and never before its last repeat is.
    rule : ValidationRule, optional
        What makes a direction a validated one.
    """

    format: Literal[1] = 1
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    instructions: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
    items: Literal["directions", "counterfactuals"]
    shows: Annotated[tuple[Role, ...], Field(min_length=2, max_length=3)]
    labelled: bool = False
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=20)]
    catch_share: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    repeat_share: Annotated[float, Field(ge=0, le=0.5)] = 0.15
    washout_days: Annotated[int, Field(ge=0, le=365)] = 0
    may_change: bool = False
    reveals: bool = True
    rule: ValidationRule | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Protocol:
        ids = [question.id for question in self.questions]
        if len(set(ids)) != len(ids):
            msg = "two questions share an id"
            raise ValueError(msg)
        for number, question in enumerate(self.questions):
            if question.only_if is not None and question.only_if.question not in ids[:number]:
                msg = f"'{question.id}' is asked for an answer to '{question.only_if.question}', which is not asked before it"
                raise ValueError(msg)
        if Role.ORIGINAL not in self.shows or len(set(self.shows)) != len(self.shows):
            msg = "a trial shows the original, and no picture twice"
            raise ValueError(msg)
        if self.forced_choice and (len(self.shows) != 2 or self.labelled):
            msg = "left or right can be asked of two pictures that are not labelled"
            raise ValueError(msg)
        if len(self.shows) == 3 and self.shows[1] is not Role.ORIGINAL:
            msg = "of three pictures, the original stands in the middle"
            raise ValueError(msg)
        if self.rule is not None and not {self.rule.question, self.rule.plausibility} - {None} <= set(ids):
            msg = "the rule asks for a question that is not there"
            raise ValueError(msg)
        return self

    @property
    def forced_choice(self) -> bool:
        """Whether raters are asked which of two pictures is the photograph."""
        return any(isinstance(question, SideQuestion) for question in self.questions)

    def question(self, question_id: str) -> Question:
        """Return a question by its id (KeyError if there is none)."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)


def ready_protocols() -> tuple[str, ...]:
    """Names of the protocols that come with the package."""
    folder = resources.files("napari_latent_explain.review") / "protocols"
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".json")))


def load_protocol(name_or_path: str | Path) -> Protocol:
    """Load a protocol that comes with the package by its name, or a file of one's own.

    Raises
    ------
    StudyError
        If there is none, or it is damaged.
    """
    path = Path(name_or_path)
    if str(name_or_path) in ready_protocols():
        entry = resources.files("napari_latent_explain.review") / "protocols" / f"{name_or_path}.json"
        with resources.as_file(entry) as file:
            return read_kept(file, Protocol, StudyError, "install the package again")
    try:
        return read_kept(path, Protocol, StudyError, "mend it, or use one of those that come with the package")
    except OSError as error:
        ready = ", ".join(ready_protocols())
        msg = f"There is no protocol '{name_or_path}'; there are {ready}, or give the path of a JSON file."
        raise StudyError(msg) from error
