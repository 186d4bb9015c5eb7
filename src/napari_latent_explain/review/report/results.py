"""Results of the whole study: trials, raters, and agreement between raters and with themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.export.mark_signs import SIGNS
from napari_latent_explain.review.report.setting import column_widths, heading, note, table, text
from napari_latent_explain.review.report.wording import Remarks, coefficient, counted, level, proportion

if TYPE_CHECKING:
    from napari_latent_explain.review.study import Study
    from napari_latent_explain.review.summary import QuestionAgreement, RaterSummary, StudySummary

__all__ = ["results"]


def results(study: Study, summary: StudySummary) -> list[Any]:
    """Lay out what was done, by whom, and how far they agree."""
    return [
        heading("Results"),
        heading("Trials", "part"),
        *_trials(summary),
        heading("Raters", "part"),
        *_raters(study, summary),
        heading("Agreement between raters", "part"),
        *_agreement(summary),
        heading("Agreement of raters with themselves", "part"),
        *_repeats(study, summary),
    ]


def _trials(summary: StudySummary) -> list[Any]:
    trials = summary.trials
    rows = [
        (
            str(trials.cases), str(trials.items), str(trials.planned), str(trials.locked), str(trials.first),
            str(trials.repeat), str(trials.catch),
        )
    ]  # fmt: skip
    head = ("Photographs", "Items", "Planned", "Done", "First judgements", "Repeats", "Catch trials")
    story = [table(head, rows, column_widths(*(1 for _ in head)))]
    story.append(
        note("Planned and done trials are of all raters who have begun; the last three columns are of done trials.")
    )
    if trials.forced_choice is not None:
        found = trials.forced_choice
        together = [
            (
                "all raters together", proportion(found.correct), _p(found.correct.p), proportion(found.left),
                _p(found.left.p),
            )
        ]  # fmt: skip
        asked = ("Forced choice", "Photograph found", "p against one half", "Left chosen", "p against one half")
        story += [
            table(asked, together, column_widths(2, 3, 1.5, 3, 1.5)),
            note(
                f"First judgements alone; the photograph stood on the left in {found.real_on_left} of "
                f"{found.correct.trials}. One half is guessing. Intervals and p-values take trials as independent, which those "
                "of several raters on one pair are not."
            ),
        ]
    return story


def _p(value: float | None) -> str:
    if value is None:
        return "undefined: no trials"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _raters(study: Study, summary: StudySummary) -> list[Any]:
    if not summary.raters:
        return [text("Nobody has begun.")]
    forced = study.protocol.forced_choice
    head = ["Rater", "Sign in maps", "Trials done", "Median seconds", "Change seen in catch trials"]
    if forced:
        head += ["Photograph found", "Left chosen"]
    rows = []
    for number, one in enumerate(summary.raters):
        row = [
            one.rater, f"{number + 1} {SIGNS[number % len(SIGNS)].name}", f"{one.locked} of {one.planned}",
            "no trial done" if one.median_seconds is None else f"{one.median_seconds:.1f}", _catch(study, one),
        ]  # fmt: skip
        if forced and one.forced_choice is not None:
            row += [proportion(one.forced_choice.correct), proportion(one.forced_choice.left)]
        rows.append(row)
    widths = (16, 13, 13, 12, 26, *((26, 26) if forced else ()))
    said = "Seconds are of locked trials, breaks left out. In a catch trial nothing was changed: not to see a change is right."
    if forced:
        said += " Forced choice: first judgements; one half is guessing."
    return [table(head, rows, column_widths(*widths)), note(said)]


def _catch(study: Study, one: RaterSummary) -> str:
    if one.catch is not None:
        return proportion(one.catch)
    asked = any(question.id == "changed" for question in study.protocol.questions)
    return "undefined: no catch trial done" if asked else "not asked in this protocol"


def _units(found: QuestionAgreement) -> str:
    one = found.coefficients[0]
    left = f"; {counted(one.left_out, 'item')} left out" if one.left_out else ""
    return (
        f"{counted(one.units, 'item')} of {counted(one.cases, 'case')}, {counted(one.ratings, 'answer')} of "
        f"{counted(one.raters, 'rater')}{left}"
    )


def _agreement(summary: StudySummary) -> list[Any]:
    if len(summary.raters) < 2:
        return [text("Undefined: agreement between raters needs two raters or more who answered the same items.")]
    if not summary.agreement:
        return [text("No question of this protocol has answers that can be compared between raters.")]
    remarks = Remarks()
    names = [one.name.partition(",")[0] for one in summary.agreement[0].coefficients]
    rows = []
    for found in summary.agreement:
        cells = []
        for one in found.coefficients:
            kind = level(one)
            cells.append(coefficient(one, remarks) + (f", {kind}" if kind and one.value is not None else ""))
        rows.append((found.text, _units(found), *cells))
    head = ("Question", "n", *(name[0].upper() + name[1:] for name in names))
    return [table(head, rows, column_widths(26, 24, *(19 for _ in names))), *_under(remarks)]


def _under(remarks: Remarks) -> list[Any]:
    said = (
        "First judgements; brackets are 95 % bootstrap intervals over cases; n counts items with two answers or more."
    )
    return [note(said + (f" {remarks.lines}." if remarks.lines else ""))]


def _repeats(study: Study, summary: StudySummary) -> list[Any]:
    texts = {one.question: one.text for one in summary.agreement}
    remarks = Remarks()
    rows, without = [], []
    for one in summary.raters:
        done = {name: found for name, found in one.repeats.items() if found.percent.units}
        if not done:
            without.append(one.rater)
        for name, found in done.items():
            kind = level(found.kappa)
            rows.append(
                (
                    one.rater, texts.get(name, name),
                    f"{counted(found.percent.units, 'pair')}, {counted(found.percent.cases, 'case')}",
                    coefficient(found.percent, remarks),
                    coefficient(found.kappa, remarks) + (f", {kind}" if kind and found.kappa.value is not None else ""),
                )
            )  # fmt: skip
    story: list[Any] = []
    if rows:
        head = ("Rater", "Question", "n", "Percent agreement", "Cohen's kappa")
        said = f" {remarks.lines}." if remarks.lines else ""
        story += [
            table(head, rows, column_widths(14, 34, 16, 22, 24)),
            note(f"A pair is a first judgement and its repeat by the same rater; only such pairs are compared.{said}"),
        ]
    if without:
        story.append(text(f"Undefined, since no answered repeat can be compared: {', '.join(without)}."))
    return story or [text("Undefined: nobody has begun.")]
