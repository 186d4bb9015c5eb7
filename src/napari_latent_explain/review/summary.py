"""What a study amounts to: agreement, what raters did, and what they found of each direction."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from pydantic import AwareDatetime

from napari_latent_explain import __version__
from napari_latent_explain.domain import ModelIdentity
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.review.agreement import (
    Coefficient,
    ForcedChoice,
    IntraRaterAgreement,
    NominalDifference,
    OrdinalDifference,
    Proportion,
    QuadraticWeights,
    RatingsTable,
    Unweighted,
    cohen_kappa,
    exact_proportion,
    fleiss_kappa,
    forced_choice,
    intra_rater_agreement,
    krippendorff_alpha,
    percent_agreement,
)
from napari_latent_explain.review.coded_answers import Coding, codings
from napari_latent_explain.review.direction_summary import DirectionSummary, summarise_directions
from napari_latent_explain.review.judgements import Participation, participation
from napari_latent_explain.review.protocol import Role
from napari_latent_explain.review.sequence import trials_of
from napari_latent_explain.review.shown import pictures_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from napari_latent_explain.review.record import Record
    from napari_latent_explain.review.study import Study

__all__ = ["QuestionAgreement", "RaterSummary", "StudySummary", "TrialCounts", "summarise"]


class QuestionAgreement(FrozenModel):
    """How far raters agree on one question, over first judgements."""

    question: str
    text: str
    coefficients: tuple[Coefficient, ...]


class TrialCounts(FrozenModel):
    """What was planned and done, of all raters together.

    Parameters
    ----------
    items, cases : int
        Of the study.
    planned, locked : int
        Trials.
    first, repeat, catch : int
        Locked ones by their kind.
    forced_choice : ForcedChoice, optional
        Over all raters, where it was asked; its interval takes trials as independent, which those of several raters are not.
    """

    items: int
    cases: int
    planned: int
    locked: int
    first: int
    repeat: int
    catch: int
    forced_choice: ForcedChoice | None = None


class RaterSummary(FrozenModel):
    """What one rater did.

    Parameters
    ----------
    rater, head : str
        Pseudonym, and the last seal of the records.
    planned, locked, records, undone : int
        Trials, and records.
    median_seconds : float, optional
        On a locked trial.
    catch : Proportion, optional
        Catch trials in which the rater saw a change (question ``changed``), where that was asked: none is right.
    forced_choice : ForcedChoice, optional
        Where it was asked.
    repeats : mapping of question to IntraRaterAgreement
        How far the rater repeats what was said.
    """

    rater: str
    head: str
    planned: int
    locked: int
    records: int
    undone: int
    median_seconds: float | None
    catch: Proportion | None = None
    forced_choice: ForcedChoice | None = None
    repeats: dict[str, IntraRaterAgreement]


class StudySummary(FrozenModel):
    """All of it."""

    title: str
    study: str
    protocol: str
    model: ModelIdentity
    atlas: str
    at: AwareDatetime
    software: str
    trials: TrialCounts
    agreement: tuple[QuestionAgreement, ...]
    raters: tuple[RaterSummary, ...]
    directions: tuple[DirectionSummary, ...]


def summarise(
    study: Study, chains: Mapping[str, Sequence[Record]], at: datetime, *, seed: int = 0, draws: int = 2000
) -> StudySummary:
    """Summarise what raters said.

    Parameters
    ----------
    study : Study
        Of which.
    chains : mapping of rater to records
        From `merge.gather`, which checks them.
    at : datetime.datetime
        The date that evidence carries.
    seed, draws : int
        Of the bootstrap intervals.

    Raises
    ------
    StudyError
        If records say what the protocol does not allow.
    """
    taken_part = [participation(study, records) for records in chains.values() if records]
    rng = np.random.default_rng(seed)
    kinds = Counter(kind for one in taken_part for _, kind in {(j.trial, j.kind) for j in one.judgements})
    every_choice = [choice for one in taken_part for choice in _choices(study, one)]
    asked = study.protocol.forced_choice
    return StudySummary(
        title=study.title,
        study=study.sha256,
        protocol=study.protocol.name,
        model=study.model,
        atlas=study.atlas,
        at=at,
        software=f"napari-latent-explain {__version__}",
        trials=TrialCounts(
            items=len(study.items),
            cases=len({item.case for item in study.items}),
            planned=sum(one.planned for one in taken_part),
            locked=sum(one.locked for one in taken_part),
            first=kinds["first"],
            repeat=kinds["repeat"],
            catch=kinds["catch"],
            forced_choice=_forced(every_choice) if asked else None,
        ),
        agreement=tuple(_agreement(study, coding, taken_part, rng, draws) for coding in codings(study.protocol)),
        raters=tuple(_rater(study, one, rng, draws) for one in taken_part),
        directions=summarise_directions(study, taken_part, at, rng),
    )


def _table(study: Study, coding: Coding, taken_part: Sequence[Participation], kind: str = "first") -> RatingsTable:
    """Answers to one question: a row an item, a column a rater."""
    rows = {item.id: row for row, item in enumerate(study.items)}
    values = np.full((len(rows), len(taken_part)), np.nan)
    for column, one in enumerate(taken_part):
        for judgement in one.judgements:
            if judgement.kind == kind and judgement.question == coding.question:
                values[rows[judgement.item], column] = coding.number(judgement.answer)
    return RatingsTable.of(values, [item.case for item in study.items])


def _agreement(
    study: Study, coding: Coding, taken_part: Sequence[Participation], rng: np.random.Generator, draws: int
) -> QuestionAgreement:
    table = _table(study, coding, taken_part)
    difference = OrdinalDifference() if coding.ordered else NominalDifference()
    found = [
        percent_agreement(table, rng, draws=draws),
        krippendorff_alpha(table, difference, rng, draws=draws),
        fleiss_kappa(table, rng, draws=draws),
    ]
    if len(taken_part) == 2:
        found.append(cohen_kappa(table, _weights(coding), rng, draws=draws))
    return QuestionAgreement(question=coding.name, text=coding.text, coefficients=tuple(found))


def _weights(coding: Coding) -> QuadraticWeights | Unweighted:
    return QuadraticWeights(levels=coding.levels) if coding.ordered else Unweighted()


def _choices(study: Study, one: Participation) -> list[tuple[bool, bool]]:
    """(photograph on the left, left chosen) of each first trial of a forced choice."""
    trials = {trial.number: trial for trial in trials_of(study, one.rater)}
    found = []
    for judgement in one.judgements:
        if study.protocol.question(judgement.question).kind == "side" and judgement.kind == "first":
            on_left = pictures_of(study, trials[judgement.trial])[0].role is Role.ORIGINAL
            found.append((on_left, judgement.answer == "left"))
    return found


def _forced(choices: Sequence[tuple[bool, bool]]) -> ForcedChoice:
    return forced_choice([left for left, _ in choices], [chosen for _, chosen in choices])


def _rater(study: Study, one: Participation, rng: np.random.Generator, draws: int) -> RaterSummary:
    catches = [j for j in one.judgements if j.kind == "catch" and j.question == "changed"]
    repeats = {}
    for coding in codings(study.protocol):
        first, second = (_table(study, coding, [one], kind) for kind in ("first", "repeat"))
        repeats[coding.name] = intra_rater_agreement(first, second, _weights(coding), rng, draws=draws)
    return RaterSummary(
        rater=one.rater,
        head=one.head,
        planned=one.planned,
        locked=one.locked,
        records=one.records,
        undone=one.undone,
        median_seconds=float(np.median(one.seconds)) if one.seconds else None,
        catch=exact_proportion(
            "changes seen where nothing was changed", sum(j.answer == "yes" for j in catches), len(catches)
        )
        if catches
        else None,
        forced_choice=_forced(_choices(study, one)) if study.protocol.forced_choice else None,
        repeats=repeats,
    )
