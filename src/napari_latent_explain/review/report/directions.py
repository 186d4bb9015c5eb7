"""Results of each direction: what raters answered, called it, and where they found it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from reportlab.platypus import KeepTogether

from napari_latent_explain.review.protocol import Role
from napari_latent_explain.review.report.example import beside, example, picture_of
from napari_latent_explain.review.report.letters import shortened
from napari_latent_explain.review.report.mark_map import MarkMap, eye_maps, item_most_marked
from napari_latent_explain.review.report.setting import column_widths, heading, line, note, table, text
from napari_latent_explain.review.report.wording import Remarks, counted, scale, share

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_latent_explain.review.direction_summary import DirectionSummary
    from napari_latent_explain.review.names_given import NameCluster
    from napari_latent_explain.review.study import Study
    from napari_latent_explain.review.summary import StudySummary

__all__ = ["directions"]

_MAP = 112.0


def directions(study: Study, summary: StudySummary, folder: Path) -> list[Any]:
    """Lay out an overview, and then every direction.

    Raises
    ------
    StudyError
        If a picture is missing or was changed.
    """
    whole = study.protocol.items != "directions"
    story: list[Any] = [heading("Whole counterfactuals" if whole else "Directions")]
    if not whole:
        story += _overview(study, summary)
    for number, one in enumerate(summary.directions, start=1):
        called = "All counterfactuals" if whole else f"{number}. {shortened(one.name or one.direction, 120)}"
        story += [heading(called, "part", room=280)]
        story += _direction(study, summary, folder, one)
    return story


def _verdict(study: Study) -> str:
    """The question whose answers the overview shows: that of the rule, else one named verdict, else the first choice."""
    if study.protocol.rule is not None:
        return study.protocol.rule.question
    choices = [question.id for question in study.protocol.questions if question.kind == "choice"]
    return "verdict" if "verdict" in choices else (choices or [""])[0]


def _labels(study: Study, question: str) -> dict[str, str]:
    return {option.code: option.label for option in study.protocol.question(question).keys}


def _overview(study: Study, summary: StudySummary) -> list[Any]:
    verdict = _verdict(study)
    remarks = Remarks()
    rows = []
    for number, one in enumerate(summary.directions, start=1):
        said = "undefined: no judgement"
        answers = one.answers.get(verdict, {})
        if answers:
            code, count = max(answers.items(), key=lambda pair: (pair[1], pair[0]))
            said = f"{_labels(study, verdict).get(code, code)}: {share(count, one.trials)}"
        elif one.trials:
            said = "not asked, or not answered"
        mean = one.scales.get("plausibility")
        n = f"{one.trials} by {counted(one.raters, 'rater')} in {counted(one.cases, 'photograph')}"
        rows.append(
            (
                f"{number}. {shortened(one.name or one.direction, 80)}", n, said,
                "not answered" if mean is None else f"{scale(mean, remarks)}, n = {mean.answers}",
                _validated(study, one, brief=True),
            )
        )  # fmt: skip
    asked = study.protocol.question(verdict).text if verdict else "verdict"
    head = ("Direction", "First judgements", f"Most frequent answer to: {asked}", "Plausibility", "Validated")
    under = "Shares are of first judgements, with exact 95 % intervals; means with 95 % bootstrap intervals over cases."
    return [
        table(head, rows, column_widths(30, 19, 30, 20, 26)),
        note(under + (f" {remarks.lines}." if remarks.lines else "")),
    ]


def _validated(study: Study, one: DirectionSummary, *, brief: bool = False) -> str:
    if one.validated is not None:
        found = one.validated
        said = f"yes: {found.verdict}, {found.agreeing} of {found.ratings}"
        return (
            said if brief else f"Validated by the rule: {said[5:]} judgements by {counted(len(found.raters), 'rater')}."
        )
    if study.protocol.rule is None:
        return "no rule" if brief else "The protocol has no rule: nothing is called validated."
    why = one.missing or "the rule is for single directions, not for whole counterfactuals"
    return f"no: {why}" if brief else f"Not validated: {why}."


def _direction(study: Study, summary: StudySummary, folder: Path, one: DirectionSummary) -> list[Any]:
    items = [item for item in study.items if item.direction == one.direction]
    first = items[0]
    identity = f"Id {shortened(one.direction, 120)}. " if one.direction else ""
    n = (
        f"n = {counted(one.trials, 'first judgement')} by {counted(one.raters, 'rater')} in "
        f"{counted(one.cases, 'photograph')} of {len({item.case for item in items})}."
    )
    made: list[Any] = [text(f"{identity}{n} {_validated(study, one)}")]
    strengths = {role: values for role, values in first.strengths.items() if values}
    moved = "; ".join(
        f"{role.value} {', '.join(f'{strength:+.2g}' for strength in values.values())}"
        for role, values in strengths.items()
    )
    said = f"Example: {first.case}, the first photograph of this part of the study" + (
        f" (moved, in spreads: {moved})." if moved else "."
    )
    made.append(KeepTogether([example(study, folder, first), note(said)]))
    if not one.trials:
        return [*made, text("There is no judgement yet.")]
    made += _answers(study, one)
    made += _scales(study, one)
    made += _names(one.names)
    made += _marks(study, summary, folder, one)
    return made


def _answers(study: Study, one: DirectionSummary) -> list[Any]:
    """How often each answer of a list was given; what nobody answered is named under the table."""
    rows, never = [], []
    for question in study.protocol.questions:
        if question.kind not in ("choice", "findings"):
            continue
        counts = one.answers.get(question.id, {})
        named = [option for option in question.keys if counts.get(option.code)]
        rows += [
            (question.text if place == 0 else "", option.label, share(counts[option.code], one.trials))
            for place, option in enumerate(named)
        ]
        without = one.trials - sum(counts.values())
        if question.kind == "choice" and without:
            rows.append((question.text if not named else "", "(not asked or left open)", share(without, one.trials)))
        left = [option.label for option in question.keys if not counts.get(option.code)]
        if left:
            never.append(f"'{question.text}': {', '.join(left)}")
    if not rows and not never:
        return []
    under = f"Shares are of n = {counted(one.trials, 'first judgement')}, with exact 95 % intervals."
    said = f" Never answered: {'; '.join(never)}." if never else ""
    return [
        KeepTogether([table(("Question", "Answer", "Judgements"), rows, column_widths(38, 34, 36)), note(under + said)])
    ]


def _scales(study: Study, one: DirectionSummary) -> list[Any]:
    remarks = Remarks()
    rows = []
    for question in study.protocol.questions:
        if question.kind == "scale":
            found = one.scales.get(question.id)
            ends = f"{question.low} {question.low_label}, {question.high} {question.high_label}"
            mean = "undefined: no answer" if found is None else scale(found, remarks)
            rows.append((question.text, ends, mean, str(found.answers if found else 0)))
    if not rows:
        return []
    under = "Brackets are 95 % bootstrap intervals over cases." + (f" {remarks.lines}." if remarks.lines else "")
    head = ("Scale", "From, to", "Mean", "n answers")
    return [KeepTogether([table(head, rows, column_widths(38, 34, 24, 12)), note(under)])]


def _names(clusters: tuple[NameCluster, ...]) -> list[Any]:
    """All texts: like ones together, the same words of the same rater once with their number."""
    if not clusters:
        return []
    texts = sum(len(one.texts) for one in clusters)
    story: list[Any] = [
        heading("In raters' own words", "small part", room=100),
        note(
            f"All {counted(texts, 'text')}, like ones together (their order was found by a program and decides nothing). "
            "\u00b6 is the end of a line; [U+...] is a sign that can't be printed here, by its Unicode number."
        ),
    ]
    for number, cluster in enumerate(clusters, start=1):
        group = f"Group {number}: {counted(len(cluster.texts), 'text')} by {counted(cluster.raters, 'rater')}"
        story.append(heading(group, "small part"))
        for (rater, words), times in Counter(cluster.texts).items():
            story.append(line(f"{rater}{f', {times} x' if times > 1 else ''}", words))
    return story


def _marks(study: Study, summary: StudySummary, folder: Path, one: DirectionSummary) -> list[Any]:
    places: Mapping[str, int] = {rater.rater: place for place, rater in enumerate(summary.raters)}
    if not any(question.kind == "marks" for question in study.protocol.questions):
        return []
    item = item_most_marked(study, one.marks)
    if item is None:
        return [heading("Where it was found", "small part"), text("Nobody marked a place.")]
    own = [(places[m.rater], m.mark) for m in one.marks if m.item == item.id]
    photograph = MarkMap(own, _MAP, picture_of(folder, item, Role.ORIGINAL))
    eye = f" ({item.laterality.value})" if item.laterality else ""
    cells = [(photograph, f"{item.case}{eye}, the most marked: {counted(len(own), 'mark')}")]
    cells += eye_maps(study, one.marks, dict(places), _MAP)
    story: list[Any] = [
        KeepTogether(
            [
                heading("Where it was found", "small part"),
                beside(cells, _MAP),
                note(
                    f"n = {counted(len(one.marks), 'mark')} of {counted(len({m.rater for m in one.marks}), 'rater')}. Shape and "
                    "number say whose a mark is (see the table of raters). A box has its rater's sign at its upper left corner. "
                    "Photographs stand as they were taken."
                ),
            ]
        )
    ]
    notes = [(m.rater, m.mark.note) for m in one.marks if m.mark.note]
    if notes:
        story.append(text("Written to marks:", "note"))
        story += [line(rater, words) for rater, words in notes]
    return story
