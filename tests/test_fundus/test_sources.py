"""Photographs from folders, zip archives, DICOMDIRs and tables; hostile ones are refused."""

from __future__ import annotations

import io
import stat
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pydicom")
import pydicom.fileset
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet

sys.path.insert(0, str(Path(__file__).parent))
from dicom_files import dicom_dataset, smooth, to_bytes

from napari_latent_explain._napari.reader import get_reader
from napari_latent_explain.cohort import photographs_in
from napari_latent_explain.domain import Laterality, PhotographError, ProjectError
from napari_latent_explain.fundus.photograph_files import photograph_files
from napari_latent_explain.fundus.sources import (
    FileSource,
    dicomdir_files,
    every_frame,
    file_of_frame,
    photograph_sources,
    read_table,
    zip_archive,
)  # fmt: skip

RGB = smooth()


def png(shade: int = 90) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((6, 8, 3), shade, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def dicom(**attributes) -> bytes:
    return to_bytes(dicom_dataset(RGB, **attributes))


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "clinic"
    files = {
        "a.jpg": png(), "deeper/b.dcm": dicom(ImageLaterality="L"), "deeper/IM000001": dicom(), "1.2.840.7": dicom(),
        "notes": b"no picture" * 20, "notes.txt": dicom(), "DICOMDIR": dicom(), ".hidden.dcm": dicom(), "scan.BMP": png(),
    }  # fmt: skip
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


EXPECTED = ["1.2.840.7", "a.jpg", "deeper/IM000001", "deeper/b.dcm", "scan.BMP"]


def test_a_folder_gives_its_photographs_dicom_without_endings_too(folder) -> None:
    assert [path.relative_to(folder).as_posix() for path in photograph_files(folder)] == EXPECTED
    sources = photograph_sources(folder)
    assert [Path(source.name).as_posix() for source in sources] == EXPECTED
    assert all(source.read().pixels.size for source in sources)
    assert sources[3].read().laterality.eye is Laterality.OS
    assert [path.name for path in photographs_in(folder)] == [Path(name).name for name in EXPECTED]


def packed(path: Path, entries: dict[str, bytes] | list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            archive.writestr(name, data)
    return path


def test_a_zip_is_read_one_photograph_at_a_time_and_nothing_is_unpacked(folder, tmp_path) -> None:
    entries = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    archive = packed(tmp_path / "eyes.zip", entries | {"__MACOSX/a.jpg": b"x", "empty/": b""})
    before = set(tmp_path.rglob("*"))
    sources = photograph_sources(archive)
    assert [source.name for source in sources] == EXPECTED
    for source in sources:
        photograph = source.read()
        assert photograph.pixels.size
        assert photograph.path is None
        assert photograph.name == Path(source.name).name
    assert sources[3].read().laterality.eye is Laterality.OS
    assert set(tmp_path.rglob("*")) == before
    with pytest.raises(ProjectError, match="unpack"):
        photographs_in(archive)


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([("/etc/eye.png", png())], "leads out of it"), ([("../eye.png", png())], "leads out of it"),
        ([("a/../../eye.png", png())], "leads out of it"), ([("C:/eye.png", png())], "leads out of it"),
        ([("a\\..\\eye.png", png())], "leads out of it"), ([("eye\x1b[31m.png", png())], "leads out of it"),
        ([(entry("eye.png", stat.S_IFLNK | 0o777), b"/etc/passwd")], "a link or device"),
        ([(entry("eye.png", stat.S_IFIFO | 0o777), b"")], "a link or device"),
        ([("good.png", png()), ("more.zip", b"PK")], "holds another archive"),
        ([("bomb.png", bytes(2**24))], "unpacks to more than 100 times its size"),
    ],
)  # fmt: skip
def test_hostile_archives_are_refused_whole(tmp_path, entries, why) -> None:
    archive = packed(tmp_path / "eyes.zip", entries)
    if "\\" in str(entries[0][0]):  # the writer turns them round
        archive.write_bytes(archive.read_bytes().replace(b"a/../eye.png", b"a\\..\\eye.png"))
    with pytest.raises(PhotographError, match=why) as refusal:
        photograph_sources(archive)
    assert str(refusal.value).startswith("'eyes.zip' ")
    assert str(refusal.value).endswith(".")


