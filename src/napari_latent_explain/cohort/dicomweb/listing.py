"""Which fundus photographs an archive has (QIDO-RS, PS3.18 10.6), page by page, and without whose they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from napari_latent_explain.cohort.dicomweb.answers import JSON, first, is_uid, list_in, number_in, text_in
from napari_latent_explain.cohort.dicomweb.errors import AnswerError, ArchiveError
from napari_latent_explain.domain import WrongUseError, silent
from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_latent_explain.cohort.dicomweb.archive import Archive
    from napari_latent_explain.domain import Progress

__all__ = ["PHOTOGRAPHS", "ArchivedPhotograph", "Search", "search"]

PHOTOGRAPHS = {8: "1.2.840.10008.5.1.4.1.1.77.1.5.1", 16: "1.2.840.10008.5.1.4.1.1.77.1.5.2"}
"""SOP classes of Ophthalmic Photography by bits a channel."""

_STUDY, _SERIES, _INSTANCE, _CLASS = "0020000D", "0020000E", "00080018", "00080016"
_MODALITY, _DATE, _EYE, _FRAMES, _ROWS, _COLUMNS = (
    "00080060",
    "00080020",
    "00200062",
    "00280008",
    "00280010",
    "00280011",
)
_DAY = r"\d{8}"
_SPAN = re.compile(rf"({_DAY})?-?({_DAY})?")
Uid = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$", max_length=64)]


class ArchivedPhotograph(FrozenModel):
    """A photograph in an archive, as its list tells of it; no more is kept than this.

    Parameters
    ----------
    study, series, instance : str
        UIDs.
    bits : int
        A channel: 8 or 16.
    date : str
        Of the study, YYYYMMDD; empty if it isn't told. As the following.
    eye : str
        R, L or B.
    rows, columns, frames : int
        0 if they aren't told; `frames` then is 1.
    """

    study: Uid
    series: Uid
    instance: Uid
    bits: int
    date: str = ""
    eye: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1


class Search(FrozenModel):
    """What to look for.

    Parameters
    ----------
    date : str
        Day of the study, YYYYMMDD, or a span of days, such as ``20260101-20260331``, ``20260101-``.
    study : str
        UID of one study.
    bits : int, optional
        8 or 16 bits a channel; both if it isn't given.
    patient, accession : str
        Patient ID and Accession Number, only if a person gives them: they get into the address that is asked for.
    """

    date: str = ""
    study: str = ""
    bits: int | None = None
    patient: str = ""
    accession: str = ""

    @field_validator("date", "study", "bits", "patient", "accession")
    @classmethod
    def _makes_sense(cls, value: Any, info: Any) -> Any:
        if info.field_name == "date" and value:
            found = _SPAN.fullmatch(value)
            if not found or not any(found.groups()) or (all(found.groups()) and "-" not in value):
                msg = "A study date is written 20260131, and a span of days 20260101-20260331."
                raise WrongUseError(msg)
        if info.field_name == "study" and value and not is_uid(value):
            msg = "A study is named by its Study Instance UID, of digits and points."
            raise WrongUseError(msg)
        if info.field_name == "bits" and value not in (None, *PHOTOGRAPHS):
            msg = "Photographs have 8 or 16 bits a channel."
            raise WrongUseError(msg)
        if info.field_name in ("patient", "accession") and not value.isprintable():
            msg = "A patient ID or accession number has printable signs alone."
            raise WrongUseError(msg)
        return value

    def query(self) -> dict[str, str | int]:
        """As DICOMweb asks for it."""
        asked: dict[str, str | int] = {"Modality": "OP"}
        if self.bits is not None:
            asked["SOPClassUID"] = PHOTOGRAPHS[self.bits]
        given = {"StudyDate": self.date, "PatientID": self.patient, "AccessionNumber": self.accession}
        return asked | {name: value for name, value in given.items() if value}


def search(
    archive: Archive, what: Search, *, offset: int = 0, limit: int | None = None, progress: Progress = silent
) -> Iterator[ArchivedPhotograph]:
    """List photographs, a page at a time as they are asked for.

    The archive is asked for objects of modality OP; what is no Ophthalmic Photography (8 or 16 Bit) is left out here, whatever
    the archive understood of the question.

    Parameters
    ----------
    offset : int
        How many entries of the archive's own list are passed over.
    limit : int, optional
        How many photographs are given at most; all if it isn't given.
    progress : Progress
        Called while the archive is waited for; may raise `Cancelled`.

    Raises
    ------
    ArchiveError
        If the archive can't be used, or its answer can't.
    """
    kinds = {uid: bits for bits, uid in PHOTOGRAPHS.items() if what.bits in (None, bits)}
    seen: set[str] = set()
    given = 0
    while limit is None or given < limit:
        page = _page(archive, what, offset, lambda: progress("Listing photographs", 0.0))
        new = [one for one in page if isinstance(uid := first(one, _INSTANCE), str) and uid not in seen]
        if not new:
            return  # the end, or an archive that knows no pages and gives all of them again
        seen.update(first(one, _INSTANCE) for one in new)
        offset += len(page)
        if len(seen) > archive.limits.entries:
            msg = f"The archive lists more than {archive.limits.entries} objects; ask for fewer days, or for one study."
            raise ArchiveError(msg)
        for one in new:
            kind = text_in(one, _CLASS)
            if kind in kinds and first(one, _MODALITY) in ("OP", None):
                yield _photograph(one, kinds[kind])
                given += 1
                if given == limit:
                    return


def _page(archive: Archive, what: Search, offset: int, still_wanted: Callable[[], None]) -> list[dict[str, Any]]:
    query = what.query() | {"limit": archive.limits.page, "offset": offset}
    url = f"{archive.url(what.study)}/instances"
    with_more: dict[str, Any] = query | {"includefield": [_EYE, _FRAMES]}
    answer = archive.get(url, JSON, archive.limits.list_bytes, still_wanted, with_more)
    if answer.status == 404 and what.study:
        return []  # some archives say so of a study that they don't have
    if answer.status not in (200, 204, 206):
        place = archive.address.place
        msg = f"{place} answers a list of photographs with {answer.status}; check that its address is that of a DICOMweb service."
        raise ArchiveError(msg)
    return list_in(answer)


def _photograph(one: dict[str, Any], bits: int) -> ArchivedPhotograph:
    uids = [first(one, tag) for tag in (_STUDY, _SERIES, _INSTANCE)]
    if not all(map(is_uid, uids)):
        msg = "The archive lists a photograph without the UIDs of its study, series and instance; tell who runs it."
        raise AnswerError(msg)
    date, eye = text_in(one, _DATE), text_in(one, _EYE)
    return ArchivedPhotograph(
        study=uids[0], series=uids[1], instance=uids[2], bits=bits,
        date=date if re.fullmatch(_DAY, date) else "", eye=eye if eye in ("R", "L", "B") else "",
        rows=number_in(one, _ROWS), columns=number_in(one, _COLUMNS), frames=max(1, number_in(one, _FRAMES)),
    )  # fmt: skip
