"""What is exported of one photograph: its record, and what may stand beside it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping  # noqa: TC003 - read when the class is made
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import StringConstraints

from napari_latent_explain.domain import CounterfactualRecord, ExportError, Mark
from napari_latent_explain.domain.direction import Interval  # noqa: TC001
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.case_label import case_label

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Exhibit", "Judged", "RaterFindings"]

Judged = Literal["photograph", "reconstruction", "counterfactual", "reverse"]
_Pseudonym = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class RaterFindings(FrozenModel):
    """What one rater said of a counterfactual.

    Parameters
    ----------
    rater : str
        A pseudonym, 1 to 40 characters.
    verdict : str
        Such as "known sign"; empty where none was given.
    marks : tuple of Mark
        Places in the square crop, as the photograph stands.
    """

    rater: _Pseudonym
    verdict: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, eq=False)
class Exhibit:
    """One record with what is shown beside it.

    Parameters
    ----------
    record : CounterfactualRecord
        The explained photograph.
    reverse : CounterfactualRecord, optional
        A counterfactual of the same photograph and model towards another class.
    findings : tuple of RaterFindings
        What raters marked and judged.
    spacing : float, optional
        Micrometres per pixel of the photograph; without it nothing has a scale bar.
    case : str
        A label of one's own; if empty, `case_label` makes one from the photograph's hash.
    audit_head : str
        Last hash of a study's log; empty if there is none.
    atlas : str
        SHA-256 of the direction atlas, as studies name it; if empty, `atlas_hash` makes one from the record's directions.
    intervals : mapping
        95 % intervals of the target's probability, where they are known.

    Raises
    ------
    ExportError
        If `reverse` is of another photograph, model or set of classes or of the same target, the spacing is no length, or
        a label can't be printed.
    """

    record: CounterfactualRecord
    reverse: CounterfactualRecord | None = None
    findings: tuple[RaterFindings, ...] = ()
    spacing: float | None = None
    case: str = ""
    audit_head: str = ""
    atlas: str = ""
    intervals: Mapping[Judged, Interval] = field(default_factory=dict)

    def __post_init__(self) -> None:
        case_label(self.record.sha256, self.case)
        other = self.reverse
        if other is not None and (
            (other.sha256, other.model, other.classes) != (self.record.sha256, self.record.model, self.record.classes)
            or other.target == self.record.target
        ):
            msg = (
                f"The second record of {self.label} has to be of the same photograph and model and towards another class; "
                "leave it out or explain this photograph towards that class."
            )
            raise ExportError(msg)
        if self.spacing is not None and not (math.isfinite(self.spacing) and self.spacing > 0):
            msg = f"A pixel can't be {self.spacing} micrometres wide; give the spacing of the photograph or none."
            raise ExportError(msg)
        if any(not text.isprintable() or len(text) > 128 for text in (self.audit_head, self.atlas)):
            msg = "The hash of an atlas or a log's head has at most 128 printable characters; give that or none."
            raise ExportError(msg)

    @property
    def label(self) -> str:
        """What the case is called."""
        return case_label(self.record.sha256, self.case)

    @property
    def atlas_hash(self) -> str:
        """SHA-256 of the atlas, or else of the ids and measured effects of the record's directions."""
        measured = [(d.id, d.effect_logit, d.effect_logit_interval, d.held_out) for d in self.record.directions]
        return self.atlas or hashlib.sha256(json.dumps(measured).encode()).hexdigest()

    @property
    def records(self) -> tuple[CounterfactualRecord, ...]:
        """The record, and the reverse one if there is one."""
        return (self.record,) if self.reverse is None else (self.record, self.reverse)

    def numbered(self) -> Iterator[tuple[int, int, RaterFindings, Mark]]:
        """All marks as (number from 1, index of the rater, findings, mark): the numbers that panels and reports share."""
        number = 0
        for index, found in enumerate(self.findings):
            for mark in found.marks:
                number += 1
                yield number, index, found, mark
