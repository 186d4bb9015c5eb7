"""What else may be asked of `latent-explain explain`: a probability, several answers, controls."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import Edit, WrongUseError
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.export import record_json
from napari_latent_explain.fundus import read_outlines, read_photograph, simulate
from napari_latent_explain.model import Explainer


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


def _outlined(folder: Path) -> None:
    pixels = np.zeros((256, 256), np.uint8)
    pixels[100:140, 100:140] = 255
    Image.fromarray(pixels).save(folder / "eye_OD_EX.png")


def test_outlines_say_where_the_answer_acts(eye: Path, small_explainer: Explainer, tmp_path: Path) -> None:
    from napari_latent_explain.export.panel import compose_panel

    _outlined(tmp_path)
    photograph = read_photograph(eye)
    explanation = explain_photograph(small_explainer, photograph, steps=1)
    frame = explanation.render(Edit(strengths={explanation.directions[0].id: 2.0}))
    record = explanation.record(
        frame, overlap=explanation.overlap(explanation.locate(read_outlines(tmp_path, photograph)), frame)
    )
    (overlap,) = record_json(record, {})["counterfactual"]["lesion_overlap"]
    assert overlap["kind"] == "EX"
    assert overlap["enrichment"] == pytest.approx(overlap["share"] / overlap["area"])
    assert 0.02 < overlap["area"] < 0.06  # 40 x 40 of a disc of about 250 pixels
    assert explanation.overlap({}, frame) == ()
    said, unsaid = (np.asarray(compose_panel(one)) for one in (record, replace(record, overlap=())))
    rows, columns = np.nonzero((said != unsaid).any(axis=2))
    assert rows.min() > 630  # under the scale of the difference, beside the moved directions, above the controls
    assert rows.max() < 812
    assert columns.min() > 1440
    many = replace(record, overlap=record.overlap * 7)
    rows, _ = np.nonzero((np.asarray(compose_panel(many)) != unsaid).any(axis=2))
    assert rows.max() < 812


def test_a_folder_of_outlines_that_is_not_there_is_refused(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    command = ["explain", str(eye), "-o", str(tmp_path), "--model", str(small_bundle), "--json", "--outlines"]
    result = CliRunner().invoke(app, [*command, str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "can't be read" in json.loads(result.stdout)["error"]


def test_directions_are_measured_against_outlines(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    _outlined(tmp_path)
    command = ["benchmark", "outlines", str(eye), "--outlines", str(tmp_path), "--model", str(small_bundle)]
    result = CliRunner().invoke(app, [*command, "--json", "--directions", "1"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert len(found) == 2  # one towards each class
    assert {one["kind"] for one in found} == {"EX"}
    assert all(one["n"] == 1 and one["enrichment_interval"] == [one["enrichment"]] * 2 for one in found)
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0
    assert "EX 1" in shown.stdout


def test_outlines_of_other_photographs_are_of_no_use(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    command = ["benchmark", "outlines", str(eye), "--outlines", str(tmp_path), "--model", str(small_bundle)]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, WrongUseError)
    assert "has an outline" in str(result.exception)
