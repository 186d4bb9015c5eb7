"""Whatever reads files that somebody else may have made, each with valid files to spoil and the errors that it may raise."""

from __future__ import annotations

import io
import json
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.neighbours import neighbour
from faults.planted import PLANTED_READERS

__all__ = ["CHOSEN", "READERS", "Reader", "make_reader"]


@dataclass(frozen=True)
class Reader:
    """Something that reads.

    Parameters
    ----------
    seeds : list of bytes
        Valid files.
    read : callable
        Reads one; called again and again, in the same folder.
    refusals : tuple of exception types
        What it may raise of a spoiled file; each has to be one sentence.
    trees : bool
        Whether the files are JSON, to be spoiled node by node too.
    """

    seeds: list[bytes]
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    trees: bool = False


def _decoding(task: str, seeds: list[bytes]) -> Reader:
    """What runs inside the decoding child, called without it: whatever it raises of a file is a refusal there."""
    from napari_latent_explain.decoding.child import _answer
    from napari_latent_explain.decoding.limits import Limits
    from napari_latent_explain.decoding.tasks import perform
    from napari_latent_explain.decoding.wire import Request

    request, limits = Request(task, size=32), Limits(pixels=10**6)  # type: ignore[arg-type]
    return Reader(seeds, lambda data: _answer(perform, request, data, limits), ())


def _pictures(folder: Path) -> Reader:
    return _decoding("picture", _picture_seeds())


def _thumbnails(folder: Path) -> Reader:
    return _decoding("thumbnail", _picture_seeds() + _dicom_seeds())


def _dicom(folder: Path) -> Reader:
    return _decoding("picture", _dicom_seeds())


def _dicomdir(folder: Path) -> Reader:
    made = neighbour("test_fundus/dicom_files.py")
    from pydicom import uid
    from pydicom.dataset import Dataset, FileMetaDataset

    record, dataset = Dataset(), Dataset()
    record.OffsetOfTheNextDirectoryRecord = record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.RecordInUseFlag, record.DirectoryRecordType = 0xFFFF, "IMAGE"
    record.ReferencedFileID, record.ReferencedSOPClassUIDInFile = ["A", "B"], made.OPHTHALMIC_8
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = uid.MediaStorageDirectoryStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    dataset.FileSetID, dataset.DirectoryRecordSequence = "", [record]
    return _decoding("directory", [made.to_bytes(dataset)])


def _picture_seeds() -> list[bytes]:
    import tifffile
    from PIL import Image

    smooth, found = neighbour("test_fundus/dicom_files.py").smooth, []
    for kind in ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000"):
        stream = io.BytesIO()
        Image.fromarray(smooth(24, 32)).save(stream, kind)
        found.append(stream.getvalue())
    stream = io.BytesIO()
    tifffile.imwrite(stream, smooth(24, 32, 16), photometric="rgb", compression="zlib")
    return [*found, stream.getvalue()]


def _dicom_seeds() -> list[bytes]:
    made = neighbour("test_fundus/dicom_files.py")
    from pydicom import uid

    syntaxes = (*made.LOSSLESS, uid.JPEGBaseline8Bit)
    told = {uid.JPEGBaseline8Bit: {"photometric": "YBR_FULL_422"}}
    return [made.to_bytes(made.dicom_dataset(made.smooth(24, 32), one, **told.get(one, {}))) for one in syntaxes]


def _decoding_process(folder: Path) -> Reader:
    """The whole boundary: the child process and what it sends."""
    from napari_latent_explain.domain import PhotographError
    from napari_latent_explain.fundus.reader import decode_photograph

    return Reader(_picture_seeds() + _dicom_seeds(), lambda data: decode_photograph(data, "eye"), (PhotographError,))


def _zip(folder: Path) -> Reader:
    from napari_latent_explain.domain import PhotographError
    from napari_latent_explain.fundus.sources import ZipArchive

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/eye.jpg", _picture_seeds()[0])
        archive.writestr("notes.txt", b"none" * 9)
        archive.writestr("b.png", _picture_seeds()[1], zipfile.ZIP_STORED)

    def read(data: bytes) -> None:
        (folder / "eyes.zip").write_bytes(data)
        archive = ZipArchive(folder / "eyes.zip")
        try:
            for name in archive.names():
                archive.read(name)
        finally:
            archive.close()

    return Reader([stream.getvalue()], read, (PhotographError,))


