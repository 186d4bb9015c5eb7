"""The report of a study, put together and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import StudyError
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.provenance import SYNTHETIC
from napari_latent_explain.review.report.checklists import checklists
from napari_latent_explain.review.report.directions import directions
from napari_latent_explain.review.report.document import document_bytes
from napari_latent_explain.review.report.front import front
from napari_latent_explain.review.report.limits import limits
from napari_latent_explain.review.report.methods import methods
from napari_latent_explain.review.report.results import results

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.review.study import Study
    from napari_latent_explain.review.summary import StudySummary

__all__ = ["write_study_report"]


def write_study_report(study: Study, summary: StudySummary, folder: Path, output: Path) -> Path:
    """Write the report of a study as PDF: A4, text that can be searched, typefaces embedded.

    The same study, summary and pictures give the same bytes; its only date is that of the summary. It says what was hidden from
    raters: it is for those who lead the study, once all trials are done.

    Parameters
    ----------
    study : Study
        What was judged.
    summary : StudySummary
        What it amounts to, from `summarise`.
    folder : pathlib.Path
        Where the study's pictures are.
    output : pathlib.Path
        The file to write.

    Returns
    -------
    pathlib.Path
        `output`.

    Raises
    ------
    StudyError
        If the summary is of another study, or a picture is missing or was changed.
    ExportError
        If the file can't be written.
    """
    if summary.study != study.sha256:
        msg = f"The summary is of another study than '{study.title}'; summarise the answers to this one."
        raise StudyError(msg)
    story = [
        *front(study, summary),
        *methods(study, summary),
        *results(study, summary),
        *directions(study, summary, folder),
        *limits(study, summary),
        *checklists(study, summary),
    ]
    content = document_bytes(
        story,
        title=f"Report of a reading study: {study.title}",
        running=f"Study {study.sha256[:16]}: {study.title}",
        subject=SYNTHETIC,
        software=summary.software,
        at=summary.at,
    )
    return write_atomically(output, content)
