"""What raters are asked: a small closed family of questions, each of which knows its keys and what is an answer to it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic_core import to_jsonable_python

from napari_latent_explain.domain import Mark, StudyError
from napari_latent_explain.domain.frozen import FrozenModel

__all__ = [
    "Answer",
    "ChoiceQuestion",
    "Condition",
    "FindingsQuestion",
    "Level",
    "MarksQuestion",
    "Option",
    "Question",
    "ScaleQuestion",
    "SideQuestion",
    "TextQuestion",
    "plain",
]

Answer = str | int | tuple[str, ...] | tuple[Mark, ...]
"""A code, a number, codes, or marks; a text."""


def plain(answer: Answer) -> JsonValue:
    """Return an answer as plain JSON."""
    tree: JsonValue = to_jsonable_python(answer)
    return tree


Level = Literal["nominal", "ordinal", "set", "text", "marks"]
"""How answers can be compared."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[ac-z0-9]$")]  # b is for blinking
_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
_Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Option(FrozenModel):
    """One possible answer: what is kept (`code`), what is read (`label`), and the key that gives it."""

    code: Code
    label: _Label
    key: Key
    hint: str = ""


class Condition(FrozenModel):
    """Ask only if an earlier question was answered with one of these codes."""

    question: Code
    answers: Annotated[tuple[str, ...], Field(min_length=1)]


class _Asked(FrozenModel):
    """What all questions have.

    Parameters
    ----------
    id : str
        What answers are kept under; unique within a protocol.
    text, hint : str
        What is asked, and a word of explanation.
    required : bool
        Whether a trial can be locked without an answer.
    only_if : Condition, optional
        When it is asked.
    """

    id: Code
    text: _Words
    hint: str = ""
    required: bool = True
    only_if: Condition | None = None

    level: ClassVar[Level]

    @property
    def keys(self) -> tuple[Option, ...]:
        """The answers that one key gives."""
        return ()

    def read(self, value: Any) -> Answer:
        """Return `value` as an answer to this question.

        Raises
        ------
        StudyError
            If it is none.
        """
        raise NotImplementedError

    def _refuse(self, value: Any) -> StudyError:
        return StudyError(f"'{str(value)[:60]}' is no answer to '{self.text}'.")


class _Optioned(_Asked):
    """A question with a list of answers."""

    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=20)]

    @model_validator(mode="after")
    def _are_distinct(self) -> _Optioned:
        for what in ("code", "key"):
            all_of_them = [getattr(option, what) for option in self.options]
            if len(set(all_of_them)) != len(all_of_them):
                msg = f"two answers to '{self.text}' share a {what}"
                raise ValueError(msg)
        return self

    @property
    def keys(self) -> tuple[Option, ...]:
        """Its options."""
        return self.options

    def label(self, code: str) -> str:
        """What is read for a code."""
        return next((option.label for option in self.options if option.code == code), code)


class ChoiceQuestion(_Optioned):
    """One of a list."""

    kind: Literal["choice"] = "choice"
    level: ClassVar[Level] = "nominal"

    def read(self, value: Any) -> Answer:
        """Return the code."""
        if not isinstance(value, str) or value not in {option.code for option in self.options}:
            raise self._refuse(value)
        return value


class FindingsQuestion(_Optioned):
    """Any number of a list; a key puts one in or takes it out."""

    kind: Literal["findings"] = "findings"
    level: ClassVar[Level] = "set"

    def read(self, value: Any) -> Answer:
        """Return the codes, in the order of the list."""
        if not isinstance(value, list | tuple) or not all(isinstance(code, str) for code in value):
            raise self._refuse(value)
        known = [option.code for option in self.options]
        if not set(value) <= set(known):
            raise self._refuse(value)
        return tuple(code for code in known if code in value)


class ScaleQuestion(_Asked):
    """A number from `low` to `high`, with words for both ends."""

    kind: Literal["scale"] = "scale"
    level: ClassVar[Level] = "ordinal"
    low: Annotated[int, Field(ge=0, le=9)] = 1
    high: Annotated[int, Field(ge=1, le=9)] = 5
    low_label: _Label
    high_label: _Label

    @model_validator(mode="after")
    def _has_steps(self) -> ScaleQuestion:
        if self.high <= self.low:
            msg = f"the scale of '{self.text}' has no steps"
            raise ValueError(msg)
        return self

    @property
    def keys(self) -> tuple[Option, ...]:
        """A digit for each step."""
        ends = {self.low: f" {self.low_label}", self.high: f" {self.high_label}"}
        return tuple(
            Option(code=str(step), label=f"{step}{ends.get(step, '')}", key=str(step))
            for step in range(self.low, self.high + 1)
        )

    def read(self, value: Any) -> Answer:
        """Return the number; ``"3"`` counts as 3."""
        if isinstance(value, str) and value.isdecimal() and len(value) == 1:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise self._refuse(value)
        return value


class SideQuestion(_Asked):
    """Left or right: the two-alternative forced choice."""

    kind: Literal["side"] = "side"
    level: ClassVar[Level] = "nominal"

    @property
    def keys(self) -> tuple[Option, ...]:
        """1 for left, 2 for right."""
        return (Option(code="left", label="Left", key="1"), Option(code="right", label="Right", key="2"))

    def read(self, value: Any) -> Answer:
        """Return ``left`` or ``right``."""
        if value not in ("left", "right"):
            raise self._refuse(value)
        return str(value)


class TextQuestion(_Asked):
    """Words of one's own; an empty text is no answer."""

    kind: Literal["text"] = "text"
    level: ClassVar[Level] = "text"
    longest: Annotated[int, Field(ge=1, le=10_000)] = 2000

    def read(self, value: Any) -> Answer:
        """Return the text without blanks around it."""
        if not isinstance(value, str) or not value.strip() or len(value) > self.longest or "\0" in value:
            raise self._refuse(value)
        return value.strip()


class MarksQuestion(_Asked):
    """Points and boxes in the pictures."""

    kind: Literal["marks"] = "marks"
    level: ClassVar[Level] = "marks"
    most: Annotated[int, Field(ge=1, le=200)] = 50

    def read(self, value: Any) -> Answer:
        """Return the marks."""
        try:
            marks = _MARKS.validate_python(value)
        except ValidationError as error:
            raise self._refuse(value) from error
        if len(marks) > self.most:
            raise self._refuse(f"{len(marks)} marks")
        return marks


_MARKS: TypeAdapter[tuple[Mark, ...]] = TypeAdapter(tuple[Mark, ...])

Question = Annotated[
    ChoiceQuestion | FindingsQuestion | ScaleQuestion | SideQuestion | TextQuestion | MarksQuestion,
    Field(discriminator="kind"),
]
"""Any of the family; files say which by ``kind``."""
