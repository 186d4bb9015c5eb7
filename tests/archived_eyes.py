"""Made-up fundus photographs as an archive has them: of patients with names, in studies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "test_fundus"))

from dicom_files import OPHTHALMIC_8, OPHTHALMIC_16, dicom_dataset, smooth, to_bytes

__all__ = ["BORN", "NAME", "PATIENT", "STUDY", "archived_eye", "to_bytes"]

NAME, PATIENT, BORN = "Canary^Birdperson", "canary-77", "19700131"
STUDY = "1.2.826.0.1.3680043.8.498.1"


def archived_eye(
    number: int, pixels: np.ndarray | None = None, *, study: str = STUDY, patient: str = PATIENT, **attributes: Any
) -> bytes:
    """A photograph of a study's series 1; the third, sixth and so on have 16 bits."""
    deep = number % 3 == 0 and pixels is None
    shown = smooth(depth=16 if deep else 8) if pixels is None else pixels
    given = {
        "PatientName": NAME, "PatientID": patient, "PatientBirthDate": BORN, "PatientSex": "F", "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.1", "StudyDate": "20260131", "StudyTime": "101112", "StudyID": "S1",
        "AccessionNumber": "canary-A1", "ReferringPhysicianName": "Canary^Doctor", "SeriesNumber": 1, "InstanceNumber": number,
        "ImageType": ["ORIGINAL", "PRIMARY", "", "COLOR"], "ImageLaterality": "L" if number % 2 else "R",
        "Manufacturer": "Made up",
    }  # fmt: skip
    kind = OPHTHALMIC_16 if deep else OPHTHALMIC_8
    dataset = dicom_dataset(shown, sop_class=kind, stored=16 if deep else 8, **(given | attributes))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{study}.1.{number}"
    return to_bytes(dataset)