def test_limits_of_count_and_size(tmp_path, monkeypatch) -> None:
    archive = packed(tmp_path / "eyes.zip", {f"{number}.png": png() for number in range(5)})
    monkeypatch.setattr(zip_archive, "_MOST_FILES", 4)
    with pytest.raises(PhotographError, match="more than 4 files"):
        zip_archive.ZipArchive(archive)
    monkeypatch.setattr(zip_archive, "_MOST_FILES", 20)
    monkeypatch.setattr(zip_archive, "_MOST_ALL", 100)
    with pytest.raises(PhotographError, match="GiB once it is unpacked"):
        zip_archive.ZipArchive(archive)
    monkeypatch.setattr(zip_archive, "_MOST_DIRECTORY", 100)
    with pytest.raises(PhotographError, match="damaged, or no zip"):
        zip_archive.ZipArchive(archive)


def test_an_entry_larger_than_a_photograph_is_refused(tmp_path, monkeypatch) -> None:
    archive = packed(tmp_path / "eyes.zip", {"eye.png": png(), "none.png": b""})
    monkeypatch.setattr(zip_archive, "MOST_BYTES", 10)
    large, empty = photograph_sources(archive)
    with pytest.raises(PhotographError, match=r"'eye.png' is larger than"):
        large.read()
    with pytest.raises(PhotographError, match=r"'none.png' is empty"):
        empty.read()


