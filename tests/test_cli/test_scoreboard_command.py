"""`latent-explain scoreboard` as a person runs it: on a split of the data folder, and on photographs of one's own."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import silent
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model.bundle import read_bundle, write_bundle
from napari_latent_explain.train.photographs import load_photographs, split_validation


def _eye(path: Path, seed: int) -> None:
    picture = simulate(seed=seed, size=96).picture
    if seed % 2:
        picture[44:50, 30:36] = (240, 230, 120)
    Image.fromarray(picture).save(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen graded training photographs, and eight of the test split."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "idrid_grading").mkdir()
    columns = ["file", "original_dataset", "label", "split_as_given", "label_conflict", "masks"]
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for seed in range(24):
            name = f"idrid_grading/eye_{seed:02d}.png"
            _eye(folder / name, seed)
            writer.writerow([name, "IDRiD", "dr2" if seed % 2 else "dr0", "test" if seed >= 16 else "train", "", ""])
    return folder


@pytest.fixture(scope="module")
def bundle(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model, which says that half of the photographs were held back from its training."""
    metadata, networks, atlas, card = read_bundle(small_bundle)
    recipe = {"config": {"data": {"validation_share": 0.5, "seed": 3}}}
    return write_bundle(tmp_path_factory.mktemp("b") / "b", metadata.replace(recipe=recipe), networks, atlas, card)


def _run(bundle: Path, output: Path, *words: object) -> Result:
    words = (
        "scoreboard",
        "--json",
        "--refinement",
        1,
        "--device",
        "cpu",
        "--model",
        bundle,
        "--output",
        output,
        *words,
    )
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_validation_split_is_what_the_training_held_back(
    bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_EXPLAIN_DATA", str(data))
    seen: dict[str, tuple[str, ...]] = {}
    from napari_latent_explain.train import scoreboard

    measure = scoreboard.measure_bundle

    def spy(explainer, photographs, training, **options):  # type: ignore[no-untyped-def]
        seen["measured"], seen["training"] = photographs.files, training.files
        return measure(explainer, photographs, training, **options)

    monkeypatch.setattr(scoreboard, "measure_bundle", spy)
    done = _run(bundle, tmp_path, "--split", "validation")
    assert done.exit_code == 0, done.output
    tree = json.loads(done.stdout.splitlines()[-1])
    trained, held = split_validation(load_photographs(data, 32, "train", silent), 0.5, 3)
    assert seen == {"measured": held.files, "training": trained.files}
    assert tree["n"] == len(held) == 8
    assert tree["counterfactual"]["oracle_auc"] is not None
    assert json.loads((tmp_path / "scoreboard.json").read_text()) == tree
    test = _run(bundle, tmp_path, "--split", "test")
    assert test.exit_code == 0, test.output
    assert {int(name[-6:-4]) for name in seen["measured"]} == set(range(16, 24))
    assert seen["training"] == trained.files


@pytest.mark.parametrize("at_hand", [True, False], ids=["training photographs", "none"])
def test_own_photographs_with_labels(
    bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_hand: bool
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with (own / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label"])
        for seed in range(40, 50):
            _eye(own / f"{seed}.png", seed)
            writer.writerow([f"{seed}.png", seed % 2])
        (own / "broken.png").write_bytes(b"no picture")
        writer.writerows([["broken.png", 0], ["absent.png", 1]])
    monkeypatch.setenv("LATENT_EXPLAIN_DATA", str(data if at_hand else tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    done = _run(bundle, tmp_path / "out", "--data", own, "--labels", own / "labels.csv")
    assert done.exit_code == 0, done.output
    tree = json.loads(done.stdout.splitlines()[-1])
    assert tree["n"] == 10
    assert "Left out (2): broken.png, absent.png" in done.stderr
    assert (tree["realism"]["kid"] is not None) == at_hand
    assert (tree["counterfactual"]["oracle_flip_rate"] is not None) == at_hand
    assert np.isfinite(tree["classifier"]["auc"])


def test_a_split_that_is_none_is_one_sentence(bundle: Path, tmp_path: Path) -> None:
    done = _run(bundle, tmp_path, "--split", "train")
    assert done.exit_code != 0
    assert "the splits are test and validation" in str(done.exception) + done.output
