"""The child that decodes: it dies of hostile files, and nothing else does."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from napari_latent_explain.decoding import Decoders, Limits, Refusal, Request, interpreter, shared_decoders, worker
from napari_latent_explain.domain import Cancelled, PhotographError
from napari_latent_explain.fundus import read_photograph, reader

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to these limits")
HERE = "decoders_for_tests:misbehave"


@pytest.fixture
def decoders():
    made = Decoders(Limits(seconds=3, memory=2**30, cpu_seconds=60), most=1, entry=HERE)
    yield made
    made.close()


def pid(decoders: Decoders) -> str:
    return decoders.ask(Request(), b"well").facts.device


def test_one_child_reads_many_files(decoders) -> None:
    assert len({pid(decoders) for _ in range(5)}) == 1
    assert pid(decoders) != str(os.getpid())


@pytest.mark.parametrize("how", ["abort", "segfault", "exit"])
def test_a_file_that_ends_the_child_is_refused_and_the_next_is_read(decoders, how) -> None:
    before = pid(decoders)
    with pytest.raises(Refusal, match="makes the program that decodes pictures crash"):
        decoders.ask(Request(), how.encode())
    assert pid(decoders) != before


def test_a_first_file_may_end_the_child_too(decoders) -> None:
    with pytest.raises(Refusal, match="crash"):
        decoders.ask(Request(), b"abort")
    assert pid(decoders)


@pytest.mark.parametrize("how", ["hang", "burn"])
def test_a_file_that_takes_forever_is_refused_in_time(decoders, how) -> None:
    before, begin = pid(decoders), time.monotonic()
    with pytest.raises(Refusal, match="takes more than 3 seconds"):
        decoders.ask(Request(), how.encode())
    assert time.monotonic() - begin < 30
    assert pid(decoders) != before
    gone(before)


def gone(child: str) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)


@LINUX
def test_processor_time_is_limited_for_each_file() -> None:
    decoders = Decoders(Limits(seconds=60, cpu_seconds=1), most=1, entry=HERE)
    try:
        pid(decoders)
        with pytest.raises(Refusal, match="takes more than 1 seconds"):
            decoders.ask(Request(), b"burn")
        assert pid(decoders)
    finally:
        decoders.close()


@LINUX
def test_a_file_that_eats_memory_is_refused() -> None:
    decoders = Decoders(Limits(memory=2**29), most=1, entry=HERE)
    try:
        before = pid(decoders)
        with pytest.raises(Refusal, match="does not fit into memory"):
            decoders.ask(Request(), b"eat")
        assert pid(decoders) == before
    finally:
        decoders.close()


@LINUX
def test_the_child_writes_no_file(decoders) -> None:
    with pytest.raises(Refusal):
        decoders.ask(Request(), b"write")
    left = Path("/tmp/latent_explain_must_not_be_there")  # noqa: S108
    assert not left.exists() or not left.stat().st_size
    left.unlink(missing_ok=True)


def test_what_a_decoder_prints_is_no_answer_and_goes_nowhere(decoders, capfd) -> None:
    assert decoders.ask(Request(), b"print").pixels[0, 0].tolist() == [5, 5, 5]
    assert "Zzyxquark" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("how", ["error", "recurse"])
def test_whatever_a_decoder_raises_is_a_damaged_file(decoders, how) -> None:
    with pytest.raises(Refusal, match="is damaged or cut short") as refusal:
        decoders.ask(Request(), how.encode())
    assert "Zzyxquark" not in str(refusal.value)


def test_words_of_the_child_are_one_short_line(decoders) -> None:
    with pytest.raises(Refusal) as refusal:
        decoders.ask(Request(), b"refuse")
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) <= 300


@pytest.mark.parametrize("how", ["lie", "nonsense"])
def test_impossible_facts_are_not_believed(decoders, how) -> None:
    with pytest.raises(Refusal, match="crash"):
        decoders.ask(Request(), how.encode())
    assert pid(decoders)


def test_a_child_that_was_taken_over_gets_nothing_by_talking_nonsense() -> None:
    rng = np.random.default_rng(0)
    decoders = Decoders(Limits(seconds=5), most=1, entry="decoders_for_tests:talk_nonsense")
    try:
        for size in (1, 22, 23, 1000):
            with pytest.raises(Refusal, match=r"crash|takes more than"):
                decoders.ask(Request(), b"LEx1\x00\x01" + rng.bytes(size))
    finally:
        decoders.close()


def test_to_cancel_kills_the_child(decoders) -> None:
    before, told = pid(decoders), []

    def stop() -> None:
        told.append(1)
        if len(told) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        decoders.ask(Request(), b"hang", stop)
    gone(before)
    assert pid(decoders) != before


def test_a_new_child_takes_over_after_some_files() -> None:
    decoders = Decoders(Limits(files=3), most=1, entry=HERE)
    try:
        assert len({pid(decoders) for _ in range(7)}) == 3
    finally:
        decoders.close()


def test_a_child_that_died_meanwhile_costs_no_file(decoders) -> None:
    before = pid(decoders)
    os.kill(int(before), 9)
    for _ in range(100):
        time.sleep(0.01)
        if not decoders._idle[0].alive:
            break
    assert pid(decoders) != before


def test_threads_share_the_children() -> None:
    decoders, found = Decoders(most=2, entry=HERE), []
    threads = [threading.Thread(target=lambda: found.append(pid(decoders))) for _ in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(found) == 8
        assert 1 <= len(set(found)) <= 2
    finally:
        decoders.close()


def test_a_python_that_does_not_start_is_named(monkeypatch) -> None:
    monkeypatch.setattr(worker, "python_executable", lambda: "/bin/false")
    decoders = Decoders(entry=HERE)
    with pytest.raises(Refusal, match="the process that decodes pictures does not start"):
        decoders.ask(Request(), b"well")
    monkeypatch.setattr(worker, "python_executable", lambda: "/nowhere/python")
    with pytest.raises(Refusal, match="does not start"):
        decoders.ask(Request(), b"well")


def test_an_application_that_is_no_python_is_never_started(monkeypatch, tmp_path) -> None:
    application = tmp_path / "napari"
    application.write_text("")
    monkeypatch.setattr(sys, "executable", str(application))
    monkeypatch.setattr(multiprocessing.spawn, "get_executable", lambda: str(application).encode())
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    with pytest.raises(Refusal, match=r"multiprocessing\.set_executable"):
        interpreter.python_executable()
    (tmp_path / "bin").mkdir()
    bundled = tmp_path / ("python.exe" if os.name == "nt" else "bin/python3")
    bundled.write_text("")
    assert interpreter.python_executable() == str(bundled)
    set_one = tmp_path / "python3.12"
    set_one.write_text("")
    monkeypatch.setattr(multiprocessing.spawn, "get_executable", lambda: str(set_one).encode())
    assert interpreter.python_executable() == str(set_one)


def test_the_child_imports_little() -> None:
    code = (
        "import sys, json; import napari_latent_explain.decoding.child, napari_latent_explain.decoding.tasks, "
        "napari_latent_explain.decoding.picture; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    )
    loaded = set(
        json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
    )
    assert not loaded & {
        "torch",
        "napari",
        "pydantic",
        "scipy",
        "skimage",
        "qtpy",
        "pydicom",
        "highdicom",
        "tifffile",
        "monai",
    }
    assert {"numpy", "PIL"} <= loaded


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_copy_has_children_of_its_own(tmp_path) -> None:
    Image.fromarray(np.full((4, 5, 3), 9, np.uint8)).save(tmp_path / "eye.png")
    read_photograph(tmp_path / "eye.png")
    mine = shared_decoders()._idle[0]._process.pid
    forked = os.fork()
    if not forked:
        worst = 1
        try:
            same = read_photograph(tmp_path / "eye.png").pixels[0, 0, 0] == 9
            worst = 0 if same and shared_decoders()._idle[0]._process.pid != mine else 2
            shared_decoders().close()
        finally:
            os._exit(worst)
    assert os.waitpid(forked, 0)[1] == 0
    assert read_photograph(tmp_path / "eye.png").pixels[0, 0, 0] == 9
    assert shared_decoders()._idle[0]._process.pid == mine


def test_children_end_with_the_program(tmp_path) -> None:
    Image.fromarray(np.full((4, 5, 3), 9, np.uint8)).save(tmp_path / "eye.png")
    code = (
        "import sys; from napari_latent_explain.fundus import read_photograph; read_photograph(sys.argv[1]); "
        "from napari_latent_explain.decoding import shared_decoders; print(shared_decoders()._idle[0]._process.pid)"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "eye.png")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    gone(done.stdout)


def test_the_reader_names_the_file_and_hashes_what_was_decoded(tmp_path, monkeypatch) -> None:
    (tmp_path / "abort.jpg").write_bytes(b"abort")
    (tmp_path / "next.jpg").write_bytes(b"well")
    decoders = Decoders(entry=HERE)
    monkeypatch.setattr(reader, "shared_decoders", lambda: decoders)
    try:
        with pytest.raises(PhotographError, match=r"^'abort.jpg' makes the program .* crash.*\.$"):
            read_photograph(tmp_path / "abort.jpg")
        assert read_photograph(tmp_path / "next.jpg").pixels.shape == (2, 3, 3)
        stopped = []

        def stop(what: str, done: float) -> None:
            stopped.append(what)
            raise Cancelled

        (tmp_path / "hang.jpg").write_bytes(b"hang")
        with pytest.raises(Cancelled):
            read_photograph(tmp_path / "hang.jpg", progress=stop)
        assert stopped == ["Reading hang.jpg"]
    finally:
        decoders.close()
