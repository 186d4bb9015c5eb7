"""The first page: what was studied, with what, and the seals that tie this report to the raters' records."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from napari_latent_explain.review.report.letters import shortened
from napari_latent_explain.review.report.setting import column_widths, heading, note, table, text
from napari_latent_explain.review.report.wording import counted

if TYPE_CHECKING:
    from napari_latent_explain.review.study import Study
    from napari_latent_explain.review.summary import StudySummary

__all__ = ["front", "unfinished"]


def unfinished(study: Study, summary: StudySummary) -> tuple[str, ...]:
    """Who has trials left, in words; empty if all is done."""
    begun = {one.rater: one for one in summary.raters}
    found = [
        f"{one.rater} has locked {one.locked} of {one.planned}" for one in begun.values() if one.locked < one.planned
    ]
    found += [f"{name} has not begun" for name in study.raters if name not in begun]
    if not begun and not study.raters:
        found.append("nobody has begun")
    return tuple(found)


def front(study: Study, summary: StudySummary) -> list[Any]:
    """Lay out the title, the identity of everything, and the raters' seals."""
    at = summary.at.astimezone(UTC)
    model = summary.model
    simulated = sum(item.simulated for item in study.items)
    rows = [
        ("Study", summary.study),
        ("Protocol", f"{study.protocol.title} ({summary.protocol})"),
        ("Model", f"{shortened(model.name, 120)}, {model.resolution} x {model.resolution} pixels"),
        ("SHA-256 of the model", model.sha256),
        ("SHA-256 of the atlas of directions", summary.atlas),
        ("Classes", ", ".join(shortened(name, 60) for name in study.classes)),
        ("Software", summary.software),
        ("Date of the summary", f"{at:%Y-%m-%d %H:%M} UTC"),
    ]
    story = [
        heading("Report of a reading study", "small part"),
        heading(summary.title, "title"),
        text(
            f"{counted(summary.trials.cases, 'photograph')}, {counted(summary.trials.items, 'item')}, "
            f"{counted(len(summary.raters), 'rater')}, {summary.trials.locked} of "
            f"{counted(summary.trials.planned, 'planned trial')} done. For research, not for diagnosis: the pictures that "
            "raters judged, and those shown here, are computed."
            + (f" In {simulated} of these items the photograph itself was drawn by a program." if simulated else "")
        ),
    ]
    left = unfinished(study, summary)
    if left:
        story.append(
            text(
                f"The study is not finished: {'; '.join(left)}. This report says what was hidden from raters; those who have "
                "trials left should not read it.",
                "warning",
            )
        )
    story += [
        table((), rows, column_widths(1, 3)),
        note(
            "The study's SHA-256 covers its questions, its items with the hashes of their pictures, and the seed of the orders."
        ),
        heading("Audit heads of the raters", "part"),
    ]
    if not summary.raters:
        return [*story, text("There are no records yet.")]
    heads = [(one.rater, str(one.records), str(one.undone), one.head) for one in summary.raters]
    return [
        *story,
        table(("Rater", "Records", "Taken back", "Seal of the last record"), heads, column_widths(15, 9, 10, 66)),
        note(
            "Each record of a rater is sealed together with the seal before it. A rater's answers are those of this report if "
            "their last seal is the one given here. An answer that was taken back stays in the records."
        ),
    ]
