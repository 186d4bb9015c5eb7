"""What happened in a review: records that follow each other, each sealed with the hash of all before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue

from napari_latent_explain.domain import StudyError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.review.canonical import canonical_sha256
from napari_latent_explain.review.study import Pseudonym, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BEGINNING", "Deed", "Record", "check_chain"]

Deed = Literal["opened", "shown", "answered", "cleared", "locked", "unlocked", "undone", "paused", "resumed"]
"""What can happen; ``undone`` takes back one earlier record, which stays where it is."""

BEGINNING = "0" * 64


class Record(FrozenModel):
    """One thing that happened.

    Parameters
    ----------
    study, rater : str
        Hash of the study, and who.
    number : int
        From 1, without gaps.
    at : datetime.datetime
        When, with its time zone, by this machine's clock.
    deed, trial : str
        What, and in which trial.
    said : dict
        What was said, as plain JSON.
    before, seal : str
        Seal of the record before, and SHA-256 of it and all of this.
    """

    study: Sha256
    rater: Pseudonym
    number: Annotated[int, Field(ge=1)]
    at: AwareDatetime
    deed: Deed
    trial: str = ""
    said: dict[str, JsonValue] = Field(default_factory=dict)
    before: Sha256
    seal: str = ""

    def computed_seal(self) -> str:
        """SHA-256 of all but the seal."""
        tree = self.model_dump(mode="json", exclude={"seal"})
        return canonical_sha256(tree)

    def sealed(self) -> Self:
        """Return it with its seal."""
        return self.model_copy(update={"seal": self.computed_seal()})


def check_chain(records: Iterable[Record], study: str, rater: str, where: str) -> str:
    """Check that records are one rater's of one study, in order and unchanged; return the last seal.

    Parameters
    ----------
    records : iterable of Record
        In the order of their numbers.
    study, rater : str
        Whose they must be.
    where : str
        What to call the place they were read from.

    Raises
    ------
    StudyError
        If one is missing, was changed, or belongs elsewhere.
    """
    seal = BEGINNING
    for expected, record in enumerate(records, start=1):
        if record.study != study:
            msg = f"The answers in {where} were given in another study, or with another model's pictures; open that study."
            raise StudyError(msg)
        if record.rater != rater:
            msg = f"The answers in {where} are those of '{record.rater}', not of '{rater}'."
            raise StudyError(msg)
        if record.number != expected or record.before != seal:
            msg = f"Records are missing in {where} before number {record.number}; take it from its backup."
            raise StudyError(msg)
        if record.seal != record.computed_seal():
            msg = f"Record {record.number} in {where} was changed after it was written; take it from its backup."
            raise StudyError(msg)
        seal = record.seal
    return seal
