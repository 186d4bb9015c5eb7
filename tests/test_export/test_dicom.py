"""DICOM out: valid, of a case and not of a patient, and the same bytes whenever it is written."""

from __future__ import annotations

import datetime
import io
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export import DicomContext, Exhibit, write_report, write_secondary_capture

pydicom = pytest.importorskip("pydicom")
pytest.importorskip("highdicom")

MADE = datetime.datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def reference() -> pydicom.Dataset:
    """What names a photograph and its patient."""
    found = pydicom.Dataset()
    found.PatientName, found.PatientID, found.PatientBirthDate, found.PatientSex = (
        "Canary^Birdperson",
        "77",
        "19700101",
        "F",
    )
    found.IssuerOfPatientID = "Canary Hospital"
    found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID = "1.2.3", "1.2.3.4", "1.2.3.5"
    found.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
    found.AccessionNumber, found.StudyID, found.StudyDate, found.StudyTime = "A1", "S1", "20200101", "101010"
    found.ReferringPhysicianName = "Canary^Doctor"
    return found


def _read(path: Path) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(path.read_bytes()))


def _contexts(reference: pydicom.Dataset) -> dict[str, DicomContext]:
    return {
        "bare": DicomContext(), "dated": DicomContext(MADE), "joined": DicomContext(MADE, reference),
        "kept": DicomContext(MADE, reference, keep_patient=True),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["bare", "dated", "joined", "kept"])
def test_a_capture_says_what_it_is_and_whose(
    kind: str, full: Exhibit, reference: pydicom.Dataset, tmp_path: Path
) -> None:
    context = _contexts(reference)[kind]
    path = write_secondary_capture(full, tmp_path / "a.dcm", context)
    again = write_secondary_capture(full, tmp_path / "b.dcm", context)
    assert path.read_bytes() == again.read_bytes()
    made = _read(path)
    assert made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    assert made.BurnedInAnnotation == "YES"
    assert made.Laterality == "L"
    assert "Synthetic - for research, not for diagnosis" in made.DerivationDescription
    assert made.ContributingEquipmentSequence[0].Manufacturer == "napari-latent-explain"
    assert made.pixel_array.shape == (920, 1944, 3)
    joined = kind in ("joined", "kept")
    assert ("SourceImageSequence" in made) == joined
    assert (made.StudyInstanceUID == "1.2.3") == joined
    if joined:
        assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.5"
    assert (b"Canary" in path.read_bytes()) == (kind == "kept")
    assert made.get("IssuerOfPatientID") == ("Canary Hospital" if kind == "kept" else None)
    if kind != "kept":
        assert (str(made.PatientID), str(made.PatientName)) == ("case 3fa94c21", "case 3fa94c21^")
        assert made.PatientIdentityRemoved == "YES"
        assert not made.AccessionNumber
    assert made.StudyDate == {"bare": "", "dated": "20260102", "joined": "20260102", "kept": "20200101"}[kind]


def test_another_picture_or_date_has_another_uid(full: Exhibit, tmp_path: Path) -> None:
    shown = [full, replace(full, audit_head=""), full]
    contexts = [DicomContext(MADE), DicomContext(MADE), DicomContext(MADE.replace(year=2027))]
    made = [
        _read(write_secondary_capture(one, tmp_path / f"{k}.dcm", context))
        for k, (one, context) in enumerate(zip(shown, contexts, strict=True))
    ]
    assert len({one.SOPInstanceUID for one in made}) == 3
    assert len({one.StudyInstanceUID for one in made}) == 1


