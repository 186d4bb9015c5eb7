"""Archives that speak DICOMweb, against one in this process that misbehaves."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import os
import pickle
import re
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from typer.testing import CliRunner

from archived_eyes import NAME, PATIENT, STUDY, archived_eye, to_bytes
from false_archive import Asked, FalseArchive
from napari_latent_explain.cli.app import app
from napari_latent_explain.cohort.dicomweb import (
    MANIFEST,
    AnswerError,
    Archive,
    ArchiveError,
    ArchiveLimits,
    Credentials,
    Search,
    UnreachableError,
    differences,
    fetch,
    read_archive_address,
    search,
    store,
)
from napari_latent_explain.cohort.dicomweb.answers import instance_in, list_in
from napari_latent_explain.cohort.dicomweb.transport import Answer
from napari_latent_explain.domain import Cancelled, LatentExplainError, WrongUseError
from napari_latent_explain.fundus.sources import photograph_sources

pytest.importorskip("dicomweb_client")

CANARY = "canary-Pä55"
QUICK = ArchiveLimits(
    seconds=5.0, silent_seconds=5.0, instance_bytes=2**20, list_bytes=2**18, tries=3, first_wait=0.01, page=2
)


def _archive(server: FalseArchive, **changes: object) -> Archive:
    who = Credentials.of_user("reader", CANARY)
    return Archive(read_archive_address(server.url), who, QUICK.replace(**changes))


def _dataset(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))


@pytest.fixture
def five():
    with FalseArchive(*(archived_eye(k) for k in range(1, 6))) as server:
        yield server


# --- the address and who asks


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://reader:canary@pacs/dicom-web", "has a user or password"),
        ("https://canary@pacs/dicom-web", "has a user or password"),
        ("https://pacs/dicom-web?key=canary", r"without \? or #"),
        ("https://pacs/dicom-web#canary", r"without \? or #"),
        ("ftp://pacs/canary", "can't be read"),
        ("canary", "can't be read"),
        ("https://pacs:canary/", "can't be read"),
        ("https://pa\ncanary/x", "can't be read"),
        ("https://[canary/x", "can't be read"),
        ("http://pacs.example.org/canary", "begins with http://"),
        ("http://127.0.0.1.example.org/canary", "begins with http://"),
    ],
)
def test_addresses_that_are_refused_are_not_repeated(address: str, words: str) -> None:
    with pytest.raises(ArchiveError, match=words) as caught:
        read_archive_address(address)
    assert "canary" not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize(
    ("address", "unencrypted", "base"),
    [
        ("https://pacs.example.org/dicom-web/", False, "https://pacs.example.org:443/dicom-web"),
        ("http://localhost:8042/dicom-web", False, "http://localhost:8042/dicom-web"),
        ("http://[::1]:8042", False, "http://[::1]:8042"),
        ("http://pacs.example.org/x", True, "http://pacs.example.org:80/x"),
    ],
)
def test_addresses_that_are_taken(address: str, unencrypted: bool, base: str) -> None:
    assert read_archive_address(address, unencrypted=unencrypted).base == base


def test_credentials_show_nothing_and_stay_here(tmp_path: Path) -> None:
    who = Credentials.of_user("reader", CANARY)
    for text in (repr(who), str(who), f"{who}", repr(Archive(read_archive_address("http://localhost/x"), who))):
        assert CANARY not in text
        assert "cmVhZGVy" not in text  # in base 64 neither
    with pytest.raises(TypeError):
        pickle.dumps(who)


def test_where_credentials_come_from(tmp_path: Path) -> None:
    user = Credentials.of_user("reader", "p:w").headers()
    variables = {"LATENT_EXPLAIN_ARCHIVE_USER": "reader", "LATENT_EXPLAIN_ARCHIVE_PASSWORD": "p:w"}
    assert Credentials.of_environment(variables).headers() == user == {"Authorization": "Basic cmVhZGVyOnA6dw=="}
    assert not Credentials.of_environment({})
    assert Credentials.of_environment({"LATENT_EXPLAIN_ARCHIVE_TOKEN": "abc"}).headers() == {
        "Authorization": "Bearer abc"
    }
    with pytest.raises(ArchiveError, match="one is missing"):
        Credentials.of_environment({"LATENT_EXPLAIN_ARCHIVE_USER": "reader"})
    path = tmp_path / "archive"
    path.write_text("reader:p:w\n")
    path.chmod(0o644)
    with pytest.raises(ArchiveError, match="chmod 600"):
        Credentials.of_file(path)
    path.chmod(0o600)
    assert Credentials.of_file(path).headers() == user
    path.write_text("Bearer abc\n")
    assert Credentials.of_file(path).headers() == {"Authorization": "Bearer abc"}
    for bad in ("canary", "Bearer ca nary", "reader:canary\x07"):
        path.write_text(bad)
        with pytest.raises(ArchiveError) as caught:
            Credentials.of_file(path)
        assert "canary" not in str(caught.value)


def test_nothing_heavy_is_imported_and_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys, napari_latent_explain.cohort.dicomweb as d\n"
        "print([m for m in ('torch', 'qtpy', 'napari', 'pydicom', 'dicomweb_client', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    monkeypatch.setitem(sys.modules, "dicomweb_client", None)
    with pytest.raises(ArchiveError, match=re.escape("napari-latent-explain[dicomweb]")):
        Archive(read_archive_address("http://localhost/x"))


# --- listing


def test_a_list_comes_in_pages_and_without_names(five: FalseArchive) -> None:
    archive = _archive(five)
    first = next(search(archive, Search()))
    assert len(five.questions) == 1  # no page that nobody has asked for yet
    found = list(search(archive, Search()))
    assert [one.instance for one in found] == list(five.instances)
    assert found[0] == first
    assert [one.bits for one in found] == [8, 8, 16, 8, 8]
    assert (found[0].eye, found[1].eye, found[0].rows, found[0].columns, found[0].date) == (
        "L",
        "R",
        48,
        64,
        "20260131",
    )
    assert "canary" not in repr(found).lower()
    assert [one.instance for one in search(archive, Search(), offset=3, limit=1)] == [f"{STUDY}.1.4"]
    assert [one.bits for one in search(archive, Search(bits=16))] == [16]


def test_only_what_a_person_gives_is_asked_for(five: FalseArchive) -> None:
    list(search(_archive(five), Search()))
    assert not any(word in path for _, path, _ in five.questions for word in ("PatientID", "AccessionNumber", "Date"))
    list(search(_archive(five), Search(patient=PATIENT, accession="A1", date="20260101-", study=STUDY)))
    asked = five.questions[-1][1]
    assert asked.startswith(f"/dicom-web/studies/{STUDY}/instances?")
    for word in (f"PatientID={PATIENT}", "AccessionNumber=A1", "StudyDate=20260101-", "Modality=OP"):
        assert word in asked


@pytest.mark.parametrize(
    "wrong", [{"date": "2026"}, {"date": "-"}, {"study": "../1"}, {"bits": 12}, {"patient": "a\nb"}]
)
def test_a_search_that_makes_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(WrongUseError):
        Search(**wrong)


def test_what_is_no_photograph_is_left_out_whatever_the_archive_lists() -> None:
    other = archived_eye(7, Modality="OPT")
    tomography = archived_eye(8, SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.5.4")
    with FalseArchive(archived_eye(1), other, tomography) as server:

        def ignores_the_question(asked: Asked) -> bool:
            asked.query = {}  # no filter, no pages: the whole list again and again
            return False

        server.misdeed = ignores_the_question
        assert [one.instance for one in search(_archive(server), Search())] == [f"{STUDY}.1.1"]


_UIDS = {"0020000D": {"Value": ["1.2"]}, "0020000E": {"Value": ["1.3"]}, "00080018": {"Value": ["1.4"]}}
_LISTED = _UIDS | {"00080016": {"Value": ["1.2.840.10008.5.1.4.1.1.77.1.5.1"]}, "00080060": {"Value": ["OP"]}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>Welcome</html>", "not DICOM JSON"),
        (b"[1, 2]", "not DICOM JSON"),
        (b'"text"', "not DICOM JSON"),
        (b"[" * 100_000, "not DICOM JSON"),
        (b"\xff\xfe\x00", "not DICOM JSON"),
        (b"[{" + b" " * 2**18 + b"}]", "larger than 0.25 MiB"),
    ],
)
def test_an_answer_of_wrong_shape_is_one_sentence(five: FalseArchive, body: bytes, words: str) -> None:
    five.misdeed = lambda asked: asked.give(200, body)
    with pytest.raises(ArchiveError, match=words):
        list(search(_archive(five), Search()))


@pytest.mark.parametrize(
    ("tag", "held"),
    [
        ("0020000D", {"Value": ["../../etc"]}), ("0020000E", {}), ("0020000E", 5), ("00080018", {"Value": ["1/2"]}),
        ("0020000D", {"Value": ["1" * 65]}), ("0020000D", {"Value": [{"a": 1}]}), ("0020000E", {"Value": "1.2"}),
    ],
)  # fmt: skip
def test_a_listed_photograph_without_real_uids_is_refused(five: FalseArchive, tag: str, held: object) -> None:
    five.misdeed = lambda asked: asked.give_json([_LISTED | {tag: held}])
    with pytest.raises(AnswerError, match="without the UIDs"):
        list(search(_archive(five), Search()))


@pytest.mark.parametrize("odd", [{"Value": [{"x": []}]}, {"Value": 7}, [], {"Value": ["\n" * 9]}, {"Value": [10**99]}])
def test_what_else_is_odd_in_a_list_is_not_told(five: FalseArchive, odd: object) -> None:
    five.misdeed = lambda asked: asked.give_json(
        [_LISTED | dict.fromkeys(("00080020", "00200062", "00280010", "00280008"), odd)]
    )
    (found,) = search(_archive(five), Search())
    assert (found.date, found.eye, found.rows, found.frames) == ("", "", 0, 1)


def test_a_kind_that_is_no_text_is_no_photograph(five: FalseArchive) -> None:
    five.misdeed = lambda asked: asked.give_json([_LISTED | {"00080016": {"Value": [{"1": []}]}}])
    assert list(search(_archive(five), Search())) == []


def test_a_list_without_end_is_left(five: FalseArchive) -> None:
    def goes_on(asked: Asked) -> bool:
        at = asked.query["offset"][0]
        return asked.give_json([_LISTED | {"00080018": {"Value": [f"1.{at}.{k}"]}} for k in range(10)])

    five.misdeed = goes_on
    with pytest.raises(ArchiveError, match="more than 50 objects"):
        list(search(_archive(five, entries=50), Search()))
    assert len(five.questions) == 6


_PARTS = st.lists(
    st.sampled_from(
        [b"--b", b"--", b"\r\n", b"\r\n\r\n", b"b", b"\0" * 128 + b"DICM", b"Content-Type: application/dicom"]
    )
    | st.binary(max_size=4),
    max_size=12,
).map(b"".join)


@given(
    body=st.one_of(st.binary(max_size=64), _PARTS),
    kind=st.one_of(st.text(max_size=60), st.sampled_from(["application/dicom", "multipart/related; boundary=b"])),
)
@settings(deadline=None, max_examples=300)
def test_whatever_an_answer_is_it_is_an_instance_or_refused(body: bytes, kind: str) -> None:
    for read in (instance_in, list_in):
        try:
            found = read(Answer(200, kind, body))
        except AnswerError:
            continue
        assert found == [] or (b"DICM" in body and found in body) or isinstance(found, list)


# --- the connection


def _drip(asked: Asked) -> bool:
    asked.send_response(200)
    asked.send_header("Content-Type", "application/dicom+json")
    asked.end_headers()
    for _ in range(200):
        asked.wfile.write(b" ")
        time.sleep(0.05)
    return True


def _drip_the_head(asked: Asked) -> bool:
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    return _drip(asked)


@pytest.mark.parametrize("slowly", [_drip, _drip_the_head])
def test_an_answer_that_drips_is_left(five: FalseArchive, slowly) -> None:
    five.misdeed = slowly
    began = time.monotonic()
    with pytest.raises(AnswerError, match=r"more than 0\.4 seconds"):
        list(search(_archive(five, seconds=0.4), Search()))
    assert time.monotonic() - began < 5
    assert len(five.questions) == 1  # and not asked for again


def test_a_body_without_end_is_not_read_to_it(five: FalseArchive, tmp_path: Path) -> None:
    sent = []

    def endless(asked: Asked) -> bool:
        if asked.steps[-1] != f"{STUDY}.1.2":
            return False
        asked.send_response(200)
        asked.send_header("Content-Type", "application/dicom")
        asked.end_headers()
        while True:
            asked.wfile.write(bytes(2**16))
            sent.append(2**16)

    five.misdeed = endless
    done = fetch(_archive(five), search(_archive(five), Search()), tmp_path)
    (failed,) = done.failed
    assert "larger than 1 MiB" in failed.why
    assert sum(sent) < 64 * 2**20
    assert len(done.new) == 4  # the rest goes on


def test_silence_and_a_wish_to_stop(five: FalseArchive) -> None:
    gone = threading.Event()

    def silent(asked: Asked) -> bool:
        asked.connection.settimeout(5)
        if asked.rfile.read(1) == b"":  # until the other side leaves
            gone.set()
        return True

    five.misdeed = silent
    with pytest.raises(UnreachableError, match="not answer in time"):
        list(search(_archive(five, silent_seconds=0.2, tries=1), Search()))
    assert gone.wait(5)
    gone.clear()
    began = time.monotonic()

    def wish(what: str, done: float) -> None:
        if time.monotonic() > began + 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(search(_archive(five, silent_seconds=30, seconds=30), Search(), progress=wish))
    assert time.monotonic() - began < 15  # long before it would have been silent for too long
    assert gone.wait(5)  # the connection was cut
    assert len(five.questions) == 2


def test_a_busy_archive_is_asked_again_with_growing_waits(five: FalseArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [503, 429]
    five.misdeed = lambda asked: bool(left) and asked.give(left.pop())
    assert len(list(search(_archive(five), Search()))) == 5
    five.questions.clear()
    five.misdeed = lambda asked: asked.give(503)
    with pytest.raises(UnreachableError, match=r"busy \(503\)"):
        list(search(_archive(five), Search()))
    assert len(five.questions) == 3
    limits = ArchiveLimits(first_wait=1, longest_wait=30)
    assert [limits.wait(k) for k in range(6)] == [1, 2, 4, 8, 16, 30]
    assert [limits.wait(0, asked=12), limits.wait(0, asked=86400)] == [12, 30]
    slow, waited = _archive(five, tries=2), []
    monkeypatch.setattr(Archive, "pause", lambda self, attempt, wanted, asked=0.0: waited.append((attempt, asked)))
    five.misdeed = lambda asked: asked.give(429, Retry_After="12")
    with pytest.raises(UnreachableError):
        list(search(slow, Search()))
    assert waited == [(0, 12.0)]


def test_an_error_of_the_archive_is_not_asked_for_again(five: FalseArchive) -> None:
    five.misdeed = lambda asked: asked.give(500, b"Traceback: patient Canary")
    with pytest.raises(ArchiveError, match="answers a list of photographs with 500") as caught:
        list(search(_archive(five), Search()))
    assert len(five.questions) == 1
    assert "Canary" not in str(caught.value)


def test_a_redirect_is_not_followed(five: FalseArchive) -> None:
    with FalseArchive() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            five.misdeed = lambda asked, status=status: asked.give(status, Location=elsewhere.url)
            with pytest.raises(ArchiveError, match=r"sends one on to 127\.0\.0\.1, where no password"):
                list(search(_archive(five), Search()))
        five.misdeed = lambda asked: asked.give(302, Location="http://[")
        with pytest.raises(ArchiveError, match="another address"):
            list(search(_archive(five), Search()))
        assert elsewhere.questions == []


@pytest.mark.parametrize("how", ["length", "chunks", "close", "packed"])
def test_half_an_answer_counts_for_nothing(five: FalseArchive, tmp_path: Path, how: str) -> None:
    data = five.instances[f"{STUDY}.1.1"]

    def half(asked: Asked) -> bool:
        if asked.steps[-1] not in five.instances:
            return False
        if how == "packed":
            return asked.give(200, data, "application/dicom", Content_Encoding="gzip")
        head = {"length": f"Content-Length: {len(data)}", "chunks": "Transfer-Encoding: chunked", "close": "X-None: 1"}[
            how
        ]
        start = f"{len(data):x}\r\n".encode() if how == "chunks" else b""
        part = b"--b\r\n\r\n" + data[: len(data) // 2] if how == "close" else data[: len(data) // 2]
        kind = 'multipart/related; boundary="b"' if how == "close" else "application/dicom"
        asked.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{head}\r\n\r\n".encode() + start + part)
        asked.close_connection = True
        return True

    found = list(search(_archive(five), Search(), limit=1))
    five.misdeed = half
    if how in ("length", "chunks"):
        with pytest.raises(UnreachableError, match="was lost"):
            fetch(_archive(five), found, tmp_path)
        assert five.paths().count(f"/dicom-web/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1") == 3
    else:
        assert len(fetch(_archive(five), found, tmp_path).failed) == 1
    assert not list(tmp_path.glob("*.dcm"))


def test_encryption_is_verified(tmp_path: Path) -> None:
    def made(name: str, names: str) -> tuple[Path, Path]:
        pair = tmp_path / f"{name}.crt", tmp_path / f"{name}.key"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=archive"]
        subprocess.run([*command, "-addext", f"subjectAltName={names}", "-keyout", pair[1], "-out", pair[0]],
                       check=True, capture_output=True)  # fmt: skip
        return pair

    right, other = made("right", "IP:127.0.0.1"), made("other", "DNS:elsewhere")
    for pair, ca, words in (
        (right, None, "is not trusted"), (right, other[0], "is not trusted"), (other, other[0], "is not trusted"),
        (right, right[0], None),
    ):  # fmt: skip
        with FalseArchive(archived_eye(1), certificate=pair) as server:
            archive = Archive(read_archive_address(server.url), Credentials.of_user("reader", CANARY), QUICK, ca)
            if words is None:
                assert len(list(search(archive, Search()))) == 1
            else:
                with pytest.raises(ArchiveError, match=words):
                    list(search(archive, Search()))
                assert server.questions == []  # nothing was asked, so that no password was sent
    with FalseArchive() as plain:
        archive = Archive(read_archive_address(plain.url.replace("http:", "https:")), limits=QUICK)
        with pytest.raises(ArchiveError, match="does not speak TLS"):
            list(search(archive, Search()))
    with pytest.raises(ArchiveError, match="can't be read as certificates"):
        Archive(read_archive_address("https://localhost/x"), ca=tmp_path / "none.pem")


# --- fetching


def test_files_are_whole_named_by_hashes_and_told_apart_by_a_table(five: FalseArchive, tmp_path: Path) -> None:
    tmp_path = tmp_path / "new"
    told = []
    archive = _archive(five)
    done = fetch(archive, search(archive, Search()), tmp_path, progress=lambda what, share: told.append((what, share)))
    assert (len(done.new), done.kept, done.refused, done.failed) == (5, [], [], [])
    assert told[-1] == ("5 photographs", 1.0)
    assert [share for _, share in told] == sorted(share for _, share in told)
    with (tmp_path / MANIFEST).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["instance"] for row in rows] == list(five.instances)
    for row in rows:
        data = (tmp_path / row["file"]).read_bytes()
        assert data == five.instances[row["instance"]]
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert (row["study"], row["series"]) == (STUDY, f"{STUDY}.1")
        assert re.fullmatch(r"[0-9a-f]{32}\.dcm", row["file"])
    assert len(list(tmp_path.iterdir())) == 6
    assert (
        os.name != "posix" or tmp_path.stat().st_mode & 0o077 == 0
    )  # for its owner alone: patients' names are in them
    sources = photograph_sources(tmp_path)
    assert [source.name for source in sources] == [row["file"] for row in rows]
    assert sources[2].read().pixels.dtype == np.uint16


def test_a_second_fetch_asks_for_what_is_missing_alone(five: FalseArchive, tmp_path: Path) -> None:
    archive = _archive(five)
    found = list(search(archive, Search()))
    first = fetch(archive, found, tmp_path)
    files = [tmp_path / row.file for row in first.new]
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-1] + b"!")
    manifest = (tmp_path / MANIFEST).read_text().splitlines(keepends=True)
    (tmp_path / MANIFEST).write_text("".join(manifest[:3] + manifest[4:]))  # as if killed between file and row
    five.questions.clear()
    second = fetch(archive, found, tmp_path)
    assert [path.rsplit(".", 1)[1] for path in five.paths()] == ["1", "2"]
    assert [row.instance[-1] for row in second.new] == ["1", "2"]
    assert [row.instance[-1] for row in second.kept] == ["3", "4", "5"]
    assert sorted((tmp_path / MANIFEST).read_text().splitlines()) == sorted("".join(manifest).splitlines())


def test_what_is_no_fundus_photograph_is_refused_by_what_it_is(tmp_path: Path) -> None:
    angiogram = archived_eye(2, ImageType=["ORIGINAL", "PRIMARY", "", "FLUORESCEIN"])
    report = archived_eye(4)
    with FalseArchive(archived_eye(1), angiogram, report, archived_eye(5)) as server:
        archive = _archive(server)
        found = list(search(archive, Search()))
        dataset = _dataset(report)
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.22"
        server.keep(to_bytes(dataset))  # what was listed as a photograph is none
        done = fetch(archive, found, tmp_path)
        assert [row.instance[-1] for row in done.new] == ["1", "5"]
        assert [re.sub(r"^'\w+\.dcm' ", "", row.why) for row in done.refused] == [
            "is a fluorescein angiogram, not a colour photograph, and the model knows colour alone: choose that one.",
            "is an Enhanced SR, not a fundus photograph: choose an Ophthalmic Photography file.",
        ]
        assert len(list(tmp_path.glob("*.dcm"))) == 2
        assert (tmp_path / "refused.csv").read_text().count("\n") == 3
        server.questions.clear()
        again = fetch(archive, found, tmp_path)
        assert server.questions == []
        assert (again.kept, again.refused) == (done.new, done.refused)


def test_one_that_fails_is_told_and_asked_for_again(five: FalseArchive, tmp_path: Path) -> None:
    wrong = {
        "1": lambda asked: asked.give(500),
        "2": lambda asked: asked.give(404),
        "3": lambda asked: asked.give_instance(five.instances[f"{STUDY}.1.4"]),
        "4": lambda asked: asked.give_instance(b"\0" * 128 + b"DICM" + b"garbage" * 99),
        "5": lambda asked: asked.give(200, b"<html>", "text/html"),
    }
    archive = _archive(five)
    found = list(search(archive, Search()))
    five.misdeed = lambda asked: asked.steps[-1] in five.instances and wrong[asked.steps[-1][-1]](asked)
    done = fetch(archive, found, tmp_path)
    words = ["answers 500", "doesn't have it", "another instance", "", "not one DICOM file"]
    assert len(done.failed) == 5
    for row, word in zip(done.failed, words, strict=True):
        assert word in row.why
    assert not list(tmp_path.glob("*.dcm"))
    five.misdeed = lambda asked: False
    assert len(fetch(archive, found, tmp_path).new) == 5


def test_a_fetch_that_is_stopped_leaves_what_it_had(five: FalseArchive, tmp_path: Path) -> None:
    archive = _archive(five)
    found = list(search(archive, Search()))

    def wish(what: str, share: float) -> None:
        if what == "photograph 4 of 5":
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(archive, found, tmp_path, progress=wish)
    assert [source.name for source in photograph_sources(tmp_path)] == [
        row.file for row in fetch(archive, found[:3], tmp_path).kept
    ]
    assert len(list(tmp_path.iterdir())) == 4
    assert len(fetch(archive, found, tmp_path).new) == 2


def test_a_folder_with_another_table_is_left_alone(five: FalseArchive, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("file,label\na.png,1\n")
    with pytest.raises(ArchiveError, match="not written by fetching"):
        fetch(_archive(five), search(_archive(five), Search()), tmp_path)
    assert (tmp_path / MANIFEST).read_text() == "file,label\na.png,1\n"


# --- storing


def _files(folder: Path, *contents: bytes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{k}.dcm" for k in range(len(contents))]
    for path, data in zip(paths, contents, strict=True):
        path.write_bytes(data)
    return paths


def test_what_is_stored_is_read_back_and_not_stored_twice(five: FalseArchive, tmp_path: Path) -> None:
    files = _files(tmp_path, archived_eye(6), archived_eye(7), five.instances[f"{STUDY}.1.1"])
    first = list(store(_archive(five), files))
    assert [one.state for one in first] == ["stored", "stored", "there already"]
    assert [five.instances[one.instance] for one in first] == [path.read_bytes() for path in files]
    assert five.paths("POST") == [f"/dicom-web/studies/{STUDY}"] * 2
    assert [one.state for one in store(_archive(five), files)] == ["there already"] * 3
    assert five.posted == 2


@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_connection_stores_nothing_twice(five: FalseArchive, tmp_path: Path, arrived: bool) -> None:
    lost = [1]

    def breaks(asked: Asked) -> bool:
        if asked.command != "POST" or not lost:
            return False
        lost.clear()
        if arrived:
            five.keep(five.sent(asked))
        asked.close_connection = True
        asked.connection.close()
        return True

    five.misdeed = breaks
    (path,) = _files(tmp_path, archived_eye(6))
    (one,) = store(_archive(five), [path])
    assert (one.state, five.posted) == ("stored", 0 if arrived else 1)
    assert five.instances[one.instance] == path.read_bytes()


@pytest.mark.parametrize("late", [1, 2, 9])
def test_an_archive_that_puts_in_order_later(five: FalseArchive, tmp_path: Path, late: int) -> None:
    (path,) = _files(tmp_path, archived_eye(6))
    left = [None] * late
    five.misdeed = lambda asked: (
        bool(five.posted and asked.command == "GET" and left and not left.pop()) and asked.give(404)
    )
    (one,) = store(_archive(five), [path])
    assert (one.state, five.posted) == ("refused" if late == 9 else "stored", 1)


def test_what_cannot_be_read_back_is_unconfirmed(five: FalseArchive, tmp_path: Path) -> None:
    files = _files(tmp_path, archived_eye(6), archived_eye(7))
    five.misdeed = lambda asked: (
        bool(asked.command == "GET" and five.posted == 1 and asked.steps[-1][-1] == "6") and asked.give(500)
    )
    first, second = store(_archive(five), files)
    assert (first.state, second.state) == ("unconfirmed", "stored")
    assert "store it again to see. The archive answers 500" in first.why
    five.misdeed = lambda asked: False
    assert [one.state for one in store(_archive(five), files)] == ["there already"] * 2


def test_it_is_read_back_as_it_was_sent(five: FalseArchive, tmp_path: Path) -> None:
    accepted = []

    def knows_one_syntax(asked: Asked) -> bool:
        accepted.append(asked.headers["Accept"].partition("transfer-syntax=")[2])
        return bool(accepted[-1] not in ("", "*") and asked.steps[-1] == f"{STUDY}.1.2") and asked.give(406)

    five.misdeed = knows_one_syntax
    files = _files(tmp_path, five.instances[f"{STUDY}.1.1"], five.instances[f"{STUDY}.1.2"])
    assert [one.state for one in store(_archive(five), files)] == ["there already"] * 2
    assert list(filter(None, accepted)) == ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1", "*"]


def _says(tag: str, item: dict[str, object], status: int = 200):
    def misdeed(asked: Asked) -> bool:
        uid = {"00081155": {"vr": "UI", "Value": [f"{STUDY}.1.6"]}}
        return asked.command == "POST" and asked.give_json({tag: {"vr": "SQ", "Value": [uid | item]}}, status)

    return misdeed


def _code(tag: str, code: int) -> dict[str, object]:
    return {tag: {"vr": "US", "Value": [code]}}


@pytest.mark.parametrize(
    ("misdeed", "words"),
    [
        (_says("00081198", _code("00081197", 0x0110), 409), r"it failed at it \(0110\)"),
        (_says("00081198", _code("00081197", 0x0122), 202), r"does not take the SOP class \(0122\)"),
        (_says("00081198", _code("00081197", 0xA700)), r"no room \(A700\)"),
        (_says("00081198", _code("00081197", 0xA901)), r"not what its SOP class wants \(A901\)"),
        (_says("00081198", _code("00081197", 0xC122)), r"transfer syntax \(C122\)"),
        (_says("00081198", {}), r"does not say why \(0000\)"),
        (_says("00081199", {}), "confirmed it and doesn't have it"),
        (lambda asked: asked.command == "POST" and asked.give(409), r"refuses the object \(HTTP 409\)"),
        (lambda asked: asked.command == "POST" and asked.give(413), r"too large for it \(HTTP 413\)"),
        (lambda asked: asked.command == "POST" and asked.give(500, b"<html>", "text/html"), r"say why \(HTTP 500\)"),
        (lambda asked: asked.command == "POST" and asked.give(200, b"gibberish"), "confirmed it and doesn't have it"),
    ],
)
def test_an_archive_that_does_not_store(five: FalseArchive, tmp_path: Path, misdeed, words: str) -> None:
    five.misdeed = misdeed
    (one,) = store(_archive(five), _files(tmp_path, archived_eye(6)))
    assert one.state == "refused"
    assert re.search(words, one.why)


def test_what_an_archive_coerces_is_told(five: FalseArchive, tmp_path: Path) -> None:
    def coerces(asked: Asked) -> bool:
        if asked.command != "POST":
            return False
        dataset = _dataset(five.sent(asked))
        dataset.StudyID, dataset.InstitutionName = "changed", "Canary clinic"
        del dataset.Manufacturer
        five.keep(to_bytes(dataset))
        return _says("00081199", _code("00081196", 0xB000), 202)(asked)

    five.misdeed = coerces
    (one,) = store(_archive(five), _files(tmp_path, archived_eye(6)))
    assert one.state == "changed"
    assert one.warnings == ("values were changed (B000)",)
    assert set(one.differences) == {("lost", "Manufacturer"), ("changed", "StudyID"), ("added", "InstitutionName")}
    assert "Manufacturer (lost), StudyID (changed)" in one.why
    assert "canary" not in repr(one).lower()


def test_attributes_that_are_added_and_changed_pixels(five: FalseArchive, tmp_path: Path) -> None:
    def adds(asked: Asked) -> bool:
        if asked.command == "POST":
            dataset = _dataset(five.sent(asked))
            dataset.InstitutionName = "Clinic"
            if dataset.InstanceNumber == 7:
                dataset.PixelData = bytes([dataset.PixelData[0] ^ 1]) + dataset.PixelData[1:]
            five.keep(to_bytes(dataset))
        return asked.command == "POST" and asked.give(200)

    five.misdeed = adds
    added, other = store(_archive(five), _files(tmp_path, archived_eye(6), archived_eye(7)))
    assert (added.state, added.differences) == ("stored", (("added", "InstitutionName"),))
    assert other.state == "changed"
    assert ("changed", "PixelData") in other.differences


def test_another_object_of_the_same_uid_is_not_overwritten(five: FalseArchive, tmp_path: Path) -> None:
    (one,) = store(_archive(five), _files(tmp_path, archived_eye(1, StudyID="S2")))
    assert one.state == "changed"
    assert "StudyID (changed): it has another object of the same UID, and the file was not sent" in one.why
    assert five.posted == 0


def test_nothing_gets_under_another_patient_or_into_a_study_that_is_not_there(
    five: FalseArchive, tmp_path: Path
) -> None:
    someone = archived_eye(6, PatientName="Canary^Other", PatientID="case 1", PatientBirthDate="")
    elsewhere = archived_eye(7, study="1.2.3")
    files = _files(tmp_path, someone, elsewhere, b"no DICOM", archived_eye(8, SeriesInstanceUID=""))
    found = list(store(_archive(five), files))
    assert [one.state for one in found] == ["refused"] * 4
    assert (
        "another patient than its study in the archive (PatientID, PatientName, PatientBirthDate differ)"
        in found[0].why
    )
    assert "does not have its study" in found[1].why
    assert "no DICOM file" in found[2].why
    assert "lacks UIDs" in found[3].why
    assert five.posted == 0
    assert "canary" not in repr([one.why for one in found]).lower()
    taken = list(store(_archive(five), files[:2], new_studies=True))
    assert [one.state for one in taken] == ["refused", "stored"]  # not even then


def test_a_study_under_two_patients(five: FalseArchive, tmp_path: Path) -> None:
    twice = {"0020000D": {"Value": [STUDY]}}
    five.misdeed = lambda asked: (
        asked.steps[-1] == "studies" and asked.command == "GET" and asked.give_json([twice, twice])
    )
    with pytest.raises(ArchiveError, match="under two patients"):
        list(store(_archive(five), _files(tmp_path, archived_eye(6))))
    assert five.posted == 0


def test_differences_go_into_sequences_and_know_empty_from_lost() -> None:
    def made() -> Dataset:
        one, item, inner = Dataset(), Dataset(), Dataset()
        inner.CodeValue, inner.CodeMeaning = "1", "a"
        item.PurposeOfReferenceCodeSequence = [inner]
        item.ReferencedSOPInstanceUID = "1.2"
        one.SourceImageSequence = [item]
        one.PatientName, one.ImageType, one.AccessionNumber = "A^B", ["DERIVED", "SECONDARY"], ""
        one.add_new(0x00091001, "LO", "private")
        return one

    assert differences(made(), made()) == ()
    other = made()
    other.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeMeaning = "b"
    other.PatientName, other.ImageType, other.AccessionNumber = "A^C", ["DERIVED", "PRIMARY"], None
    del other[0x00091001]
    assert set(differences(made(), other)) == {
        ("changed", "SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeMeaning"), ("changed", "PatientName"),
        ("changed", "ImageType"), ("lost", "(0009,1001)"),
    }  # fmt: skip
    longer = made()
    longer.SourceImageSequence.append(Dataset())
    assert differences(made(), longer) == (("changed", "SourceImageSequence"),)


# --- nothing of patients or passwords


def test_no_password_and_no_patient_is_told(
    five: FalseArchive, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("LATENT_EXPLAIN_ARCHIVE_USER", "reader")
    monkeypatch.setenv("LATENT_EXPLAIN_ARCHIVE_PASSWORD", CANARY)
    said, runs = [], []
    misdeeds = [
        lambda asked: False,
        *(lambda asked, status=status: asked.give(status, b"Canary", Location="http://elsewhere/canary")
          for status in (302, 401, 403, 404, 500, 503)),
        lambda asked: asked.give(200, b"Canary", "text/canary"),
        lambda asked: asked.wfile.write(b"Canary Canary\r\n\r\n") or True,
    ]  # fmt: skip
    files = _files(tmp_path / "Canary", archived_eye(6), archived_eye(7, PatientName="Canary^Other"))
    commands = [
        ["list", five.url, "--patient-id", PATIENT], ["list", five.url, "--json"],
        ["fetch", five.url, "-o", str(tmp_path / "got")], ["fetch", five.url, "-o", str(tmp_path / "got"), "--json"],
        ["store", five.url, str(tmp_path / "Canary")], ["store", five.url, str(files[0]), "--json"],
    ]  # fmt: skip
    for misdeed in misdeeds:
        five.misdeed = misdeed
        for command in commands:
            done = CliRunner().invoke(app, ["archive", *command, "--tries", "1"])
            runs.append(done.exit_code)
            said += [done.output, str(done.exception), "".join(traceback.format_exception(done.exception))]
            assert done.exception is None or isinstance(done.exception, (LatentExplainError, SystemExit))
    assert runs[:6] == [0, 0, 0, 0, 1, 0]
    assert sum(map(bool, runs[6:])) == len(runs) - 6
    sent = [headers["Authorization"] for _, _, headers in five.questions]
    secrets = [CANARY, CANARY.encode().hex(), *set(sent), *(text.split()[1] for text in set(sent)), "canary"]
    written = [path.read_text("latin-1") for path in (tmp_path / "got").glob("*.csv")]
    for text in [*said, caplog.text, *written, *(path.name for path in (tmp_path / "got").iterdir())]:
        for secret in secrets:
            assert secret.lower() not in text.lower().replace(str(tmp_path).lower(), ""), text
    assert (
        NAME.split("^")[0].encode()
        in (tmp_path / "got" / min(p.name for p in (tmp_path / "got").glob("*.dcm"))).read_bytes()
    )


def test_a_person_is_asked_for_the_password(five: FalseArchive) -> None:
    done = CliRunner().invoke(app, ["archive", "list", five.url, "--login", "--json"], input=f"reader\n{CANARY}\n")
    assert done.exit_code == 0, done.output
    assert CANARY not in done.output
    assert five.questions[0][2]["Authorization"] == Credentials.of_user("reader", CANARY).headers()["Authorization"]
