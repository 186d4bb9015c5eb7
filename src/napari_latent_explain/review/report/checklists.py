"""Reporting checklists as tables, filled in as far as the study knows the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.review.report.citations import CLAIM, PAPERS, TRIPOD_AI
from napari_latent_explain.review.report.claim import CLAIM_ITEMS
from napari_latent_explain.review.report.letters import shortened
from napari_latent_explain.review.report.setting import bullets, column_widths, heading, note, table, text
from napari_latent_explain.review.report.tripod_ai import TRIPOD_AI_ITEMS
from napari_latent_explain.review.report.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_latent_explain.review.study import Study
    from napari_latent_explain.review.summary import StudySummary

__all__ = ["checklists", "claim_answers", "tripod_ai_answers"]

OPEN = "to be filled in by the authors"


def _shared(study: Study, summary: StudySummary) -> dict[str, str]:
    """Answers that both checklists ask for, by a word of our own."""
    trials = summary.trials
    model = f"{shortened(study.model.name, 80)}, SHA-256 {study.model.sha256}"
    validated = sum(one.validated is not None for one in summary.directions)
    return {
        "numbers": (
            f"{counted(trials.cases, 'photograph')}, {counted(trials.items, 'item')}, "
            f"{counted(len(summary.raters), 'rater')}; {trials.locked} of {counted(trials.planned, 'trial')} done. "
            "Exclusions: to be filled in by the authors."
        ),
        "missing": (
            "Unanswered trials and questions are left out of coefficients; each table gives its n. Missing data before the "
            "study: to be filled in by the authors."
        ),
        "model": f"{model}. Architecture and training: to be filled in by the authors.",
        "statistics": "percent agreement, alpha, kappas; bootstrap intervals over cases, exact binomial intervals (see Methods).",
        "limits": "See Limits; to be completed by the authors.",
        "protocol": f"Protocol '{study.protocol.name}', kept word for word in the study, SHA-256 {study.sha256}: see Methods.",
        "software": f"{summary.software}. Libraries of the training: to be filled in by the authors.",
        "results": (
            f"{validated} of {counted(len(summary.directions), 'direction')} passed the rule: see Results."
            if study.protocol.rule is not None and study.protocol.items == "directions"
            else "See Results; the protocol has no rule of validation for these items."
        ),
    }


def claim_answers(study: Study, summary: StudySummary) -> dict[str, str]:
    """What the study knows of CLAIM's fields, by their number."""
    known = _shared(study, summary)
    return {
        "6": f"Reading study of computed counterfactual pictures: {study.protocol.title} Aim beyond that: {OPEN}.",
        "11": (
            "In this report, photographs and raters are pseudonyms and hashes. How the photographs were de-identified: "
            f"{OPEN}."
        ),
        "12": known["missing"],
        "18": f"Of the raters of this study: see Results, agreement. Of the reference standard: {OPEN}.",
        "22": known["model"],
        "23": known["software"],
        "29": f"Of the reading study: {known['statistics']} Of the classifier: {OPEN}.",
        "31": (
            "StylEx (Lang et al. 2021); counterfactuals as composites x + (G(s') - G(s)); put to the test by this reading study: "
            f"{known['results']}"
        ),
        "35": known["numbers"],
        "40": known["limits"],
        "42": known["protocol"],
    }


def tripod_ai_answers(study: Study, summary: StudySummary) -> dict[str, str]:
    """What the study knows of TRIPOD+AI's fields, by their number."""
    known = _shared(study, summary)
    return {
        "10": f"Reading study: {known['numbers']} Reasons for this size: {OPEN}.",
        "11": known["missing"],
        "12e": f"Of the reading study: {known['statistics']} Of the classifier: {OPEN}.",
        "15": f"Probabilities of {', '.join(shortened(name, 60) for name in study.classes)}. Thresholds: {OPEN}.",
        "18c": known["protocol"],
        "18f": f"Analysis of the reading study: {known['software']}",
        "20a": f"Of the reading study: {known['numbers']}",
        "22": known["model"],
        "26": known["limits"],
    }


def _rows(items: Sequence[tuple[str, str]], answers: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(number, name, answers.get(number, OPEN)) for number, name in items]


def checklists(study: Study, summary: StudySummary) -> list[Any]:
    """Lay out both checklists, and the papers that the report refers to."""
    widths = column_widths(7, 38, 62)
    head = ("Item", "Asked for (in our words)", "Answer")
    return [
        heading("Reporting checklists"),
        text(
            "Names of items are paraphrased: the checklists' own text decides. A reading study answers a part of them alone; "
            "the rest is about how the classifier was trained and tested, which its authors know."
        ),
        heading("CLAIM, 2024 update", "part"),
        table(head, _rows(CLAIM_ITEMS, claim_answers(study, summary)), widths),
        note(CLAIM),
        heading("TRIPOD+AI", "part"),
        table(head, _rows(TRIPOD_AI_ITEMS, tripod_ai_answers(study, summary)), widths),
        note(TRIPOD_AI),
        heading("References"),
        bullets(PAPERS),
    ]