def _table(folder: Path) -> Reader:
    from napari_latent_explain.domain import PhotographError
    from napari_latent_explain.fundus.sources import read_table

    seeds = [b"file,label\na.png,1\nb/c.png,0\n", 'file;label\n"a;b.png";Ödem\n'.encode(), b"\xef\xbb\xbffile\na.png\n"]
    return Reader(seeds, _from_file(folder / "eyes.csv", read_table), (PhotographError,))


def _from_file(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def write_and_read(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return write_and_read


def _checkpoint(folder: Path) -> Reader:
    from napari_latent_explain.domain import BundleError
    from napari_latent_explain.model.importing import import_generator

    published = neighbour("published_stylegan2.py")
    made = published.make_published((6, 5))
    paths = [
        published.nvlabs_pickle(folder / "a.pkl", made), published.rosinality_file(folder / "b.pt", made),
        published.rosinality_file(folder / "c.pt", made, zipped=False),
    ]  # fmt: skip
    seeds = [path.read_bytes() for path in paths]
    return Reader(seeds, _from_file(folder / "net.pkl", import_generator), (BundleError,))


def _classifier(folder: Path) -> Reader:
    import torch
    from safetensors.torch import save

    from napari_latent_explain.domain import BundleError
    from napari_latent_explain.model.foreign_files import open_foreign_classifier
    from napari_latent_explain.model.network_builder import build_network

    told = {
        "target": "monai.networks.nets.FullyConnectedNet", "classes": ("a", "b"),
        "arguments": {"in_channels": 4, "out_channels": 2, "hidden_channels": [3]},
    }  # fmt: skip
    state = build_network(told["target"], told["arguments"]).state_dict()  # type: ignore[arg-type]
    old, new = io.BytesIO(), io.BytesIO()
    torch.save(state, old, _use_new_zipfile_serialization=False)
    torch.save({"state_dict": state}, new)

    def read(data: bytes) -> None:
        ending = "pt" if data[:2] in (b"PK", b"\x80\x02") else "safetensors"
        path = folder / f"weights.{ending}"
        path.write_bytes(data)
        open_foreign_classifier(path, told)

    return Reader([old.getvalue(), new.getvalue(), save(state)], read, (BundleError,))


def _small_bundle(folder: Path) -> Path:
    bundle: Path = neighbour("small_model.py").write_small_bundle(folder / "bundle", attributes=2)
    return bundle


def _bundle_metadata(folder: Path) -> Reader:
    from napari_latent_explain.domain import BundleError
    from napari_latent_explain.model.bundle import read_bundle

    bundle = _small_bundle(folder)
    path = bundle / "configs/metadata.json"
    return Reader([path.read_bytes()], _from_file(path, lambda _: read_bundle(bundle)), (BundleError,), trees=True)


def _bundle_part(name: str, *, trees: bool) -> Callable[[Path], Reader]:
    """A file whose hash in the metadata is always right."""

    def make(folder: Path) -> Reader:
        from napari_latent_explain.domain import BundleError
        from napari_latent_explain.model.bundle import read_bundle

        bundle, described = _small_bundle(folder), neighbour("hostile_bundles.py").described

        def read(data: bytes) -> None:
            described(bundle, name, data)
            read_bundle(bundle)

        return Reader([(bundle / name).read_bytes()], read, (BundleError,), trees)

    return make


def _imported(folder: Path) -> Reader:
    from napari_latent_explain.domain import BundleError
    from napari_latent_explain.model.importing import import_generator, read_imported, write_imported

    published = neighbour("published_stylegan2.py")
    path = published.nvlabs_pickle(folder / "a.pkl", published.make_published((6, 5)))
    write_imported(folder / "eyes", import_generator(path))
    metadata = folder / "eyes/configs/metadata.json"
    return Reader(
        [metadata.read_bytes()], _from_file(metadata, lambda _: read_imported(folder / "eyes")), (BundleError,), trees=True
    )  # fmt: skip


def _monai(folder: Path) -> Reader:
    """Configurations of a MONAI bundle: inference.json and metadata.json by turns, as one tree."""
    import torch

    from napari_latent_explain.domain import BundleError
    from napari_latent_explain.model.foreign_files import open_foreign_classifier
    from napari_latent_explain.model.network_builder import build_network

    told = {"in_channels": 4, "out_channels": 2, "hidden_channels": [3]}
    (folder / "b/configs").mkdir(parents=True)
    (folder / "b/models").mkdir()
    torch.save(build_network("monai.networks.nets.FullyConnectedNet", told).state_dict(), folder / "b/models/model.pt")
    tree = {
        "inference": {"width": 4, "network_def": {"_target_": "FullyConnectedNet", **told, "in_channels": "@width"}},
        "metadata": {
            "network_data_format": {
                "inputs": {"image": {"spatial_shape": [32, 32], "value_range": [0, 1]}},
                "outputs": {"pred": {"channel_def": {"0": "healthy", "1": "ill"}}},
            }
        },
    }

    def read(data: bytes) -> None:
        for name in ("inference", "metadata"):
            try:
                part = json.dumps(json.loads(data)[name]).encode("utf-8", "surrogatepass")
            except (ValueError, KeyError, TypeError, RecursionError):
                part = data
            (folder / f"b/configs/{name}.json").write_bytes(part)
        open_foreign_classifier(folder / "b", {})

    return Reader([json.dumps(tree).encode()], read, (BundleError,), trees=True)


def _atlas(folder: Path) -> Reader:
    from napari_latent_explain.domain import BundleError
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.atlas_file import with_atlas

    explainer = load_explainer(_small_bundle(folder), "cpu")
    seed = (folder / "bundle/configs/directions.json").read_bytes()
    return Reader([seed], _from_file(folder / "a.json", lambda path: with_atlas(explainer, path)), (BundleError,), True)


def _study(folder: Path) -> Reader:
    from napari_latent_explain.domain import StudyError
    from napari_latent_explain.review import Study

    neighbour("test_review/conftest.py").make_study(folder / "study", photographs=2, directions=2)
    path = folder / "study/study.json"
    read = _from_file(path, lambda _: Study.open(folder / "study").sha256)
    return Reader([path.read_bytes()], read, (StudyError,), trees=True)


def _protocol(folder: Path) -> Reader:
    from importlib import resources

    from napari_latent_explain.domain import StudyError
    from napari_latent_explain.review.protocol import load_protocol, ready_protocols

    ready = resources.files("napari_latent_explain.review") / "protocols"
    seeds = [(ready / f"{name}.json").read_bytes() for name in ready_protocols()]
    return Reader(seeds, _from_file(folder / "protocol.json", load_protocol), (StudyError,), trees=True)


def _ratings(folder: Path) -> Reader:
    """A rater's SQLite file."""
    from napari_latent_explain.domain import StudyError
    from napari_latent_explain.review import RatingStore, rater_file, read_chain

    study = neighbour("test_review/conftest.py").make_study(folder / "study", photographs=1, directions=2)
    store = RatingStore.open(rater_file(folder, "rater"), study, "rater")
    for number in range(6):
        store.append("answered", f"trial-{number}", question="verdict", answer="artefact")
    store.close()
    path = rater_file(folder, "rater")

    def read(data: bytes) -> None:
        for beside in path.parent.glob("rater.sqlite-*"):
            beside.unlink()
        path.write_bytes(data)
        try:
            read_chain(path, study.sha256)
        finally:
            path.chmod(0o644)

    return Reader([path.read_bytes()], read, (StudyError,))


def _kept_record(folder: Path) -> Reader:
    from faults.made import small_record
    from napari_latent_explain.domain import ExportError
    from napari_latent_explain.export import read_record
    from napari_latent_explain.export.kept_record import KEPT, record_bytes

    read = _from_file(folder / KEPT, lambda _: read_record(folder))
    return Reader([record_bytes(small_record("seed"))], read, (ExportError,))


def _kept_record_text(folder: Path) -> Reader:
    """The JSON that stands in a kept record, node by node."""
    from faults.made import small_record
    from napari_latent_explain.domain import ExportError
    from napari_latent_explain.export import read_record
    from napari_latent_explain.export.kept_json import beside_tensors
    from napari_latent_explain.export.kept_record import KEPT, record_bytes

    whole = record_bytes(small_record("seed"))
    length = int.from_bytes(whole[:8], "little")
    header, data = json.loads(whole[8 : 8 + length]), whole[8 + length :]

    def read(text: bytes) -> None:
        header["__metadata__"]["record"] = text.decode("utf-8", "surrogateescape")
        changed = json.dumps(header).encode()
        (folder / KEPT).write_bytes(struct.pack("<Q", len(changed)) + changed + data)
        read_record(folder)

    return Reader([json.dumps(beside_tensors(whole, "record")).encode()], read, (ExportError,), trees=True)


def _explanation(folder: Path) -> Reader:
    from faults.made import small_snapshot
    from napari_latent_explain.domain import ExplanationError
    from napari_latent_explain.explain.saved_explanation import read_saved

    path = small_snapshot(1).write(folder)
    return Reader([path.read_bytes()], _from_file(path, lambda _: read_saved(folder)), (ExplanationError,), trees=True)


def _code(folder: Path) -> Reader:
    """The style code beside a saved explanation, under the name that its bytes ask for."""
    import hashlib

    import torch
    from safetensors.torch import save

    from napari_latent_explain.domain import ExplanationError
    from napari_latent_explain.explain.saved_explanation import _read_code
    from napari_latent_explain.model import load_explainer

    explainer = load_explainer(_small_bundle(folder), "cpu")
    seed = save({"code": torch.zeros(1, explainer.generator.code_size)})

    def read(data: bytes) -> None:
        path = folder / f"{hashlib.sha256(data).hexdigest()}.safetensors"
        path.write_bytes(data)
        try:
            _read_code(path, explainer)
        finally:
            path.unlink()

    return Reader([seed], read, (ExplanationError,))


def _project(folder: Path) -> Reader:
    from napari_latent_explain.cohort import CaseState, Project
    from napari_latent_explain.domain import Naming, ProjectError

    project = Project.open(folder / "project")
    project.add([folder / "a.png", folder / "b.png"])
    project.update(folder / "a.png", state=CaseState.DONE, sha256="ab" * 32, model="ab" * 32, decision="ill")
    project.keep_names("ab" * 32, {"b8.conv:1:+:1": Naming.now("exudates", "rater 3")})
    project.keep_view(shown=str(folder / "a.png"), centre=(3.5, 8.0), zoom=0.7)
    project.close()
    path = folder / "project/project.json"
    read = _from_file(path, lambda _: Project.open(folder / "project").close())
    return Reader([path.read_bytes()], read, (ProjectError,), trees=True)


READERS: dict[str, Callable[[Path], Reader]] = {
    "pictures": _pictures,
    "thumbnails": _thumbnails,
    "DICOM": _dicom,
    "DICOMDIR": _dicomdir,
    "decoding process": _decoding_process,
    "zip archive": _zip,
    "table of photographs": _table,
    "checkpoint": _checkpoint,
    "classifier weights": _classifier,
    "MONAI configuration": _monai,
    "bundle: metadata": _bundle_metadata,
    "bundle: directions": _bundle_part("configs/directions.json", trees=True),
    "bundle: generator": _bundle_part("models/generator.safetensors", trees=False),
    "bundle: statistics": _bundle_part("models/statistics.safetensors", trees=False),
    "imported generator": _imported,
    "atlas": _atlas,
    "study": _study,
    "protocol": _protocol,
    "ratings (SQLite)": _ratings,
    "kept record": _kept_record,
    "kept record: text": _kept_record_text,
    "saved explanation": _explanation,
    "style code": _code,
    "project": _project,
}
CHOSEN = tuple(READERS)


def make_reader(name: str, folder: Path) -> Reader:
    """Make a reader with an empty folder of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if name in PLANTED_READERS:
        return Reader([b"seed" * 8], PLANTED_READERS[name], (ValueError,))
    return READERS[name](folder)


def trees_of(seeds: Iterable[bytes]) -> list[Any]:
    """The JSON in valid files."""
    return [json.loads(seed) for seed in seeds]
