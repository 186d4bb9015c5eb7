"""What else may be asked of `latent-explain explain`: a probability, several answers, controls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.fundus import simulate


@pytest.fixture(scope="module")
def eye(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("eyes") / "eye_OD.png"
    Image.fromarray(simulate(seed=3, size=256).picture).save(path)
    return path


def _explain(eye: Path, bundle: Path, output: Path, *more: str) -> dict[str, object]:
    command = ["explain", str(eye), "--output", str(output), "--json", "--model", str(bundle), "--no-full-size", *more]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    tree: dict[str, object] = json.loads(result.stdout.strip().splitlines()[-1])
    return tree


def test_the_answer_comes_with_its_curve_and_its_controls(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    tree = _explain(eye, small_bundle, tmp_path, "--answers", "3")
    found = tree["counterfactual"]
    assert isinstance(found, dict)
    if found["edits"]:
        assert len(found["dose_response"]["log_odds"]) == len(found["dose_response"]["doses"])
        controls = found["faithfulness"]
        assert controls["passed"] == (not controls["failed"])
        assert set(controls["kept"]) == {"jpeg", "blur", "shift"}
    others = tree["alternatives"]
    assert isinstance(others, list)
    edits = [tuple(sorted(other["edits"])) for other in others] + [tuple(sorted(found["edits"]))]
    assert len(set(edits)) == len(edits)
    record = json.loads(Path(tree["files"]["record"]).read_text())  # type: ignore[index]
    assert record["counterfactual"]["faithfulness"] == found["faithfulness"]


def test_controls_can_be_left_out(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    found = _explain(eye, small_bundle, tmp_path, "--no-checks")["counterfactual"]
    assert isinstance(found, dict)
    assert found["faithfulness"] is None
    assert found["dose_response"] is None


def test_a_probability_outside_0_to_1_is_wrong_use(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    command = ["explain", str(eye), "-o", str(tmp_path), "--model", str(small_bundle), "--probability", "1.5"]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, WrongUseError)
    assert "between 0 and 1" in str(result.exception)
