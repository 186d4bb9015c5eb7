"""From an archive and back, on a real one: Orthanc with its DICOMweb plugin."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner, Result

import orthanc_server
from archived_eyes import PATIENT, STUDY, archived_eye
from dead_wire import Wire
from napari_latent_explain.cli.app import app
from napari_latent_explain.cohort.dicomweb import (
    Archive,
    ArchiveError,
    ArchiveLimits,
    Credentials,
    Search,
    UnreachableError,
    fetch,
    read_archive_address,
    search,
    store,
)
from napari_latent_explain.cohort.dicomweb.instance import retrieve, uids_of
from napari_latent_explain.fundus import simulate

pytest.importorskip("highdicom")
dicomweb_client = pytest.importorskip("dicomweb_client")

pytestmark = [
    pytest.mark.orthanc,
    pytest.mark.skipif(orthanc_server.programs() is None, reason="needs Orthanc with its DICOMweb plugin"),
]
LIMITS = ArchiveLimits(tries=2, first_wait=0.05, page=2)
NAME = "Canary^Jörg"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[orthanc_server.OrthancServer]:
    monkeypatch.setenv("LATENT_EXPLAIN_ARCHIVE_USER", orthanc_server.USER)
    monkeypatch.setenv("LATENT_EXPLAIN_ARCHIVE_PASSWORD", orthanc_server.PASSWORD)
    orthanc = orthanc_server.OrthancServer()
    try:
        orthanc.start()
        yield orthanc
    finally:
        orthanc.remove()


def _archive(url: str, password: str = orthanc_server.PASSWORD, **changes: object) -> Archive:
    who = Credentials.of_user(orthanc_server.USER, password)
    return Archive(read_archive_address(url), who, LIMITS.replace(**changes))


def _client(server: orthanc_server.OrthancServer):
    """Another program's client."""
    from dicomweb_client.session_utils import create_session_from_user_pass

    session = create_session_from_user_pass(orthanc_server.USER, orthanc_server.PASSWORD)
    return dicomweb_client.DICOMwebClient(server.url, session=session), session


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def _uploaded(folder: Path, *contents: bytes) -> list[Path]:
    folder.mkdir()
    for number, data in enumerate(contents, 1):
        (folder / f"{number}.dcm").write_bytes(data)
    return sorted(folder.iterdir())


def _kept(archive: Archive, path: Path) -> bytes | None:
    with path.open("rb") as stream:
        return retrieve(archive, *uids_of(pydicom.dcmread(stream)), lambda: None)


def test_a_photograph_is_fetched_explained_and_its_panel_stored_under_its_study(
    server: orthanc_server.OrthancServer, small_bundle: Path, tmp_path: Path
) -> None:
    eyes = [
        archived_eye(k, simulate(seed=k, size=160).picture, PatientName=NAME, SpecificCharacterSet="ISO_IR 100")
        for k in range(1, 4)
    ]
    angiogram = archived_eye(4, ImageType=["ORIGINAL", "PRIMARY", "", "FLUORESCEIN"], PatientName=NAME,
                             SpecificCharacterSet="ISO_IR 100")  # fmt: skip
    photographs = _uploaded(tmp_path / "camera", *eyes, angiogram)
    refused = _run("archive", "store", server.url, tmp_path / "camera")
    assert refused.exit_code == 1
    assert "does not have its study" in refused.stderr
    done = _run("archive", "store", server.url, tmp_path / "camera", "--new-studies")
    assert (done.exit_code, done.stdout.count(": stored")) == (0, 4), done.output
    listed = _run("archive", "list", server.url, "--json", "--date", "20260101-20260131", "--patient-id", PATIENT)
    assert [one["instance"] for one in json.loads(listed.stdout)] == [f"{STUDY}.1.{k}" for k in range(1, 5)]
    assert json.loads(_run("archive", "list", server.url, "--json", "--date", "20270101-").stdout) == []
    assert "anary" not in listed.stdout

    folder = tmp_path / "fetched"
    fetched = _run("archive", "fetch", server.url, "-o", folder, "--json")
    assert fetched.exit_code == 1
    tree = json.loads(fetched.stdout)
    assert [len(tree[name]) for name in ("new", "kept", "refused", "failed")] == [3, 0, 1, 0]
    assert "is a fluorescein angiogram" in tree["refused"][0]["why"]
    row = tree["new"][0]
    reference = folder / row["file"]
    assert reference.read_bytes() == eyes[0]

    explained = _run("explain", reference, "-o", tmp_path / "explained", "--model", small_bundle, "--no-checks")
    assert explained.exit_code == 0, explained.output
    (record,) = (tmp_path / "explained").iterdir()
    assert record.name == f"case-{row['sha256'][:16]}"
    for kind, more in (("named", ["--keep-patient"]), ("nameless", [])):
        for form in ("dicom", "sr"):
            words = ["-o", tmp_path / kind, "--format", form, "--date", "2026-02-01T10:00:00", "--reference", reference]
            assert _run("export", record, *words, *more).exit_code == 0
    nameless = _run("archive", "store", server.url, tmp_path / "nameless")
    assert nameless.exit_code == 1
    assert nameless.stderr.count("of another patient than its study in the archive (PatientID, PatientName") == 3
    stored = _run("archive", "store", server.url, tmp_path / "named", "--json")
    assert stored.exit_code == 0, stored.output
    lines = [json.loads(line) for line in stored.stdout.splitlines()]
    assert [(one["state"], one["study"], one["differences"]) for one in lines] == [("stored", STUDY, [])] * 3
    again = _run("archive", "store", server.url, tmp_path / "named")
    assert again.stdout.count("there already") == 3

    server.crash()
    server.start()
    archive = _archive(server.url)
    derived = sorted((tmp_path / "named").rglob("*.dcm"))
    for path in [*photographs, *derived]:
        assert _kept(archive, path) == path.read_bytes()
    client, session = _client(server)
    with session:
        (study,) = client.search_for_studies(search_filters={"PatientID": PATIENT})
        assert study["0020000D"]["Value"] == [STUDY]
        assert len(client.search_for_studies()) == 1
        assert len(client.search_for_instances(STUDY)) == 7
        for line in lines:
            (found,) = client.search_for_instances(STUDY, search_filters={"SOPInstanceUID": line["instance"]})
            made = client.retrieve_instance(STUDY, found["0020000E"]["Value"][0], line["instance"])
            _is_derived_from(made, eyes[0], tmp_path / "back.dcm")


