"""What raters marked and judged as a DICOM structured report (TID 1500), which points into the counterfactual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain import __version__
from napari_latent_explain.domain import ExportError, Laterality
from napari_latent_explain.export.dicom_identity import DicomContext, require_dicom, uid_of
from napari_latent_explain.export.provenance import provenance
from napari_latent_explain.export.secondary_capture import SOFTWARE

if TYPE_CHECKING:
    from pydicom import Dataset

    from napari_latent_explain.domain import Mark
    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["findings_report"]

_SCHEME = "99LATENTEXPLAIN"
_VERDICTS = {
    "known sign": "LE01",
    "plausible novel": "LE02",
    "confounder or shortcut": "LE03",
    "artefact": "LE04",
    "cannot tell": "LE05",
    "": "LE06",
}


def findings_report(exhibit: Exhibit, capture: Dataset, context: DicomContext) -> Dataset:
    """Marks, verdicts and probabilities of an exhibit as an Enhanced SR.

    Parameters
    ----------
    exhibit : Exhibit
        Its findings become one measurement group each: a group for every mark, or one for a rater without marks.
    capture : pydicom.Dataset
        From `counterfactual_capture` of the same exhibit and context: what the marks lie on.
    context : DicomContext
        With a date, which a report must have.

    Raises
    ------
    ExportError
        If there is no date, or highdicom is not installed.
    """
    require_dicom()
    from highdicom import sr
    from highdicom.coding_schemes import CodingSchemeIdentificationItem
    from pydicom.sr.codedict import codes

    if context.made is None:
        msg = "A DICOM report needs a date; say when it was made."
        raise ExportError(msg)
    instance = uid_of("report", str(capture.SOPInstanceUID), provenance(exhibit), context.made.isoformat())
    groups = [_probabilities(exhibit, capture, instance)]
    for index, found in enumerate(exhibit.findings):
        own = [(number, mark) for number, at, _, mark in exhibit.numbered() if at == index]
        groups += [_marked(exhibit, capture, instance, found.rater, found.verdict, *one) for one in own]
        if not own:
            groups.append(_judged(exhibit, capture, instance, found.rater, found.verdict))
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=uid_of("device", SOFTWARE, __version__), name=SOFTWARE, model_name=__version__
    )
    observer = sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=sr.CodedConcept("LE00", _SCHEME, "Review of a counterfactual explanation"),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=[capture],
    )
    evidence = [capture] if context.reference is None else [capture, context.reference]
    made: Any = sr.EnhancedSR(
        evidence=evidence,
        content=report[0],
        series_instance_uid=uid_of("series", str(capture.StudyInstanceUID), exhibit.record.model.sha256, "Findings"),
        series_number=903,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer=SOFTWARE,
        manufacturer_model_name=SOFTWARE,
        software_versions=__version__,
        series_description="Findings in a synthetic counterfactual",
        specific_character_set="ISO_IR 192",
        is_complete=True,
        is_final=False,
        coding_schemes=[
            CodingSchemeIdentificationItem(_SCHEME, name="Codes of napari-latent-explain"),
        ],
    )
    context.settle(made, exhibit)
    return made


def _sites(exhibit: Exhibit) -> list[Any]:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    eye = exhibit.record.laterality.eye
    side = None if eye is None else (codes.SCT.Right if eye is Laterality.OD else codes.SCT.Left)
    return [sr.FindingSite(anatomic_location=sr.CodedConcept("5665001", "SCT", "Retina"), laterality=side)]


def _verdict(verdict: str) -> list[Any]:
    from highdicom import sr

    code = _VERDICTS.get(verdict, "LE09")
    name = sr.CodedConcept("LE10", _SCHEME, "Verdict")
    return [sr.QualitativeEvaluation(name=name, value=sr.CodedConcept(code, _SCHEME, verdict or "no verdict"))]


def _tracking(instance: str, told: str) -> Any:
    from highdicom import sr

    return sr.TrackingIdentifier(uid=uid_of("tracking", instance, told), identifier=told)


def _marked(
    exhibit: Exhibit, capture: Dataset, instance: str, rater: str, verdict: str, number: int, mark: Mark
) -> Any:
    import numpy as np
    from highdicom import sr

    rows, columns = int(capture.Rows), int(capture.Columns)
    x, y = mark.x * columns, mark.y * rows
    if mark.is_point:
        kind, corners = sr.GraphicTypeValues.POINT, [(x, y)]
    else:
        right, bottom = x + mark.width * columns, y + mark.height * rows
        kind, corners = sr.GraphicTypeValues.POLYLINE, [(x, y), (right, y), (right, bottom), (x, bottom), (x, y)]
    source = sr.SourceImageForRegion(capture.SOPClassUID, capture.SOPInstanceUID)
    region = sr.ImageRegion(graphic_type=kind, graphic_data=np.array(corners), source_image=source)
    told = f"{rater}, mark {number}" + (f": {mark.note}" if mark.note else "")
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(instance, told),
        referenced_region=region,
        finding_type=sr.CodedConcept("LE11", _SCHEME, "Marked place in a counterfactual"),
        finding_sites=_sites(exhibit),
        session=rater,
        qualitative_evaluations=_verdict(verdict),
    )


def _judged(exhibit: Exhibit, capture: Dataset, instance: str, rater: str, verdict: str) -> Any:
    from highdicom import sr

    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(instance, rater),
        finding_type=sr.CodedConcept("LE12", _SCHEME, "Counterfactual as a whole"),
        finding_sites=_sites(exhibit),
        session=rater,
        qualitative_evaluations=_verdict(verdict),
        source_images=[sr.SourceImageForMeasurementGroup(capture.SOPClassUID, capture.SOPInstanceUID)],
    )


def _probabilities(exhibit: Exhibit, capture: Dataset, instance: str) -> Any:
    """The target's probability in photograph, reconstruction and counterfactual."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    record = exhibit.record
    target, p = record.target, record.probabilities
    measured = [
        sr.Measurement(
            name=sr.CodedConcept(code, _SCHEME, f"Probability in the {name}"), value=value, unit=codes.UCUM.NoUnits
        )
        for code, name, value in (
            ("LE20", "photograph", p.original[target]),
            ("LE21", "reconstruction", p.reconstruction[target]),
            ("LE22", "counterfactual", p.counterfactual[target]),
        )
    ]
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(instance, f"Probability of '{record.classes[target]}'"),
        finding_type=sr.CodedConcept("LE13", _SCHEME, "Opinion of a classifier"),
        finding_sites=_sites(exhibit),
        measurements=measured,
        source_images=[sr.SourceImageForMeasurementGroup(capture.SOPClassUID, capture.SOPInstanceUID)],
    )
