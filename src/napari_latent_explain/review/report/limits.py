"""What a study can't show, worked out from its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.review.agreement.case_bootstrap import FEWEST_CASES
from napari_latent_explain.review.report.front import unfinished
from napari_latent_explain.review.report.setting import bullets, heading, text
from napari_latent_explain.review.report.wording import counted, proportion
from napari_latent_explain.review.sequence import trials_of

if TYPE_CHECKING:
    from napari_latent_explain.review.study import Study
    from napari_latent_explain.review.summary import StudySummary

__all__ = ["limits", "warnings_of"]

_FEW_RATERS = 3
_FEW_CATCHES = 5
_SUGGESTIBLE = 0.2
_SELF_AGREEMENT = 0.6


def warnings_of(study: Study, summary: StudySummary) -> tuple[str, ...]:
    """Sentences on what the numbers of this study make doubtful, the gravest first."""
    found: list[str] = []
    left = unfinished(study, summary)
    if left:
        found.append(
            f"The study is not finished ({'; '.join(left)}): numbers will change, and those who are through may differ from the "
            "others."
        )
    raters, cases = len(summary.raters), summary.trials.cases
    if 0 < raters < _FEW_RATERS:
        found.append(
            f"There {'is' if raters == 1 else 'are'} {counted(raters, 'rater')}: other people may judge otherwise."
        )
    if cases < FEWEST_CASES:
        found.append(
            f"There {'is' if cases == 1 else 'are'} {counted(cases, 'photograph')}, fewer than {FEWEST_CASES}: there are no "
            "bootstrap intervals, and nothing says how far the findings go beyond these eyes."
        )
    found += [*_catches(study, summary), *_repeats(study, summary), *_undefined(study, summary)]
    directions = len({item.direction for item in study.items})
    if directions > 1:
        found.append(
            f"{directions} directions were judged, and no interval is corrected for that: with so many, some look better or "
            "worse than they are."
        )
    if study.protocol.labelled:
        found.append("Pictures were called by what they are: raters knew which one was computed.")
    if study.protocol.may_change:
        found.append("Raters could change locked answers: later ones may have been given with earlier trials in mind.")
    simulated = sum(item.simulated for item in study.items)
    if simulated:
        found.append(
            f"In {simulated} of {len(study.items)} items the photograph itself was drawn by a program: it is no patient's eye."
        )
    return tuple(found)


def _catches(study: Study, summary: StudySummary) -> list[str]:
    found = []
    if not any(trial.kind == "catch" for trial in trials_of(study, "rater")):
        found.append("There are no catch trials: nothing says how often raters see a change where there is none.")
    found += [
        f"{one.rater} saw a change in catch trials ({proportion(one.catch)}), in which there was none: answers of this rater may "
        "be suggested by the question."
        for one in summary.raters
        if one.catch is not None and (one.catch.value or 0) > _SUGGESTIBLE
    ]
    few = [one.rater for one in summary.raters if one.catch is not None and one.catch.trials < _FEW_CATCHES]
    if few:
        found.append(
            f"Fewer than {_FEW_CATCHES} catch trials each were judged by {', '.join(few)}: their intervals are wide, and not to "
            "see a change in them says little."
        )
    return found


def _repeats(study: Study, summary: StudySummary) -> list[str]:
    if not any(trial.kind == "repeat" for trial in trials_of(study, "rater")):
        return ["There are no repeats: nothing says whether raters agree with themselves."]
    texts = {one.question: one.text for one in summary.agreement}
    found = []
    for one in summary.raters:
        low = [
            f"'{texts.get(name, name)}' {repeated.kappa.value + 0.0:.2f}"
            for name, repeated in one.repeats.items()
            if repeated.kappa.value is not None and repeated.kappa.value < _SELF_AGREEMENT
        ]
        if low:
            found.append(
                f"{one.rater} repeats some of his or her own answers badly (Cohen's kappa below {_SELF_AGREEMENT:g}, a bar that "
                f"is a convention): {', '.join(low)}."
            )
    return found


def _undefined(study: Study, summary: StudySummary) -> list[str]:
    names = [one.text for one in summary.agreement if any(found.value is None for found in one.coefficients)]
    if not names or len(summary.raters) < 2:
        return []
    several = any(one.kind == "findings" for one in study.protocol.questions)
    counting = ", findings counted one by one" if several else ""
    said = (
        f"Agreement is partly undefined for {len(names)} of {counted(len(summary.agreement), 'question')}{counting}: where all "
        "answers are the same, or no item has two, chance can't be told from skill."
    )
    return [said]


def limits(study: Study, summary: StudySummary) -> list[Any]:
    """Lay out the warnings of this study, and what no study of this kind can show."""
    found = warnings_of(study, summary)
    always = [
        (
            "Raters judged pictures, not patients. That a picture looks like a sign doesn't show that the sign is what the "
            "classifier uses in other photographs, nor that it is a cause of the disease."
        ),
        (
            "All pictures come from one model and one generator. What the generator can't draw was never judged, and its own "
            "artefacts may be taken for findings."
        ),
        "What was moved, and how far, was chosen before the study; weaker or stronger moves may be judged otherwise.",
        (
            "Intervals of shares take answers as independent; where answers of several raters to the same photographs are put "
            "together, the true uncertainty is larger."
        ),
    ]
    if study.protocol.rule is not None and study.protocol.items == "directions":
        always += [
            (
                "A validated direction passed a rule that was fixed beforehand in the protocol. The rule is an agreement of "
                "raters, not a reference standard."
            ),
            "A direction that isn't validated isn't refuted: few judgements seldom are enough for either.",
        ]
    story: list[Any] = [heading("Limits"), heading("Of this study", "part")]
    story.append(bullets(found) if found else text("The numbers of this study give no warning of their own."))
    return [*story, heading("Of every study of this kind", "part"), bullets(always)]
