"""DICOM photographs become the pixels that were encoded, with laterality, spacing and device; the rest is refused by name."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pydicom")
from pydicom import uid
from pydicom.dataset import Dataset

sys.path.insert(0, str(Path(__file__).parent))
from dicom_files import LOSSLESS, OPHTHALMIC_16, code, dicom_dataset, smooth, to_bytes

from napari_latent_explain.domain import Laterality, PhotographError
from napari_latent_explain.fundus import read_photograph
from napari_latent_explain.fundus.reader import frames_in
from napari_latent_explain.fundus.thumbnail import read_thumbnail

RGB = smooth()
NOISE = np.random.default_rng(3).integers(0, 256, RGB.shape).astype(np.uint8)


def written(folder: Path, dataset: Dataset, name: str = "eye.dcm") -> Path:
    (folder / name).write_bytes(to_bytes(dataset))
    return folder / name


def read(folder: Path, dataset: Dataset, name: str = "eye.dcm"):
    return read_photograph(written(folder, dataset, name))


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("pixels", [RGB, NOISE, NOISE[:31, :17]], ids=["smooth", "noise", "odd size"])
def test_lossless_transfer_syntaxes_keep_every_value(tmp_path, syntax, pixels) -> None:
    photograph = read(tmp_path, dicom_dataset(pixels, syntax))
    assert photograph.pixels.dtype == np.uint8
    assert np.array_equal(photograph.pixels, pixels)
    assert (photograph.name, photograph.frame) == ("eye.dcm", 0)


@pytest.mark.parametrize(
    ("syntax", "photometric", "worst"),
    [
        (uid.JPEGBaseline8Bit, "YBR_FULL_422", 8), (uid.JPEGBaseline8Bit, "YBR_FULL", 8), (uid.JPEGExtended12Bit, "YBR_FULL", 8),
        (uid.JPEGLSNearLossless, "RGB", 2), (uid.JPEG2000, "YBR_ICT", 8), (uid.JPEG2000Lossless, "YBR_RCT", 0),
    ],
)  # fmt: skip
def test_lossy_transfer_syntaxes_stay_near(tmp_path, syntax, photometric, worst) -> None:
    pixels = read(tmp_path, dicom_dataset(RGB, syntax, photometric=photometric)).pixels
    assert np.abs(pixels.astype(int) - RGB).max() <= worst


def ybr(rgb: np.ndarray) -> np.ndarray:
    """PS3.3 C.7.6.3.1.2, in floating point."""
    r, g, b = np.moveaxis(rgb.astype(float), -1, 0)
    planes = (
        0.299 * r + 0.587 * g + 0.114 * b,
        128 - 0.1687 * r - 0.3313 * g + 0.5 * b,
        128 + 0.5 * r - 0.4187 * g - 0.0813 * b,
    )
    return np.clip(np.rint(np.stack(planes, axis=-1)), 0, 255).astype(np.uint8)


def test_native_ybr_becomes_rgb(tmp_path) -> None:
    pixels = read(tmp_path, dicom_dataset(ybr(RGB), photometric="YBR_FULL")).pixels
    assert np.abs(pixels.astype(int) - RGB).max() <= 3
    full = ybr(RGB)
    pairs = np.stack([full[:, ::2, 0], full[:, 1::2, 0], full[:, ::2, 1], full[:, ::2, 2]], axis=-1)
    dataset = dicom_dataset(full, photometric="YBR_FULL_422")
    dataset.PixelData = pairs.tobytes()
    assert np.abs(read(tmp_path, dataset).pixels.astype(int) - RGB).max() <= 24


@pytest.mark.parametrize("syntax", LOSSLESS[:4], ids=lambda syntax: syntax.name)
def test_planes_may_be_apart(tmp_path, syntax) -> None:
    assert np.array_equal(read(tmp_path, dicom_dataset(NOISE, syntax, planar=1)).pixels, NOISE)


@pytest.mark.parametrize("syntax", LOSSLESS[:6], ids=lambda syntax: syntax.name)
def test_sixteen_bits_are_kept(tmp_path, syntax) -> None:
    deep = np.random.default_rng(5).integers(0, 65536, RGB.shape).astype(np.uint16)
    pixels = read(tmp_path, dicom_dataset(deep, syntax, OPHTHALMIC_16, stored=16)).pixels
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, deep)


@pytest.mark.parametrize(("stored", "white"), [(10, 65535), (12, 65535), (15, 65535), (7, 255)])
def test_white_is_white_however_many_bits_are_stored(tmp_path, stored, white) -> None:
    values = smooth(depth=stored).astype(np.uint16 if stored > 8 else np.uint8)
    values[0, 0], values[0, 1] = (1 << stored) - 1, 0
    pixels = read(tmp_path, dicom_dataset(values, sop_class=OPHTHALMIC_16, stored=stored)).pixels
    assert pixels[0, 0].tolist() == [white] * 3
    assert pixels[0, 1].tolist() == [0] * 3
    expected = np.rint(values.astype(float) * white / ((1 << stored) - 1))
    assert np.array_equal(pixels, expected.astype(pixels.dtype))


def test_bits_above_the_stored_ones_mean_nothing(tmp_path) -> None:
    values = smooth(depth=12).astype(np.uint16)
    clean = read(tmp_path, dicom_dataset(values, sop_class=OPHTHALMIC_16, stored=12)).pixels
    dirty = read(tmp_path, dicom_dataset(values | 0xF000, sop_class=OPHTHALMIC_16, stored=12)).pixels
    assert np.array_equal(clean, dirty)


def test_a_palette_is_looked_up(tmp_path) -> None:
    indices = np.random.default_rng(1).integers(0, 256, (20, 30, 1)).astype(np.uint8)
    palette = np.random.default_rng(2).integers(0, 256, (256, 3)).astype(np.uint8)
    tables = {}
    for number, colour in enumerate(("Red", "Green", "Blue")):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 8]
        tables[f"{colour}PaletteColorLookupTableData"] = palette[:, number].tobytes()
    pixels = read(tmp_path, dicom_dataset(indices, photometric="PALETTE COLOR", **tables)).pixels
    assert np.array_equal(pixels, palette[indices[..., 0]])


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
def test_every_frame_is_a_photograph(tmp_path, syntax) -> None:
    frames = np.stack([RGB, NOISE, 255 - RGB])
    path = written(tmp_path, dicom_dataset(frames, syntax))
    assert frames_in(path) == 3
    found = [read_photograph(path, frame) for frame in range(3)]
    assert all(np.array_equal(photograph.pixels, frame) for photograph, frame in zip(found, frames, strict=True))
    assert [photograph.name for photograph in found] == ["eye.dcm", "eye_frame1.dcm", "eye_frame2.dcm"]
    assert len({photograph.sha256 for photograph in found}) == 3
    with pytest.raises(PhotographError, match=r"'eye.dcm' has 3 frames, and no frame 3"):
        read_photograph(path, 3)
    with pytest.raises(PhotographError, match="no frame -1"):
        read_photograph(path, -1)


def region(side: tuple[str, str] | None, eye: str = "81745001") -> list[Dataset]:
    item = code(eye, "SCT", "Eye")
    if side:
        item.AnatomicRegionModifierSequence = [code(*side, "Side")]
    return [item]


def groups(laterality: str, spacing: list[float] | None = None) -> list[Dataset]:
    group, anatomy = Dataset(), Dataset()
    anatomy.FrameLaterality = laterality
    group.FrameAnatomySequence = [anatomy]
    if spacing:
        measures = Dataset()
        measures.PixelSpacing = spacing
        group.PixelMeasuresSequence = [measures]
    return [group]


@pytest.mark.parametrize(
    ("attributes", "eye"),
    [
        ({"ImageLaterality": "R"}, "OD"), ({"ImageLaterality": "L"}, "OS"), ({"Laterality": "L"}, "OS"),
        ({"AnatomicRegionSequence": region(("24028007", "SCT"))}, "OD"),
        ({"AnatomicRegionSequence": region(("7771000", "SCT"))}, "OS"),
        ({"AnatomicRegionSequence": region(("G-A101", "SRT"))}, "OS"),
        ({"AnatomicRegionSequence": region(None, "18944008")}, "OD"),
        ({"SharedFunctionalGroupsSequence": groups("L")}, "OS"),
        ({"PerFrameFunctionalGroupsSequence": groups("R")}, "OD"),
        ({"ImageLaterality": "L", "Laterality": "L", "AnatomicRegionSequence": region(("7771000", "SCT"))}, "OS"),
        ({"ImageLaterality": "L", "Laterality": "R"}, None), ({"ImageLaterality": "B"}, None), ({}, None),
        ({"ImageLaterality": "L", "AnatomicRegionSequence": region(("24028007", "SCT"))}, None),
    ],
)  # fmt: skip
def test_laterality(tmp_path, attributes, eye) -> None:
    reading = read(tmp_path, dicom_dataset(RGB, **attributes)).laterality
    assert reading.eye == (eye and Laterality(eye))
    assert reading.source == ("metadata" if eye else "none")


def test_metadata_come_before_the_file_name(tmp_path) -> None:
    left = dicom_dataset(RGB, ImageLaterality="L")
    assert read(tmp_path, left, "eye_OD.dcm").laterality.eye is Laterality.OS
    assert read(tmp_path, dicom_dataset(RGB), "eye_OD.dcm").laterality.source == "file name"


@pytest.mark.parametrize(
    ("attributes", "spacing"),
    [
        ({"PixelSpacing": [0.006, 0.0055]}, (0.006, 0.0055)), ({}, None), ({"PixelSpacing": [0, 0]}, None),
        ({"PixelSpacing": [-0.006, 0.006]}, None), ({"PixelSpacing": [300, 300]}, None), ({"PixelSpacing": [0.006]}, None),
        ({"ImagerPixelSpacing": [0.006, 0.006]}, None),
        ({"SharedFunctionalGroupsSequence": groups("L", [0.007, 0.008])}, (0.007, 0.008)),
    ],
)  # fmt: skip
def test_spacing_is_that_on_the_retina(tmp_path, attributes, spacing) -> None:
    photograph = read(tmp_path, dicom_dataset(RGB, **attributes))
    assert photograph.spacing_mm == spacing


def test_a_photographic_object_has_no_spacing_on_the_retina(tmp_path) -> None:
    photograph = read(
        tmp_path, dicom_dataset(RGB, sop_class=uid.VLPhotographicImageStorage, PixelSpacing=[0.006, 0.006])
    )
    assert photograph.spacing_mm is None
    assert np.array_equal(photograph.pixels, RGB)


def test_the_device_is_named_without_its_number(tmp_path) -> None:
    photograph = read(
        tmp_path,
        dicom_dataset(RGB, Manufacturer="Acme  Optics", ManufacturerModelName="F-45", DeviceSerialNumber="SN777"),
    )
    assert photograph.device == "Acme Optics F-45"
    assert "SN777" not in repr(photograph)


def test_a_drawn_picture_says_so(tmp_path) -> None:
    assert read(tmp_path, dicom_dataset(RGB, DerivationDescription="Synthetic counterfactual")).simulated
    assert not read(tmp_path, dicom_dataset(RGB)).simulated


@pytest.mark.parametrize(
    ("sop_class", "words"),
    [
        (uid.EncapsulatedPDFStorage, "is an Encapsulated PDF, not a fundus photograph"),
        (uid.OphthalmicTomographyImageStorage, "is an Ophthalmic Tomography Image, not"),
        (uid.WideFieldOphthalmicPhotographyStereographicProjectionImageStorage, "is a Wide Field Ophthalmic Photography Ster"),
        (uid.ComprehensiveSRStorage, "is a Comprehensive SR, not"), (uid.EnhancedSRStorage, "is an Enhanced SR, not"),
        (uid.SegmentationStorage, "is a Segmentation, not"),
        (uid.SecondaryCaptureImageStorage, "is a Secondary Capture Image, not"),
        (uid.CTImageStorage, "is a CT Image, not"), (uid.MRImageStorage, "is an MR Image, not"),
        (uid.OphthalmicThicknessMapStorage, "is an Ophthalmic Thickness Map, not"),
        (uid.KeyObjectSelectionDocumentStorage, "is a Key Object Selection Document, not"),
        (uid.MediaStorageDirectoryStorage, "is a DICOMDIR, a list of files"),
        ("1.2.3.4.5", "is a DICOM object of an unknown kind"),
        (uid.DigitalXRayImageStorageForPresentation, "is a Digital X-Ray Image, not"),
    ],
)  # fmt: skip
def test_other_objects_are_refused_by_what_they_are(tmp_path, sop_class, words) -> None:
    path = written(tmp_path, dicom_dataset(RGB, sop_class=sop_class))
    for call in (read_photograph, read_thumbnail, frames_in):
        with pytest.raises(PhotographError) as refusal:
            call(path)
        assert f"'eye.dcm' {words}" in str(refusal.value)
        assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "", "FLUORESCEIN"]}, "is a fluorescein angiogram, not a colour"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "REDFREE"]}, "is a red-free photograph, not a colour"),
        ({"AcquisitionDeviceTypeCodeSequence": [code("397247004", "SCT", "Slit lamp")]}, "was taken with a slit lamp"),
        ({"stored": 12}, None),
        ({"PixelRepresentation": 1}, "has signed values"),
        ({"Rows": 40000, "Columns": 40000}, "has more than 150 megapixels"),
        ({"NumberOfFrames": 2_000_000_000}, "says that it has more than 10000 frames"),
        ({"photometric": "YBR_PARTIAL_420"}, "keeps its colours in a way that is not read here"),
    ],
)  # fmt: skip
def test_photographs_of_another_kind_are_refused(tmp_path, attributes, words) -> None:
    with pytest.raises(PhotographError, match=words):
        read(tmp_path, dicom_dataset(RGB, **attributes))


def test_grey_pictures_are_refused(tmp_path) -> None:
    for photometric in ("MONOCHROME2", "MONOCHROME1"):
        with pytest.raises(PhotographError, match=r"'eye.dcm' is a grey picture \(red-free, an angiogram"):
            read(tmp_path, dicom_dataset(RGB[..., :1], photometric=photometric))


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.MPEG2MPML, uid.HTJ2KLossless, "1.2.3.4"])
def test_compressions_that_are_not_read_are_named(tmp_path, syntax) -> None:
    dataset = dicom_dataset(RGB, uid.JPEGBaseline8Bit, photometric="YBR_FULL_422")
    path = tmp_path / "eye.dcm"
    old, new = (name.encode() + b"\0" * (len(name) % 2) for name in (uid.JPEGBaseline8Bit, syntax))
    size = len(new).to_bytes(2, "little")
    data = to_bytes(dataset).replace(len(old).to_bytes(2, "little") + old, size + new)
    path.write_bytes(data)
    with pytest.raises(PhotographError, match=r"is compressed as .*which is not read here") as refusal:
        read_photograph(path)
    assert uid.UID(syntax).name.split(" (")[0].split(",")[0] in str(refusal.value) or syntax == "1.2.3.4"


def test_sixteen_bit_colour_in_jpeg_2000_is_refused_rather_than_cut(tmp_path) -> None:
    dataset = dicom_dataset(RGB, uid.JPEG2000Lossless)
    dataset.BitsStored = dataset.BitsAllocated = 16
    dataset.HighBit = 15
    with pytest.raises(PhotographError, match="more than 8 bits a colour, which would be lost"):
        read(tmp_path, dataset)


CANARIES = ("Zzyxquark", "PID-886421", "19411207", "ACC-553311", "DR-WOMBAT", "SN-990017", "Hospital-Quokka")


def test_nothing_of_the_patient_is_left(tmp_path, caplog, capfd) -> None:
    told = {
        "PatientName": "Zzyxquark^Anna", "PatientID": "PID-886421", "PatientBirthDate": "19411207",
        "AccessionNumber": "ACC-553311",
        "ReferringPhysicianName": "DR-WOMBAT", "DeviceSerialNumber": "SN-990017", "InstitutionName": "Hospital-Quokka",
        "PatientComments": "Zzyxquark", "OtherPatientIDs": "PID-886421", "OperatorsName": "DR-WOMBAT",
        "StudyDescription": "Zzyxquark", "SeriesDescription": "Zzyxquark", "ImageComments": "Zzyxquark left eye",
    }  # fmt: skip
    good = dicom_dataset(RGB, ImageLaterality="R", Manufacturer="Acme", PixelSpacing=[0.006, 0.006], **told)
    data = to_bytes(good)
    assert all(canary.encode() in data for canary in CANARIES)
    path = written(tmp_path, good)
    seen = []
    with caplog.at_level(logging.DEBUG):
        photograph = read_photograph(path)
        seen += [repr(photograph), repr({**vars(photograph), "pixels": None}), repr(frames_in(path))]
        bad = [to_bytes(dicom_dataset(RGB, sop_class=kind, **told)) for kind in (uid.CTImageStorage, "1.2.3")]
        bad += [data[:cut] for cut in range(200, len(data), max(1, len(data) // 40))]
        bad.append(data.replace(b"Zzyxquark^Anna", b"Zzyxquark\xff\xfe=="))
        bad.append(data.replace(b"0.006", b"Zzyxq"))
        for number, broken in enumerate(bad):
            (tmp_path / f"{number}.dcm").write_bytes(broken)
            try:
                seen.append(repr(vars(read_photograph(tmp_path / f"{number}.dcm"))))
            except PhotographError as error:
                chain = [error, error.__cause__, error.__context__]
                seen += [f"{one} {one!r} {vars(one) if one else ''}" for one in chain]
    seen += [caplog.text, *capfd.readouterr()]
    assert not [(canary, text[:200]) for text in seen for canary in CANARIES if canary in text]
    assert len(seen) > 40


@pytest.mark.skipif(shutil.which("img2dcm") is None, reason="needs img2dcm (Debian: dcmtk)")
def test_a_file_of_another_program_is_read(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "eye.jpg", quality=97, subsampling=0)
    said = ["ImageLaterality=L", "PixelSpacing=0.006\\0.007", "Manufacturer=Acme", "BurnedInAnnotation=NO"]
    device = ("CodeValue=409898007", "CodingSchemeDesignator=SCT", "CodeMeaning=Fundus Camera")
    said += [f"AcquisitionDeviceTypeCodeSequence[0].{one}" for one in device]
    keys = [part for one in said for part in ("-k", one)]
    subprocess.run(
        ["img2dcm", "-oph", *keys, tmp_path / "eye.jpg", tmp_path / "eye.dcm"], check=True, capture_output=True
    )
    photograph = read_photograph(tmp_path / "eye.dcm")
    assert np.abs(photograph.pixels.astype(int) - RGB).max() <= 8
    assert (photograph.laterality.eye, photograph.spacing_mm, photograph.device) == (
        Laterality.OS,
        (0.006, 0.007),
        "Acme",
    )
    jpeg = read_photograph(tmp_path / "eye.jpg").pixels
    assert np.abs(photograph.pixels.astype(int) - jpeg).max() <= 2


def test_without_the_extra_it_says_what_to_install(tmp_path) -> None:
    from napari_latent_explain.decoding import Decoders, Refusal, Request

    decoders = Decoders(entry="decoders_for_tests:without_pydicom")
    try:
        with pytest.raises(Refusal, match=r"pip install 'napari-latent-explain\[dicom\]'"):
            decoders.ask(Request(), to_bytes(dicom_dataset(RGB)))
    finally:
        decoders.close()
