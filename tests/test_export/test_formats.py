"""Panels as PNG, OME-TIFF and PDF: they read back, they repeat to the byte, and text is text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export import STYLES, Exhibit, read_provenance, write_exhibits
from napari_latent_explain.export.page import painted

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler-utils")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("suffix", [".png", ".tiff", ".pdf"])
def test_the_same_exhibits_give_the_same_bytes(style: str, suffix: str, full: Exhibit, tmp_path: Path) -> None:
    first, second = (
        [path.read_bytes() for path in write_exhibits([full, full], tmp_path / name / f"p{suffix}", style=style)]
        for name in "ab"
    )
    assert first == second
    other = replace(full, audit_head="8e" * 32)
    (changed, *_) = write_exhibits([other, other], tmp_path / "c" / f"p{suffix}", style=style)
    assert changed.read_bytes() != first[0]


def test_several_pages_are_several_pngs(full: Exhibit, tmp_path: Path) -> None:
    files = write_exhibits([full, Exhibit(full.record)], tmp_path / "p.png", style="figure")
    assert [path.name for path in files] == ["p-1.png", "p-2.png"]
    with Image.open(files[0]) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert read_provenance(files[0])["findings"][0]["rater"] == "rater-a"
    assert "findings" not in read_provenance(files[1])
    (sheet,) = write_exhibits([full, Exhibit(full.record)], tmp_path / "s.png", style="sheet")
    told = read_provenance(sheet)["exhibits"]
    assert [one["case"] for one in told] == ["case 3fa94c21"] * 2
    assert told[0]["reverse"]["counterfactual"]["target"] == "no disease"
    assert told[0]["micrometres_per_pixel"] == 5.0


def test_a_tiff_opens_as_ome_with_its_provenance(full: Exhibit, tmp_path: Path) -> None:
    (path,) = write_exhibits([full, Exhibit(full.record)], tmp_path / "p.tiff", style="figure")
    pages = STYLES["figure"].pages([full, Exhibit(full.record)])
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_ome
        assert [series.kind for series in tiff.series] == ["ome", "ome"]
        for series, page in zip(tiff.series, pages, strict=True):
            assert np.array_equal(series.asarray(), np.asarray(painted(page)))
        assert tiff.pages[0].tags["XResolution"].value == (300, 1)
        assert "DateTime" not in tiff.pages[0].tags
        tree = ET.fromstring(tiff.ome_metadata)  # noqa: S314 - our own file
    names = {"o": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}
    entries = tree.findall(".//o:StructuredAnnotations/o:MapAnnotation/o:Value/o:M", names)
    assert len(entries) == 2
    told = json.loads(entries[0].text or "")
    assert told["case"] == "case 3fa94c21"
    assert told["model"]["sha256"] == "cd" * 32
    assert json.loads(entries[1].text or "")["probabilities"] == told["probabilities"]
    assert len(tree.findall(".//o:Image/o:AnnotationRef", names)) == 2


def _streams(content: bytes) -> list[bytes]:
    """Streams of a PDF, decoded from base 85 and unpacked."""
    import base64

    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        raw = match.group(1).strip()
        try:
            found.append(zlib.decompress(base64.a85decode(raw, adobe=False) if not raw.endswith(b"~>") else
                                         base64.a85decode(b"<~" + raw, adobe=True)))  # fmt: skip
        except (ValueError, zlib.error):
            found.append(raw)
    return found


@pytest.mark.parametrize("style", STYLES)
def test_a_pdf_embeds_its_typefaces_and_its_pictures(style: str, full: Exhibit, tmp_path: Path) -> None:
    (path,) = write_exhibits([full], tmp_path / "p.pdf", style=style)
    content = path.read_bytes()
    assert b"Helvetica" not in content
    assert content.count(b"/FontFile2") == content.count(b"/Type /FontDescriptor") >= 1
    (page,) = STYLES[style].pages([full])
    pictures = [thing for thing in page.things if type(thing).__name__ == "Picture"]
    assert 1 <= content.count(b"/Subtype /Image") <= len(pictures)
    assert any(b" Tj" in stream for stream in _streams(content)), "no text is drawn as text"


@needs_poppler
@pytest.mark.parametrize("style", STYLES)
def test_a_pdf_can_be_searched(style: str, full: Exhibit, tmp_path: Path) -> None:
    (path,) = write_exhibits([full], tmp_path / "p.pdf", style=style)
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    said = " ".join(done.stdout.split())
    for words in (
        "case 3fa94c21",
        "Synthetic - for research, not for diagnosis",
        "rater-a (circle): known sign",
        "20.0 %",
    ):
        assert words in said, words


@needs_poppler
def test_a_pdf_looks_like_its_pixels(full: Exhibit, tmp_path: Path) -> None:
    (path,) = write_exhibits([full], tmp_path / "p.pdf", style="figure")
    subprocess.run(["pdftoppm", "-r", "100", "-png", str(path), str(tmp_path / "p")], check=True)
    (page,) = STYLES["figure"].pages([full])
    with Image.open(next(tmp_path.glob("p*.png"))) as shown:
        printed = np.asarray(shown.convert("L").resize((354, 400)), dtype=float)
    drawn = np.asarray(painted(page).convert("L").resize((354, 400)), dtype=float)
    assert np.corrcoef(printed.ravel(), drawn.ravel())[0, 1] > 0.97
    assert np.abs(printed - drawn).mean() < 8


def test_letters_beyond_ascii_are_kept(full: Exhibit, tmp_path: Path) -> None:
    pages = [STYLES["slide"].pages([Exhibit(full.record, case=case)])[0] for case in ("Müller 3", "Mller 3")]
    heading = [np.asarray(painted(page))[:50, :400] for page in pages]
    assert not np.array_equal(*heading)
    (path,) = write_exhibits([Exhibit(full.record, case="Fall Äöü ß")], tmp_path / "p.pdf")
    assert b"/FontFile2" in path.read_bytes()


def test_other_suffixes_and_nothing_are_refused(full: Exhibit, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"not 'p\.doc'"):
        write_exhibits([full], tmp_path / "p.doc")
    with pytest.raises(ExportError, match="nothing to export"):
        write_exhibits([], tmp_path / "p.png")
    assert not list(tmp_path.iterdir())
