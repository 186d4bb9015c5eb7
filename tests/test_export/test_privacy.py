"""Nothing that names a patient leaves: a photograph full of a name is exported in every way, and every byte searched."""

from __future__ import annotations

import base64
import logging
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from typer.testing import CliRunner

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import CounterfactualRecord, ExportError, Field
from napari_latent_explain.export import (
    STYLES,
    DicomContext,
    Exhibit,
    Strip,
    case_folder,
    case_label,
    record_json,
    write_exhibits,
    write_record,
    write_report,
    write_secondary_capture,
    write_strip,
)
from napari_latent_explain.export.moving import MOVING
from napari_latent_explain.export.surround import without_surround
from napari_latent_explain.fundus import simulate

CANARY = "canary"
NAME = "Canary_Birdperson 1970-01-01 OD"


def _search(folder: Path) -> list[str]:
    """Where the name is: in names of files and folders, and in what they hold, as any of several encodings."""
    from unpacked_files import everything

    spellings = [CANARY.encode(code) for code in ("ascii", "utf-16-le", "utf-16-be")]
    spellings += [CANARY.encode().hex().encode(), base64.b64encode(b"Canary_Birdperson")[:12]]
    seen = []
    for path in folder.rglob("*"):
        if CANARY in path.name.lower():
            seen.append(path.name)
        if path.is_file():
            content = everything(path.read_bytes())
            lower = content.lower()
            if any(spelling in lower or spelling in content for spelling in spellings):
                seen.append(str(path))
    return seen


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    """Two files that name a person in every place that they have."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    eye = Image.fromarray(simulate(seed=3, size=160).picture)
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = "Canary description", "Canary Artist", "Canary copyright"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0Canary comment"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[29], gps[28] = "N", (48.0, 12.0, 30.0), "1970:01:01", b"ASCII\0\0\0Canary place"
    eye.save(folder / f"{NAME}.jpg", exif=exif, comment=b"Canary JPEG comment")
    words = PngImagePlugin.PngInfo()
    words.add_text("Patient", "Canary text")
    words.add_text("Description", "Canary packed", zip=True)
    words.add_itxt("Author", "Canary itxt")
    Image.fromarray(simulate(seed=4, size=160).picture).save(folder / f"{NAME} 2.png", pnginfo=words, exif=exif)
    return sorted(folder.iterdir())


def test_the_search_finds_what_is_there(photographs: list[Path], tmp_path: Path) -> None:
    assert len(_search(tmp_path / "clinic")) == 4  # both by name and by content
    from reportlab.pdfgen.canvas import Canvas

    (tmp_path / "a").mkdir()
    canvas = Canvas(str(tmp_path / "a" / "a.pdf"), pageCompression=1)
    canvas.drawString(10, 10, "Canary")
    canvas.save()
    info = PngImagePlugin.PngInfo()
    info.add_text("a", "Canary", zip=True)
    Image.new("L", (4, 4)).save(tmp_path / "a" / "b.png", pnginfo=info)
    with zipfile.ZipFile(tmp_path / "a" / "c.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x", "Canary" * 9)
    assert len(_search(tmp_path / "a")) == 3


def test_a_name_does_not_leave_through_the_commands(
    photographs: list[Path], small_bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refused = tmp_path / "clinic" / "Canary letter.jpg"
    refused.write_text("Dear Mrs Canary")
    output, exported = tmp_path / "out", tmp_path / "exported"
    words = ["explain", *map(str, [*photographs, refused]), "-o", str(output), "--model", str(small_bundle), "--strip"]
    runs = [CliRunner().invoke(app, [*words, *more, "--saliency", "gradcam"]) for more in ([], ["--json"])]
    assert [run.exit_code for run in runs] == [1, 1], runs[0].output
    folders = sorted(map(str, output.iterdir()))
    assert len(folders) == 2
    formats = [
        ("slide", "png"),
        ("figure", "tiff"),
        ("figure", "pdf"),
        ("sheet", "pdf"),
        ("slide", "apng"),
        ("slide", "webp"),
    ]
    pytest.importorskip("av")
    pytest.importorskip("highdicom")
    for style, kind in [*formats, ("slide", "mp4"), ("slide", "dicom"), ("slide", "sr")]:
        command = ["export", *folders, "-o", str(exported), "--style", style, "--format", kind, "--date", "2026-01-02"]
        runs.append(CliRunner().invoke(app, command))
        assert runs[-1].exit_code == 0, runs[-1].output
    assert len([path for path in exported.rglob("*") if path.is_file()]) == 2 * 9 + 1
    assert _search(output) == []
    assert _search(exported) == []
    told = " ".join(run.output for run in runs) + caplog.text
    assert CANARY not in told.lower()
    assert "photograph 3" in told


def test_a_name_does_not_leave_a_record(rich: CounterfactualRecord, strip: Strip, findings, tmp_path: Path) -> None:
    """Also where a record, its directions and a DICOM reference hold names."""
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("highdicom")
    pytest.importorskip("av")
    assert "Canary" in rich.name + str(rich.directions)
    exhibit = Exhibit(rich, findings=findings)
    write_record(rich, tmp_path / "record", strip=strip, full_size=np.zeros((320, 420, 3), np.uint8))
    for style in STYLES:
        for suffix in ("png", "tiff", "pdf"):
            write_exhibits([exhibit], tmp_path / f"{style}.{suffix}", style=style)
    for suffix in MOVING:
        write_strip(exhibit, strip, tmp_path / f"strip{suffix}")
    reference = pydicom.Dataset()
    reference.PatientName, reference.PatientID, reference.InstitutionName = "Canary^Jane", "Canary", "Canary clinic"
    reference.StudyInstanceUID, reference.SeriesInstanceUID, reference.SOPInstanceUID = "1.2.3", "1.2.3.4", "1.2.3.5"
    reference.SOPClassUID, reference.StudyDescription = "1.2.840.10008.5.1.4.1.1.77.1.5.1", "Canary study"
    context = DicomContext(datetime(2026, 1, 2), reference)
    write_secondary_capture(exhibit, tmp_path / "panel.dcm", context)
    write_report(exhibit, tmp_path, context)
    assert _search(tmp_path) == []
    assert CANARY not in str(record_json(rich, {})).lower()


def test_what_surrounds_the_field_is_black_unless_it_is_kept(rich: CounterfactualRecord, tmp_path: Path) -> None:
    whole = np.full((320, 420, 3), 200, np.uint8)
    y, x = np.mgrid[:320, :420] + 0.5
    distance = np.hypot(x - 210.25, y - 160.5)
    for keep in (False, True):
        files = write_record(rich, tmp_path / str(keep), full_size=whole, keep_surround=keep)
        with Image.open(files["counterfactual_full"]) as image:
            written = np.asarray(image)
        outside = (distance > 150.2) | (y < 12) | (y > 309)
        upper = y < 250  # the mark stands below
        assert (written[outside & upper] == (200 if keep else 0)).all()
        assert (written[~outside & upper & (distance < 150)] == 200).all()
    with pytest.raises(ExportError, match="whole photograph"):
        without_surround(whole[:100], rich.field)
    cut = Field(center_x=5, center_y=5, radius=8, top=2, bottom=9, width=10, height=11)
    assert without_surround(np.ones((11, 10, 3), np.uint8), cut)[:, 5, 0].tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0]


def test_a_case_is_called_by_its_hash_or_as_its_owner_wants() -> None:
    sha256 = "3fa94c21" + "0" * 56
    assert case_label(sha256) == "case 3fa94c21"
    assert case_label(sha256, "  Trial 12 ") == "Trial 12"
    assert case_folder(sha256) == "case-3fa94c2100000000"
    for wrong in ("x" * 65, "a\x00b", "a\nb"):
        with pytest.raises(ExportError, match="printable"):
            case_label(sha256, wrong)
