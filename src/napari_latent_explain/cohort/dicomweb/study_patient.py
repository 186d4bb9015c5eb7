"""Whose a study in an archive is, so that nothing is put under another patient's; values are compared and never told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.cohort.dicomweb.answers import JSON, first, list_in
from napari_latent_explain.cohort.dicomweb.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom import Dataset

    from napari_latent_explain.cohort.dicomweb.archive import Archive

__all__ = ["StudyPatient", "study_patient"]

_STUDY = "0020000D"
_PATIENT = {
    "PatientID": "00100020", "PatientName": "00100010", "PatientBirthDate": "00100030", "PatientSex": "00100040",
    "IssuerOfPatientID": "00100021",
}  # fmt: skip
_OPTIONAL = ("PatientBirthDate", "PatientSex", "IssuerOfPatientID")  # not every archive tells them


class StudyPatient:
    """The patient of one study, as the archive tells it."""

    def __init__(self, item: dict[str, Any]) -> None:
        self._told = {name: _text(first(item, tag)) for name, tag in _PATIENT.items() if _holds(item, tag)}

    def differing(self, dataset: Dataset) -> tuple[str, ...]:
        """Names of the attributes in which a data set is of another patient.

        Of those that the archive does not tell, Patient ID and Patient's Name are taken for empty; others are not compared.
        """
        return tuple(
            name for name in _PATIENT
            if (name in self._told or name not in _OPTIONAL)
            and not (name == "IssuerOfPatientID" and name not in dataset)
            and self._told.get(name, "") != _text(dataset.get(name, ""))
        )  # fmt: skip

    def __repr__(self) -> str:
        return "<StudyPatient>"


def study_patient(archive: Archive, study: str, still_wanted: Callable[[], None]) -> StudyPatient | None:
    """Ask whose a study is; None if the archive doesn't have it.

    Raises
    ------
    ArchiveError
        If the archive can't be used.
    """
    query = {"StudyInstanceUID": study, "limit": 2, "includefield": list(_PATIENT.values())}
    answer = archive.get(f"{archive.url()}/studies", JSON, archive.limits.list_bytes, still_wanted, query)
    if answer.status not in (200, 204, 206):
        place = archive.address.place
        msg = f"{place} answers a list of studies with {answer.status}; check that its address is that of a DICOMweb service."
        raise ArchiveError(msg)
    found = [one for one in list_in(answer) if first(one, _STUDY) == study]
    if len(found) > 1:
        msg = "The archive has the study under two patients; have that put right before anything is stored in it."
        raise ArchiveError(msg)
    return StudyPatient(found[0]) if found else None


def _holds(item: dict[str, Any], tag: str) -> bool:
    return isinstance(item.get(tag), dict)


def _text(value: Any) -> str:
    """A value as archives and files agree on it: of names, the alphabetic form without empty parts at its end."""
    if isinstance(value, dict):
        value = value.get("Alphabetic", "")
    elif hasattr(value, "alphabetic"):
        value = value.alphabetic
    return str(value if value is not None else "").strip().rstrip("^ ")
