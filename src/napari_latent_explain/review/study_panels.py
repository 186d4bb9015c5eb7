"""Panels of a whole study: every item with what raters marked and judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_latent_explain.domain import ExportError, Mark, StudyError
from napari_latent_explain.export import Exhibit, RaterFindings, read_record
from napari_latent_explain.review.judgements import participation
from napari_latent_explain.review.merge import audit_head
from napari_latent_explain.review.study import record_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_latent_explain.domain import Validation
    from napari_latent_explain.review.judgements import Judgement
    from napari_latent_explain.review.record import Record
    from napari_latent_explain.review.study import Study

__all__ = ["study_exhibits"]


def study_exhibits(
    study: Study,
    folder: Path,
    chains: Mapping[str, Sequence[Record]],
    validated: Mapping[str, Validation] | None = None,
) -> Iterator[tuple[str, Exhibit]]:
    """Yield each item's id and what its panel shows: its record, and the first judgements of all raters.

    Parameters
    ----------
    study, folder : Study, pathlib.Path
        The study, and where its ``records/`` lie.
    chains : mapping of rater to records
        From `merge.gather`.
    validated : mapping of direction to Validation, optional
        Written beside the names of directions.

    Raises
    ------
    StudyError
        If a record is missing, damaged, or of another photograph or model.
    """
    judged: dict[str, list[Judgement]] = {}
    for records in chains.values():
        for one in participation(study, records).judgements if records else ():
            if one.kind == "first":
                judged.setdefault(one.item, []).append(one)
    head = audit_head(chains) if chains else ""
    for item in study.items:
        place = record_folder(folder, item.id)
        try:
            record = read_record(place)
        except ExportError as error:
            msg = f"Panels need the records that the study was made with: {error}"
            raise StudyError(msg) from error
        if (record.sha256, record.model) != (item.photograph, study.model):
            msg = f"{place} is of another photograph or model; take it from the study's backup."
            raise StudyError(msg)
        known = validated or {}
        directions = tuple(d.replace(validation=known.get(d.id)) for d in record.directions)
        findings = _findings(study, judged.get(item.id, ()))
        yield (
            item.id,
            Exhibit(
                replace(record, directions=directions),
                findings=findings,
                case=item.case,
                audit_head=head,
                atlas=study.atlas,
            ),
        )


def _findings(study: Study, said: Sequence[Judgement]) -> tuple[RaterFindings, ...]:
    """What each rater marked, and the verdict; raters who said neither are left out."""
    marks: dict[str, list[Mark]] = {}
    verdicts: dict[str, str] = {}
    for one in said:
        question = study.protocol.question(one.question)
        if question.kind == "marks" and isinstance(one.answer, tuple):
            marks.setdefault(one.rater, []).extend(mark for mark in one.answer if isinstance(mark, Mark))
        elif question.kind == "choice" and question.id == _verdict(study):
            verdicts[one.rater] = question.label(str(one.answer))
    return tuple(
        RaterFindings(rater=rater, verdict=verdicts.get(rater, ""), marks=tuple(marks.get(rater, ())))
        for rater in sorted({*marks, *verdicts})
    )


def _verdict(study: Study) -> str:
    return study.protocol.rule.question if study.protocol.rule is not None else "verdict"
