"""The commands under ``cohort``."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from napari_latent_explain.cli.app import app
from napari_latent_explain.cohort.store import cohort_run
from napari_latent_explain.domain import BundleError, ProjectError, WrongUseError
from napari_latent_explain.fundus import simulate

CANARY = "Meier_Hans_1950"
runner = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two eyes and a broken file, with labels."""
    folder = tmp_path / "data"
    folder.mkdir()
    for seed in range(2):
        Image.fromarray(simulate(seed=seed, size=96).picture).save(folder / f"{CANARY}{seed}.png")
    (folder / f"{CANARY}_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "labels.csv").write_text(f"file,label\n{CANARY}0.png,ill\n{CANARY}1.png,well\n{CANARY}_broken.png,ill\n")
    return folder


def cohort(*arguments: object) -> list[str]:
    return ["cohort", *map(str, arguments)]


def test_stages_summary_and_failures(tmp_path: Path, data: Path, small_bundle: Path) -> None:
    store = tmp_path / "store"
    common = ("--output", store, "--model", small_bundle, "--processes", 0, "--json")
    done = runner.invoke(app, cohort("invert", data / "labels.csv", *common, "--steps", 1))
    assert done.exit_code == 1, done.output
    assert json.loads(done.stdout) == {
        "output": str(store), "stage": "invert", "worked_on": 3, "in_store": 3, "failures": 1, "unread": 0,
    }  # fmt: skip
    found = runner.invoke(app, cohort("counterfactual", data / "labels.csv", *common))
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["worked_on"] == 2
    tree = json.loads(runner.invoke(app, cohort("summary", store, "--json")).stdout)
    assert tree["all"]["outcomes"] == {"done": 2, "refused": 1}
    assert {label: group["photographs"] for label, group in tree["by_label"].items()} == {"ill": 2, "well": 1}
    shown = runner.invoke(app, cohort("summary", store)).stdout
    assert "'ill'" in shown
    assert "1 times refused: The photograph is not a JPEG" in shown
    plain = runner.invoke(app, cohort("failures", store))
    assert "invert, refused, " in plain.stdout
    assert CANARY not in plain.output + done.output + found.output + shown
    named = runner.invoke(app, cohort("failures", store, "--name-files", "--json"))
    assert json.loads(named.stdout)["files"] == [f"{CANARY}_broken.png"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_says_how_to_go_on(
    tmp_path: Path, data: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def stop(*_: object, **__: object) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr(cohort_run, "run_chunks", stop)
    common = ("--output", tmp_path / "store", "--model", small_bundle, "--processes", 0)
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a job in the background ignores it from the start
    try:
        stopped = runner.invoke(app, cohort("invert", data, *common))
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped.exit_code == 130
    assert "what is done is kept, and the same command goes on with the rest" in stopped.stderr


def test_refusals_are_sentences(tmp_path: Path, data: Path, small_bundle: Path) -> None:
    common = ("--output", tmp_path / "store", "--processes", 0)
    for arguments, kind, words in (
        (("invert", tmp_path / "nowhere", *common), WrongUseError, "There is no"),
        (("invert", data, *common, "--model", tmp_path / "none"), BundleError, "no model bundle"),
        (("counterfactual", data, *common, "--model", small_bundle, "--target", "glaucoma"), WrongUseError, "no class"),
        (("summary", tmp_path / "store"), ProjectError, "There is no store"),
        (("discover", data, "--output", tmp_path / "store"), ProjectError, "There is no store"),
    ):
        refused = runner.invoke(app, cohort(*arguments))
        assert isinstance(refused.exception, kind)
        assert words in str(refused.exception)
    assert not (tmp_path / "store").exists()


def test_without_failures_it_says_so_and_nothing_of_a_dashboard(tmp_path: Path, data: Path, small_bundle: Path) -> None:
    pytest.importorskip("distributed")
    (data / f"{CANARY}_broken.png").unlink()
    (data / "labels.csv").unlink()
    store = tmp_path / "store"
    common = ("--output", store, "--model", small_bundle, "--processes", 1, "--steps", 1)
    done = runner.invoke(app, cohort("invert", data, *common))
    assert done.exit_code == 0, done.output
    assert "bokeh" not in done.output
    assert runner.invoke(app, cohort("failures", store)).stdout == f"Nothing failed in {store}.\n"
    assert runner.invoke(app, cohort("failures", store, "--json")).stdout == ""
