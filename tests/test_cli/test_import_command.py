"""The command that imports a checkpoint, as a person or a program runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import BundleError, WrongUseError

sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile_pickles import HOSTILE
from published_stylegan2 import make_published, nvlabs_pickle, rosinality_file


def test_a_checkpoint_becomes_a_folder_and_the_rest_is_named(tmp_path: Path) -> None:
    path = nvlabs_pickle(tmp_path / "eyes.pkl", make_published((5, 4)))
    done = CliRunner().invoke(app, ["import", str(path), "--output", str(tmp_path / "eyes")], catch_exceptions=False)
    assert done.exit_code == 0
    assert "stylegan2-ada-pytorch, 8 px, 2 mapping layers" in done.stdout
    assert "nothing in eyes.pkl was run" in done.stdout
    assert "lacks encoder, classifier" in done.output
    assert f"latent-explain train-encoder {tmp_path / 'eyes'}" in done.output.replace("\n", "")
    assert (tmp_path / "eyes/models/generator.safetensors").is_file()


def test_json_for_programs(tmp_path: Path) -> None:
    path = rosinality_file(tmp_path / "eyes.pt", make_published((5, 4)))
    words = ["import", str(path), "--output", str(tmp_path / "eyes"), "--noise", "none", "--json"]
    tree = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    assert tree["source"]["family"] == "rosinality stylegan2-pytorch"
    assert tree["generator"]["noise"] is False
    assert tree["lacks"] == ["encoder", "classifier", "statistics", "directions"]
    assert tree["output"] == str(tmp_path / "eyes")
    assert tree["next"].startswith("latent-explain train-encoder")
    assert tree["style_coordinates"] == 5 + 5 + 5 + 4 + 4


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (["--noise", "random"], WrongUseError, "const or none"),
        ([], BundleError, "exists already"),
    ],
)
def test_wrong_use_is_said(tmp_path: Path, words: list[str], kind: type[Exception], said: str) -> None:
    path = nvlabs_pickle(tmp_path / "eyes.pkl", make_published((3,)))
    (tmp_path / "eyes").mkdir()
    with pytest.raises(kind, match=said):
        CliRunner().invoke(
            app, ["import", str(path), "--output", str(tmp_path / "eyes"), *words], catch_exceptions=False
        )
    assert not any((tmp_path / "eyes").iterdir())


def test_a_hostile_checkpoint_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / "eyes.pkl"
    path.write_bytes(HOSTILE["os.system"][0](canary))
    words = [sys.executable, "-c", "from napari_latent_explain.cli import main; main()", "import", str(path)]
    done = subprocess.run(
        [*words, "--output", str(tmp_path / "eyes"), "--json"],
        capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert "asks for 'os.system'" in done.stderr
    assert "Traceback" not in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["eyes.pkl"]