def test_no_clock_is_written(full: Exhibit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the version may hold a date."""
    from napari_latent_explain.export import secondary_capture, structured_report

    for module in (secondary_capture, structured_report):
        monkeypatch.setattr(module, "__version__", "1.0")
    today = datetime.datetime.now(datetime.UTC)
    days = [(today + datetime.timedelta(days=d)).strftime("%Y%m%d").encode() for d in (-1, 0, 1)]
    capture, report = write_report(full, tmp_path, DicomContext(MADE))
    for path in (capture, report, write_secondary_capture(full, tmp_path / "p.dcm")):
        assert not any(day in path.read_bytes() for day in days), path


def test_a_report_points_into_the_counterfactual(full: Exhibit, reference: pydicom.Dataset, tmp_path: Path) -> None:
    capture, report = write_report(full, tmp_path, DicomContext(MADE, reference))
    again = write_report(full, tmp_path / "again", DicomContext(MADE, reference))
    assert [path.read_bytes() for path in (capture, report)] == [path.read_bytes() for path in again]
    picture, made = _read(capture), _read(report)
    assert (picture.Rows, picture.Columns) == (300, 300)
    assert float(picture.PixelSpacing[0]) == pytest.approx(5 * 2 * 150.125 / 300 / 1000, rel=1e-4)
    assert list(picture.PatientOrientation) == ["L", "F"]
    assert not np.array_equal(picture.pixel_array, full.record.counterfactual)  # the mark
    assert np.array_equal(picture.pixel_array[:200], full.record.counterfactual[:200])
    assert made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.22"
    assert made.ContentDate == "20260102"
    points, verdicts, numbers, seen = [], [], [], []

    def walk(items: pydicom.Sequence) -> None:
        for item in items:
            if "GraphicData" in item:
                points.append((item.GraphicType, [float(v) for v in item.GraphicData][:2]))
            if "MeasuredValueSequence" in item:
                numbers.append(float(item.MeasuredValueSequence[0].NumericValue))
            if item.ValueType == "CODE" and item.ConceptNameCodeSequence[0].CodeMeaning == "Verdict":
                verdicts.append(item.ConceptCodeSequence[0].CodeMeaning)
            if "ReferencedSOPSequence" in item:
                seen.append(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
            walk(item.get("ContentSequence", ()))

    walk(made.ContentSequence)
    assert [kind for kind, _ in points] == ["POINT", "POLYLINE", "POINT"]
    assert np.allclose([at for _, at in points], [[90, 120], [150, 60], [294, 150]])
    assert verdicts == ["known sign", "known sign", "artefact", "cannot tell"]
    assert numbers[-3:] == [0.2, 0.25, 0.6]
    assert set(seen) == {picture.SOPInstanceUID}
    assert b"Canary" not in report.read_bytes() + capture.read_bytes()


def test_what_is_missing_is_said(full: Exhibit, reference: pydicom.Dataset, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="needs a date"):
        write_report(full, tmp_path, DicomContext())
    del reference.SeriesInstanceUID
    with pytest.raises(ExportError, match="no SeriesInstanceUID"):
        DicomContext(MADE, reference)
    with pytest.raises(ExportError, match="no reference"):
        DicomContext(MADE, keep_patient=True)


def test_without_highdicom_it_says_what_to_install(
    full: Exhibit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(ExportError, match=r"napari-latent-explain\[dicom\]"):
        write_secondary_capture(full, tmp_path / "a.dcm")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dicom3tools")
@pytest.mark.parametrize("kind", ["bare", "dated", "joined", "kept"])
@pytest.mark.parametrize("eye", ["OD", "OS", None])
def test_dciodvfy_finds_no_error(
    kind: str, eye: str | None, full: Exhibit, reference: pydicom.Dataset, tmp_path: Path
) -> None:
    context = _contexts(reference)[kind]
    side = full.record.laterality.replace(eye=eye)
    seen = replace(full, record=replace(full.record, laterality=side))
    files = [write_secondary_capture(seen, tmp_path / "panel.dcm", context)]
    if context.made is not None:
        files += write_report(seen, tmp_path, context)
    for path in files:
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert "SCImage" in said or "EnhancedSR" in said
        assert "Error" not in said, said
