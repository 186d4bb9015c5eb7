"""The shipped model on a real photograph, from the file to the panel, and what README says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import percent
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.export import read_provenance, record_json, write_record
from napari_latent_explain.fundus import crop, read_photograph
from napari_latent_explain.model import load_explainer

ROOT = Path(__file__).resolve().parents[2]


def test_readme_says_what_the_shipped_model_scored() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "readme_scores.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.real_photograph
def test_a_real_photograph_the_whole_way(data_folder: Path, tmp_path: Path) -> None:
    explainer = load_explainer(device="cpu")
    photograph = read_photograph(data_folder / "fullres" / "cc0_left_eye.jpg")
    explanation = explain_photograph(explainer, photograph)
    explanation.accept(explanation.find_counterfactual())
    record = explanation.record()

    size = record.reconstruction.shape[0]
    seen = crop(photograph, record.field, size, mirrored=False)
    inside = np.broadcast_to(record.field.mask(size)[..., None], seen.shape)
    error = (seen.astype(float) - record.reconstruction)[inside]
    assert 20 * np.log10(255 / np.sqrt((error**2).mean())) > 22, "the reconstruction is no likeness of the photograph"

    whole = explanation.full_size()
    assert whole.shape == photograph.pixels.shape
    changed = (whole != photograph.pixels).any(axis=-1)
    rows, columns = np.nonzero(changed)
    field = record.field
    distance = np.hypot(columns + 0.5 - field.center_x, rows + 0.5 - field.center_y)
    assert changed.any()
    assert distance.max() <= field.radius + 1

    files = write_record(record, tmp_path, full_size=whole)
    told = read_provenance(files["panel"])
    assert told["probabilities"] == record_json(record, files)["probabilities"]
    assert told["model"]["sha256"] == explainer.identity.sha256
    with Image.open(files["counterfactual_full"]) as full:
        assert full.size == photograph.pixels.shape[1::-1]


def test_the_command_says_what_the_independent_classifier_says(tmp_path: Path) -> None:
    sample = ROOT / "sample_data" / "simulated_referable_od.png"
    code = "from napari_latent_explain.cli import main; main()"
    words = [sys.executable, "-c", code, "explain", str(sample), "--output", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "an independent classifier" in line]
    (record,) = tmp_path.glob("*/record.json")
    controls = json.loads(record.read_text())["counterfactual"]["faithfulness"]
    assert f"{percent(controls['second_before'])} in the photograph" in line
    assert f"{percent(controls['second_after'])} in the counterfactual" in line