def _is_derived_from(made, eye: bytes, path: Path) -> None:
    source = pydicom.dcmread(io.BytesIO(eye))
    for name in (
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyInstanceUID",
        "StudyDate",
        "AccessionNumber",
        "StudyID",
    ):
        assert made[name].value == source[name].value, name
    assert str(made.PatientName) == str(source.PatientName) == NAME
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    if "PixelData" in made:
        assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert np.asarray(made.pixel_array).std() > 10
    else:
        evidence = [
            item.ReferencedSOPInstanceUID
            for sequence in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
            for study in made.get(sequence, ())
            for series in study.ReferencedSeriesSequence
            for item in series.ReferencedSOPSequence
        ]
        assert source.SOPInstanceUID in evidence
    if shutil.which("dciodvfy"):
        made.save_as(path, enforce_file_format=True)
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        assert "SCImage" in done.stderr + done.stdout or "EnhancedSR" in done.stderr + done.stdout
        assert "Error" not in done.stderr + done.stdout


def test_a_server_that_is_killed_during_a_fetch(server: orthanc_server.OrthancServer, tmp_path: Path) -> None:
    files = _uploaded(tmp_path / "camera", *(archived_eye(k) for k in range(1, 7)))
    archive = _archive(server.url)
    assert {one.state for one in store(archive, files, new_studies=True)} == {"stored"}
    found = list(search(archive, Search()))
    assert len(found) == 6
    assert [one.instance for one in search(archive, Search(bits=16))] == [f"{STUDY}.1.3", f"{STUDY}.1.6"]

    def kills(what: str, share: float) -> None:
        if what == "photograph 4 of 6" and not crashed:
            server.crash()
            crashed.append(what)

    crashed: list[str] = []
    with pytest.raises(UnreachableError, match="Nothing answers at"):
        fetch(archive, found, tmp_path / "got", progress=kills)
    assert len(list((tmp_path / "got").glob("*.dcm"))) == 3
    server.start()
    done = fetch(archive, found, tmp_path / "got")
    assert (len(done.kept), len(done.new), done.failed) == (3, 3, [])
    got = sorted((tmp_path / "got").glob("*.dcm"))
    assert sorted(hashlib.sha256(path.read_bytes()).digest() for path in got) == sorted(
        hashlib.sha256(path.read_bytes()).digest() for path in files
    )


def test_a_connection_that_is_lost_while_storing(server: orthanc_server.OrthancServer, tmp_path: Path) -> None:
    files = _uploaded(tmp_path / "camera", archived_eye(1), archived_eye(2))
    with Wire(server.port) as wire:
        wire.mute_after(f"{hashlib.sha256(files[0].read_bytes()).hexdigest()}--".encode())  # the end of what is posted
        archive = _archive(server.url.replace(str(server.port), str(wire.port)), silent_seconds=0.5)
        with pytest.raises(UnreachableError):
            list(store(archive, files, new_studies=True))
    archive = _archive(server.url)
    assert [one.state for one in store(archive, files, new_studies=True)] == ["there already", "stored"]
    for path in files:
        assert _kept(archive, path) == path.read_bytes()
    client, session = _client(server)
    with session:
        assert len(client.search_for_instances()) == 2


def test_what_is_there_under_the_same_uid_stays(server: orthanc_server.OrthancServer, tmp_path: Path) -> None:
    first, other = _uploaded(tmp_path / "camera", archived_eye(1), archived_eye(1, StudyID="S2"))
    archive = _archive(server.url)
    states = [one.state for one in store(archive, [first, other], new_studies=True)]
    assert states == ["stored", "changed"]
    assert _kept(archive, first) == first.read_bytes()


def test_archives_that_cannot_be_used(server: orthanc_server.OrthancServer) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
    root = server.url.removesuffix("/dicom-web")
    for url, password, words in (
        (server.url, "canary-wrong", "does not accept the user and password"),
        (f"http://127.0.0.1:{nobody}/dicom-web", orthanc_server.PASSWORD, "Nothing answers at"),
        (root, orthanc_server.PASSWORD, "DICOMweb service"),
        (f"{root}/app", orthanc_server.PASSWORD, "DICOMweb service"),
    ):
        with pytest.raises(ArchiveError, match=words) as caught:
            list(search(_archive(url, password), Search()))
        assert "canary" not in str(caught.value)
