"""Whose a DICOM file says it is: a case by default, the patient of a reference only where that is asked for."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_latent_explain.domain import ExportError

if TYPE_CHECKING:
    import datetime

    from pydicom import Dataset

    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["DicomContext", "require_dicom", "uid_of"]

_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
_VISIT = ("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName")
_CREATED = ("InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime")
_CAPTURED = ("DateOfSecondaryCapture", "TimeOfSecondaryCapture")


def require_dicom() -> None:
    """See that DICOM can be written here.

    Raises
    ------
    ExportError
        If pydicom or highdicom are not installed.
    """
    try:
        import highdicom  # noqa: F401
        import pydicom  # noqa: F401
    except ImportError as error:
        msg = "DICOM files need highdicom; run: pip install 'napari-latent-explain[dicom]'"
        raise ExportError(msg) from error


def uid_of(*parts: str) -> str:
    """A DICOM UID (root 2.25, a UUID) that follows from its parts alone."""
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, digest).int}"


@dataclass(frozen=True, eq=False)
class DicomContext:
    """Where a DICOM export belongs.

    Parameters
    ----------
    made : datetime.datetime, optional
        When it was made; without it dates stay empty, and there can be no report.
    reference : pydicom.Dataset, optional
        The photograph's own DICOM data set: exports join its study and name it as their source.
    keep_patient : bool
        Whether patient and visit of the reference are taken over. If not, exports are of a patient whose name and id are
        the case's label, and nothing of the reference but its UIDs is written.
    """

    made: datetime.datetime | None = None
    reference: Dataset | None = None
    keep_patient: bool = False

    def __post_init__(self) -> None:
        if self.reference is not None:
            missing = [n for n in _NEEDED if not self.reference.get(n)]
            if missing:
                msg = f"The reference data set has no {missing[0]}; give the photograph's own DICOM file."
                raise ExportError(msg)
        elif self.keep_patient:
            msg = "There is no reference data set whose patient could be kept; give one."
            raise ExportError(msg)

    def study(self, exhibit: Exhibit) -> str:
        """UID of the study."""
        if self.reference is not None:
            return str(self.reference.StudyInstanceUID)
        return uid_of("study", exhibit.record.sha256)

    def settle(self, made: Any, exhibit: Exhibit) -> None:
        """Write patient, visit and dates into a data set that highdicom made, over what it took from the clock."""
        if self.keep_patient and self.reference is not None:
            for name in (*_PATIENT, *_VISIT):
                setattr(made, name, self.reference.get(name, ""))
            if issuer := self.reference.get("IssuerOfPatientID"):  # another hospital's 4711 is another patient
                made.IssuerOfPatientID = issuer
        else:
            label = re.sub(r"[\\^=]", "_", exhibit.label)  # signs that divide names and values
            made.PatientName, made.PatientID = f"{label}^", label
            made.PatientBirthDate, made.PatientSex = "", ""
            made.PatientIdentityRemoved = "YES"
            made.DeidentificationMethod = "Case label instead of patient; metadata by allow-list"
            for name in _VISIT:
                setattr(made, name, "")
            if self.made is not None:
                made.StudyDate, made.StudyTime = self.made.strftime("%Y%m%d"), self.made.strftime("%H%M%S")
        for name in (*_CREATED, *_CAPTURED):
            if name not in made:
                continue
            if self.made is None:
                delattr(made, name)
            else:
                setattr(made, name, self.made.strftime("%Y%m%d" if "Date" in name else "%H%M%S"))
        for item in made.get("ContributingEquipmentSequence", ()):
            item.pop("ContributionDateTime", None)
            if self.made is not None:
                item.ContributionDateTime = self.made.strftime("%Y%m%d%H%M%S")