def test_doubled_and_encrypted_entries_are_refused(tmp_path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = packed(tmp_path / "eyes.zip", [("eye.png", png(1)), ("eye.png", png(2))])
    with pytest.raises(PhotographError, match="two entries of one name"):
        photograph_sources(archive)
    data = bytearray(packed(archive, {"eye.png": png()}).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(PhotographError, match="is encrypted"):
        photograph_sources(archive)


def test_damaged_archives_are_refused(tmp_path) -> None:
    whole = packed(tmp_path / "whole.zip", {"eye.png": png(), "eye.dcm": dicom()}).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(120):
        broken = bytearray(whole)
        for place in rng.integers(0, len(whole), 6):
            broken[place] ^= 1 << int(rng.integers(8))
        for place in rng.integers(len(whole) - 160, len(whole), number % 3):
            broken[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "eyes.zip").write_bytes(broken if number % 4 else broken[: int(rng.integers(len(broken)))])
        try:
            for source in photograph_sources(tmp_path / "eyes.zip"):
                source.read()
        except PhotographError as error:
            refused += 1
            said = str(error)
    assert refused > 60
    assert said.endswith(".")


def directory(root: Path, names: list[list[str]], sop_class: str = "1.2.840.10008.5.1.4.1.1.77.1.5.1") -> Path:
    """A DICOMDIR that names whatever it likes."""
    records = []
    for parts in names:
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        record.RecordInUseFlag, record.DirectoryRecordType = 0xFFFF, "IMAGE"
        record.ReferencedFileID, record.ReferencedSOPClassUIDInFile = parts, sop_class
        records.append(record)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = uid.MediaStorageDirectoryStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    dataset.FileSetID, dataset.DirectoryRecordSequence = "", records
    (root / "DICOMDIR").write_bytes(to_bytes(dataset))
    return root / "DICOMDIR"


class Staging:
    """A folder for pydicom, which would leave its own to be removed at the end of the program, with a warning."""

    def __init__(self, root: Path) -> None:
        self.name = str(root / "staging" / uid.generate_uid())
        Path(self.name).mkdir(parents=True)

    def cleanup(self) -> None:
        """Stay: pytest removes it."""


def test_a_dicomdir_gives_the_photographs_that_it_lists(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pydicom.fileset, "TemporaryDirectory", lambda: Staging(tmp_path))
    medium = FileSet()
    for number, kind in enumerate((uid.OphthalmicPhotography8BitImageStorage, uid.CTImageStorage)):
        for frame in range(2):
            dataset = dicom_dataset(
                RGB, sop_class=kind, PatientID="P", PatientName="N", StudyDate="20200101", StudyTime="10", StudyID="1"
            )
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", f"1.2.3.{number}"
            dataset.SeriesNumber, dataset.InstanceNumber, dataset.AccessionNumber = number, frame, ""
            medium.add(dataset)
    medium.write(tmp_path / "disc")
    files = dicomdir_files(tmp_path / "disc" / "DICOMDIR")
    assert len(files) == 2
    sources = photograph_sources(tmp_path / "disc" / "DICOMDIR")
    assert [source.path for source in sources] == files
    assert all(np.array_equal(source.read().pixels, RGB) for source in sources)
    assert set(photographs_in(tmp_path / "disc" / "DICOMDIR")) == set(files)
    read = get_reader(str(tmp_path / "disc" / "DICOMDIR"))
    assert read is not None
    assert len(read(str(tmp_path / "disc" / "DICOMDIR"))) == 2
    assert (
        len(photograph_files(tmp_path / "disc")) == 4
    )  # without it, the others are met too, and refused when they are read


@pytest.mark.parametrize(
    "parts",
    [
        ["..", "secret.dcm"],
        ["/etc/passwd"],
        ["A", "..", "..", "X"],
        ["C:", "X"],
        ["A/../../X"],
        ["."],
        ["LINK", "X"],
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_dicomdir_that_leads_out_of_its_folder_is_refused(tmp_path, parts) -> None:
    root = tmp_path / "disc"
    root.mkdir()
    (tmp_path / "secret.dcm").write_bytes(dicom())
    (root / "LINK").symlink_to(tmp_path)
    with pytest.raises(PhotographError, match="names a file outside its folder"):
        dicomdir_files(directory(root, [parts]))


def test_names_in_capitals_may_lie_in_small_letters(tmp_path) -> None:
    (tmp_path / "im001").write_bytes(dicom())
    assert dicomdir_files(directory(tmp_path, [["IM001"]])) in ([tmp_path / "im001"], [tmp_path / "IM001"])


def test_what_is_no_dicomdir_or_lists_nothing_is_refused(tmp_path) -> None:
    with pytest.raises(PhotographError, match="lists no fundus photograph"):
        dicomdir_files(directory(tmp_path, [["A"]], str(uid.CTImageStorage)))
    for data in (b"no directory", dicom(), dicom()[:300]):
        (tmp_path / "DICOMDIR").write_bytes(data)
        with pytest.raises(PhotographError):
            dicomdir_files(tmp_path / "DICOMDIR")


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_of_paths_and_labels(folder, separator) -> None:
    rows = [("label", "file", "note"), ("1", "a.jpg", "x"), ("", "deeper/b.dcm", ""), ("", "", "")]
    table = folder / "list.csv"
    table.write_text("\n".join(separator.join(row) for row in rows), encoding="utf-8-sig")
    assert [(row.line, row.file, row.label) for row in read_table(table)] == [
        (2, "a.jpg", "1"),
        (3, "deeper/b.dcm", ""),
    ]
    sources = photograph_sources(table)
    assert [(source.name, source.label) for source in sources] == [("a.jpg", "1"), ("deeper/b.dcm", "")]
    assert sources[1].read().laterality.eye is Laterality.OS
    assert [path.name for path in photographs_in(table)] == ["a.jpg", "b.dcm"]
    table.rename(folder / "manifest.csv")
    assert [source.name for source in photograph_sources(folder)] == ["a.jpg", "deeper/b.dcm"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"path,label\na.jpg,1\n", "has no column file"), (b"", "has no column file"),
        (b"file,label\n../x.jpg,1\n", "Line 2 .* is not in the folder"), (b"file\n/etc/passwd\n", "is not in the folder"),
        (b"file,label\n,1\n", "Line 2 .* has a label and no file"), (b"\xff\xfe\x00", "can't be read"),
        (b'file\n"' + b"a" * 200_000 + b'"\n', "can't be read"), (b"file\na\0b.jpg\n", "can't be read|not in"),
    ],
)  # fmt: skip
def test_tables_that_are_wrong_are_one_sentence(tmp_path, content, why) -> None:
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(PhotographError, match=why):
        read_table(tmp_path / "list.csv")
    with pytest.raises(PhotographError, match="There is no file"):
        read_table(tmp_path / "none.csv")


def test_frames_are_told_apart_in_files_and_archives(tmp_path) -> None:
    frames = np.stack([RGB, 255 - RGB, RGB // 2])
    data = to_bytes(dicom_dataset(frames))
    (tmp_path / "eye.dcm").write_bytes(data)
    archive = packed(tmp_path / "eyes.zip", {"in/eye.dcm": data, "in/plain.png": png()})
    (whole,) = photograph_sources(tmp_path / "eye.dcm")
    packed_eye, plain = photograph_sources(archive)
    for source, name in ((whole, "eye.dcm"), (packed_eye, "in/eye.dcm")):
        found = every_frame(source)
        assert [one.name for one in found] == [name, f"{name}#1", f"{name}#2"]
        assert all(np.array_equal(one.read().pixels, frame) for one, frame in zip(found, frames, strict=True))
        assert found[2].at(0) == source
    assert every_frame(plain) == [plain]
    (tmp_path / "bad.dcm").write_bytes(data[:400])
    bad = photograph_sources(tmp_path / "bad.dcm")
    assert every_frame(bad[0]) == bad
    with pytest.raises(PhotographError):
        bad[0].read()


def test_one_photograph_is_its_own_source(folder) -> None:
    (source,) = photograph_sources(folder / "a.jpg")
    assert (source.name, source.path, source.label) == ("a.jpg", folder / "a.jpg", "")


@pytest.mark.parametrize("file", ["eye.dcm", "visit #2/eye#1.dcm", "eye#2"])
def test_frames_are_named_after_their_file_whatever_it_is_called(tmp_path, file) -> None:
    source = FileSource(file, tmp_path / file)
    for frame in (0, 1, 2, 12):
        there = source.at(frame)
        assert there.name == (f"{file}#{frame}" if frame else file)
        assert file_of_frame(there.name, frame) == file
        assert there.at(3).name == f"{file}#3"
        assert there.at(0) == source


def test_a_sentence_loses_the_names_of_file_and_archive(tmp_path) -> None:
    source = FileSource("left/Doe_Jane.png", tmp_path / "ward 7.zip")
    for said in (
        f"'{tmp_path / 'ward 7.zip'}' can't be read.", "'left/Doe_Jane.png' can't be read.", "Doe_Jane.png can't be read.",
        "'Doe_Jane.png' can't be read.", "ward 7.zip can't be read.",
    ):  # fmt: skip
        assert source.unnamed(said, r"photograph \1") == r"photograph \1 can't be read."
    assert source.unnamed("Doe_Janet.png is another's.", "it") == "Doe_Janet.png is another's."


@pytest.mark.parametrize(
    ("file", "frame", "sentence", "left"),
    [
        ("black.png", 0, "'black.png' is black: no fundus.", "it is black: no fundus."),
        ("empty.jpg", 0, "'empty.jpg' is empty (0 bytes).", "it is empty (0 bytes)."),
        ("fundus.png", 0, "'fundus.png' does not look like a fundus photograph.", "it does not look like a fundus photograph."),
        ("fundus", 0, "'fundus' does not look like a fundus photograph.", "it does not look like a fundus photograph."),
        ("IM01", 0, "The inversion of IM01 failed.", "The inversion of it failed."),
        ("Doe.dcm", 2, "'Doe_frame2.dcm' is black.", "it is black."),
        ("Doe.dcm", 2, "'Doe.dcm#2' has changed.", "it has changed."),
        ("Doe", 2, "'Doe_frame2' is black.", "it is black."),
        ("Doe.png", 0, "'Doe_EX.png' is no JPEG.", "'it_EX.png' is no JPEG."),
        (".", 0, "There is nothing in '.'.", "There is nothing in '.'."),
    ],
)  # fmt: skip
def test_words_that_are_names_of_files_too_stay(tmp_path, file, frame, sentence, left) -> None:
    source = FileSource(file, tmp_path / file).at(frame)
    assert source.unnamed(sentence, "it") == left
