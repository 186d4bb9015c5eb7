"""All that raters said, one row an answer: what tables hold and summaries count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime

from napari_latent_explain.domain import Mark, StudyError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.review.record import BEGINNING
from napari_latent_explain.review.sequence import trials_of
from napari_latent_explain.review.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_latent_explain.review.record import Record
    from napari_latent_explain.review.sequence import Trial
    from napari_latent_explain.review.study import Study

__all__ = ["Judgement", "Participation", "participation"]


class Judgement(FrozenModel):
    """One answer that counts: of a locked trial, as it stands after all changes.

    Parameters
    ----------
    rater, trial, kind, series, swapped : str, int, str, int, bool
        Whose, and in which presentation (see `Trial`).
    item, case, direction : str
        What was shown.
    question : str
        What was asked.
    answer : str, int, tuple of str, or tuple of Mark
        What was said.
    locked : datetime.datetime
        When the trial was locked.
    seconds : float
        How long it was on show.
    """

    rater: str
    trial: int
    kind: Literal["first", "repeat", "catch"]
    series: int
    swapped: bool
    item: str
    case: str
    direction: str
    question: str
    answer: str | int | tuple[str, ...] | tuple[Mark, ...]
    locked: AwareDatetime
    seconds: float


class Participation(FrozenModel):
    """What one rater did.

    Parameters
    ----------
    rater : str
        Pseudonym.
    planned, locked : int
        Trials, and how many of them are done.
    head : str
        Last seal of the rater's records.
    records, undone : int
        How many records there are, and how many answers were taken back.
    seconds : tuple of float
        How long each locked trial was on show.
    judgements : tuple of Judgement
        In the order of the trials.
    """

    rater: str
    planned: int
    locked: int
    head: str
    records: int
    undone: int
    seconds: tuple[float, ...]
    judgements: tuple[Judgement, ...]


def participation(study: Study, records: Sequence[Record]) -> Participation:
    """Work out what a rater did from the rater's records, which `read_chain` has checked.

    Raises
    ------
    StudyError
        If a record is of a trial that there is not, or says what the protocol does not allow.
    """
    if not records:
        msg = "There are no records."
        raise StudyError(msg)
    rater = records[0].rater
    trials = {trial.id: trial for trial in trials_of(study, rater)}
    strange = [record.trial for record in records if record.trial and record.trial not in trials]
    if strange:
        msg = f"The records of '{rater}' have a trial {strange[0]} that the study does not have."
        raise StudyError(msg)
    stands = standing(records, study.protocol)
    return Participation(
        rater=rater,
        planned=len(trials),
        locked=len(stands.locked),
        head=records[-1].seal if records else BEGINNING,
        records=len(records),
        undone=sum(record.deed == "undone" for record in records),
        seconds=tuple(stands.seconds.get(trial, 0.0) for trial in sorted(stands.locked)),
        judgements=tuple(
            Judgement(
                rater=rater, trial=trial.number, kind=trial.kind, series=trial.series, swapped=trial.swapped,
                item=trial.item, case=study.item(trial.item).case, direction=study.item(trial.item).direction,
                question=question, answer=answer, locked=stands.locked[trial.id],
                seconds=round(stands.seconds.get(trial.id, 0.0), 3),
            )
            for trial in _locked(trials.values(), stands.locked)
            for question, answer in stands.of(trial.id).items()
        ),
    )  # fmt: skip


def _locked(trials: Iterable[Trial], locked: Iterable[str]) -> list[Trial]:
    done = set(locked)
    return [trial for trial in trials if trial.id in done]
