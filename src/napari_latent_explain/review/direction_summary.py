"""What raters found of one direction, and whether it passes the protocol's rule."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from napari_latent_explain.domain import Mark, Validation
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.review.agreement.case_bootstrap import FEWEST_CASES
from napari_latent_explain.review.names_given import NameCluster, cluster_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from napari_latent_explain.review.judgements import Judgement, Participation
    from napari_latent_explain.review.protocol import ValidationRule
    from napari_latent_explain.review.study import Study

__all__ = ["DirectionSummary", "Placed", "Scale", "summarise_directions"]


class Scale(FrozenModel):
    """Answers on a scale: their mean, with a 95 % bootstrap interval over cases where there are enough."""

    mean: float
    interval: tuple[float, float] | None = None
    answers: Annotated[int, Field(ge=1)]


class Placed(FrozenModel):
    """A mark, whose it is, and in which item it was put."""

    rater: str
    item: str
    mark: Mark


class DirectionSummary(FrozenModel):
    """First judgements of one direction, or of all counterfactuals of a study (`direction` is empty then).

    Parameters
    ----------
    direction, name : str
        Its id, and what it is called in the study.
    trials, raters, cases : int
        First judgements, by how many people, in how many photographs.
    answers : mapping of question to mapping of answer to int
        How often each answer was given; of several findings in one answer, each counts.
    scales : mapping of question to Scale
        Of ordered answers.
    names : tuple of NameCluster
        What it was called, in raters' own words.
    marks : tuple of Placed
        Where it was found.
    validated : Validation, optional
        The evidence, if it passes the rule.
    missing : str
        Why it does not pass, if there is a rule.
    """

    direction: str
    name: str
    trials: int
    raters: int
    cases: int
    answers: dict[str, dict[str, int]]
    scales: dict[str, Scale]
    names: tuple[NameCluster, ...]
    marks: tuple[Placed, ...]
    validated: Validation | None = None
    missing: str = ""


def summarise_directions(
    study: Study, taken_part: Sequence[Participation], at: datetime, rng: np.random.Generator
) -> tuple[DirectionSummary, ...]:
    """Summarise every direction of a study, in the order of the study."""
    firsts: dict[str, list[Judgement]] = {item.direction: [] for item in study.items}
    for one in taken_part:
        for judgement in one.judgements:
            if judgement.kind == "first":
                firsts[judgement.direction].append(judgement)
    names = {item.direction: item.direction_name for item in study.items}
    heads = {one.rater: one.head for one in taken_part}
    return tuple(
        _summarise(study, direction, names[direction], said, heads, at, rng) for direction, said in firsts.items()
    )


def _summarise(
    study: Study,
    direction: str,
    name: str,
    said: Sequence[Judgement],
    heads: Mapping[str, str],
    at: datetime,
    rng: np.random.Generator,
) -> DirectionSummary:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    numbers: dict[str, list[tuple[str, int]]] = defaultdict(list)
    texts: list[tuple[str, str]] = []
    marks: list[Placed] = []
    for one in said:
        level = study.protocol.question(one.question).level
        if level == "text":
            texts.append((one.rater, str(one.answer)))
        elif level == "marks" and isinstance(one.answer, tuple):
            marks += [Placed(rater=one.rater, item=one.item, mark=m) for m in one.answer if isinstance(m, Mark)]
        elif isinstance(one.answer, tuple):
            counts[one.question].update(str(code) for code in one.answer)
        else:
            counts[one.question][str(one.answer)] += 1
        if level == "ordinal" and isinstance(one.answer, int):
            numbers[one.question].append((one.case, one.answer))
    clusters = cluster_names(texts)
    scales = {question: _scale(pairs, rng) for question, pairs in sorted(numbers.items())}
    rule = study.protocol.rule
    evidence, missing = None, ""
    if rule is not None and direction:
        evidence, missing = _judge(study, rule, said, scales, clusters, heads, at)
    return DirectionSummary(
        direction=direction,
        name=name,
        trials=len({(one.rater, one.trial) for one in said}),
        raters=len({one.rater for one in said}),
        cases=len({one.case for one in said}),
        answers={question: dict(sorted(found.items())) for question, found in sorted(counts.items())},
        scales=scales,
        names=clusters,
        marks=tuple(marks),
        validated=evidence,
        missing=missing,
    )


def _scale(pairs: Sequence[tuple[str, int]], rng: np.random.Generator, draws: int = 2000) -> Scale:
    """Mean of numbers, all of a case drawn together."""
    cases = sorted({case for case, _ in pairs})
    sums = np.array([sum(n for case, n in pairs if case == one) for one in cases], dtype=np.float64)
    counts = np.array([sum(case == one for case, _ in pairs) for one in cases], dtype=np.float64)
    mean = float(sums.sum() / counts.sum())
    if len(cases) < FEWEST_CASES:
        return Scale(mean=mean, answers=len(pairs))
    drawn = rng.integers(0, len(cases), (draws, len(cases)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), (0.025, 0.975)).tolist()
    return Scale(mean=mean, interval=(low, high), answers=len(pairs))


def _judge(
    study: Study,
    rule: ValidationRule,
    said: Sequence[Judgement],
    scales: Mapping[str, Scale],
    clusters: Sequence[NameCluster],
    heads: Mapping[str, str],
    at: datetime,
) -> tuple[Validation | None, str]:
    """Apply the rule: evidence, or what is missing.

    A trial in which the verdict was not asked, since no change was seen, counts against it.
    """
    trials = {(one.rater, one.trial) for one in said}
    raters = sorted({rater for rater, _ in trials})
    verdicts = Counter(str(one.answer) for one in said if one.question == rule.question)
    verdict, agreeing = max(
        ((code, verdicts[code]) for code in rule.accepted), key=lambda pair: pair[1], default=("", 0)
    )
    plausible = scales.get(rule.plausibility) if rule.plausibility else None
    if len(raters) < rule.least_raters:
        return None, f"judged by {len(raters)} of at least {rule.least_raters} raters"
    if len(trials) < rule.least_ratings:
        return None, f"judged {len(trials)} of at least {rule.least_ratings} times"
    if agreeing < rule.least_share * len(trials):
        share = f"{100 * agreeing / len(trials):.0f} % of {len(trials)} judgements"
        return None, f"the most frequent accepted verdict has {share}, of at least {100 * rule.least_share:.0f} %"
    if rule.least_plausibility is not None and (plausible is None or plausible.mean < rule.least_plausibility):
        found = "not answered" if plausible is None else f"{plausible.mean:.1f}"
        return None, f"mean plausibility is {found}, of at least {rule.least_plausibility}"
    question = study.protocol.question(rule.question)
    words = question.label(verdict) if question.kind == "choice" else verdict
    evidence = Validation(
        study=study.sha256, protocol=study.protocol.name, verdict=words, names=tuple(one.name for one in clusters),
        raters=tuple(raters), ratings=len(trials), agreeing=agreeing,
        plausibility=plausible.mean if plausible is not None else None, at=at, heads=tuple(heads[r] for r in raters),
    )  # fmt: skip
    return evidence, ""
