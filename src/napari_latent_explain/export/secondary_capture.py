"""Pictures as DICOM Secondary Capture, which says what they are derived from and by what."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_latent_explain import __version__
from napari_latent_explain.domain import Laterality
from napari_latent_explain.export.dicom_identity import DicomContext, require_dicom, uid_of
from napari_latent_explain.export.page import painted
from napari_latent_explain.export.provenance import SYNTHETIC, provenance
from napari_latent_explain.export.synthetic_mark import marked_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

    from napari_latent_explain.export.exhibit import Exhibit
    from napari_latent_explain.export.page import Page

__all__ = ["SOFTWARE", "counterfactual_capture", "dicom_bytes", "panel_capture"]

SOFTWARE = "napari-latent-explain"
_UPRIGHT = ("L", "F")  # a fundus photograph: the picture's right is the patient's left, its bottom towards the feet


def panel_capture(page: Page, context: DicomContext | None = None) -> Dataset:
    """A page of one exhibit as a Secondary Capture.

    Raises
    ------
    ExportError
        If highdicom is not installed.
    """
    made = _captured(np.asarray(painted(page)), page.shows[0], context or DicomContext(), "Panel", 1)
    made.PatientOrientation = None  # several pictures and text: there is no one orientation
    return made


def counterfactual_capture(exhibit: Exhibit, context: DicomContext | None = None) -> Dataset:
    """The counterfactual with the mark in its pixels, as a Secondary Capture: what the marks of a report lie on.

    Raises
    ------
    ExportError
        If highdicom is not installed.
    """
    record = exhibit.record
    pixels = marked_pixels(record.counterfactual, simulated=record.simulated)
    made = _captured(pixels, exhibit, context or DicomContext(), "Counterfactual", 2)
    if exhibit.spacing is not None:
        millimetres = f"{exhibit.spacing * 2 * record.field.radius / len(pixels) / 1000:.8f}"
        made.PixelSpacing = [millimetres, millimetres]
        made.PixelSpacingCalibrationType = "FIDUCIAL"
        made.PixelSpacingCalibrationDescription = "Spacing of the photograph as the exporting person gave it"
    return made


def _captured(pixels: NDArray[np.uint8], exhibit: Exhibit, context: DicomContext, kind: str, series: int) -> Dataset:
    require_dicom()
    import highdicom
    from pydicom import Dataset as Item
    from pydicom.sr.codedict import codes

    record, source = exhibit.record, context.reference
    eye = record.laterality.eye
    study = context.study(exhibit)
    content = hashlib.sha256(pixels.tobytes()).hexdigest()
    when = context.made.isoformat() if context.made else ""
    origin = str(source.SOPInstanceUID) if source is not None else ""
    what = f"Synthetic counterfactual towards '{record.classes[record.target]}'"
    equipment = highdicom.ContributingEquipment(
        manufacturer=SOFTWARE,
        purpose_of_reference=codes.DCM.ProcessingEquipment,
        manufacturer_model_name=record.model.name[:64],
        software_versions=[__version__, f"model {record.model.sha256[:48]}"],
        contribution_description=f"{what} by x + (G(s') - G(s)); {SYNTHETIC}"[:1024],
    )
    made: Any = highdicom.sc.SCImage(
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=study,
        series_instance_uid=uid_of("series", study, record.model.sha256, kind),
        series_number=900 + series,
        sop_instance_uid=uid_of("instance", study, kind, content, provenance(exhibit), when, origin),
        instance_number=1,
        manufacturer=SOFTWARE,
        manufacturer_model_name=SOFTWARE,
        software_versions=__version__,
        laterality=None if eye is None else ("R" if eye is Laterality.OD else "L"),
        patient_orientation=_UPRIGHT,
        series_description=f"{kind}: {SYNTHETIC}"[:64],
        specific_character_set="ISO_IR 192",
        contributing_equipment=[equipment],
    )
    if eye is None:
        made.Laterality = (
            ""  # an eye is one of a pair: where it is not known which, DICOM wants it said by an empty value
        )
    made.ConversionType = "WSD"
    made.BurnedInAnnotation = "YES"
    made.DerivationDescription = f"{what} by {SOFTWARE} {__version__}, model {record.model.name}; {SYNTHETIC}"[:1024]
    made.ImageComments = SYNTHETIC
    if source is not None:
        item, purpose = Item(), Item()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
        code = codes.DCM.SourceImageForImageProcessingOperation
        purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = code.value, "DCM", code.meaning
        item.PurposeOfReferenceCodeSequence = [purpose]
        made.SourceImageSequence = [item]
    context.settle(made, exhibit)
    return made


def dicom_bytes(made: Dataset) -> bytes:
    """A data set as a DICOM file."""
    from pydicom import dcmwrite

    stream = io.BytesIO()
    dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()
