"""An explanation that was closed comes back as it was, or says in one sentence why not."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save

from napari_latent_explain.domain import Edit, ExplanationError, ExportError, Mix, Region
from napari_latent_explain.explain import explain_photograph, open_explanation, save_explanation
from napari_latent_explain.explain.explanation import Explanation
from napari_latent_explain.explain.saved_explanation import Snapshot, read_saved
from napari_latent_explain.fundus import read_photograph, simulate
from napari_latent_explain.model import Explainer


@pytest.fixture
def eye(tmp_path: Path) -> Path:
    path = tmp_path / "eye_OS.png"
    Image.fromarray(simulate(seed=3, size=256).picture[:, ::-1]).save(path)
    return path


@pytest.fixture
def explanation(small_explainer: Explainer, eye: Path) -> Explanation:
    made = explain_photograph(small_explainer, read_photograph(eye), steps=3, display_size=128)
    made.set_edit(Edit(strengths={made.directions[0].id: 1.5}))
    return made


def test_it_comes_back_as_it_was(explanation: Explanation, small_explainer: Explainer, tmp_path: Path) -> None:
    save_explanation(explanation, tmp_path / "saved")
    back = open_explanation(tmp_path / "saved", small_explainer)
    assert back.edit == explanation.edit
    assert back.target == explanation.target
    assert back.field == explanation.field
    assert back.laterality == explanation.laterality
    assert back.quality == explanation.quality
    assert back.seconds == explanation.seconds
    assert back.frame.probabilities == explanation.frame.probabilities
    for name in ("original", "reconstruction"):
        assert np.array_equal(getattr(back, name), getattr(explanation, name))
    assert np.array_equal(back.frame.counterfactual, explanation.frame.counterfactual)
    back.set_edit(Edit())
    assert np.array_equal(back.frame.counterfactual, back.original)


def test_region_and_silenced_sliders_come_back(
    explanation: Explanation, small_explainer: Explainer, tmp_path: Path
) -> None:
    first, second = (direction.id for direction in explanation.directions[:2])
    explanation.set_region(Region(outlines=(((80.0, 80.0), (80.0, 170.0), (170.0, 170.0), (170.0, 80.0)),)))
    mix = Mix(edit=Edit(strengths={first: 1.5, second: -1.0}), muted=frozenset({second}))
    assert mix.heard == explanation.edit
    Snapshot.of(explanation, mix).write(tmp_path)
    assert read_saved(tmp_path).mix == mix
    back = open_explanation(tmp_path, small_explainer)
    assert back.region == explanation.region
    assert np.array_equal(back.frame.counterfactual, explanation.frame.counterfactual)


def test_saving_again_keeps_the_code_and_takes_the_newest_edit(
    explanation: Explanation, small_explainer: Explainer, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    save_explanation(explanation, folder)
    (code,) = folder.glob("*.safetensors")
    written = code.stat().st_mtime_ns
    explanation.set_target(1 - explanation.target)
    explanation.set_edit(Edit(strengths={explanation.directions[0].id: 0.5}))
    save_explanation(explanation, folder)
    assert code.stat().st_mtime_ns == written
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".safetensors"]
    back = open_explanation(folder, small_explainer)
    assert (back.target, back.edit) == (explanation.target, explanation.edit)


def test_what_was_saved_stays_when_the_disk_is_full(
    explanation: Explanation, small_explainer: Explainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "saved"
    save_explanation(explanation, folder)
    before = explanation.edit
    explanation.set_edit(Edit())

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        save_explanation(explanation, folder)
    monkeypatch.undo()
    assert open_explanation(folder, small_explainer).edit == before
    assert not list(folder.glob("*.part"))


def test_a_photograph_that_was_moved_is_found_where_one_says(
    explanation: Explanation, small_explainer: Explainer, tmp_path: Path, eye: Path
) -> None:
    save_explanation(explanation, tmp_path / "saved")
    elsewhere = eye.rename(tmp_path / "elsewhere.png")
    with pytest.raises(ExplanationError, match="not there any more"):
        open_explanation(tmp_path / "saved", small_explainer)
    back = open_explanation(tmp_path / "saved", small_explainer, photograph=elsewhere)
    assert back.edit == explanation.edit
    Image.new("RGB", (256, 256), (90, 50, 20)).save(elsewhere)
    with pytest.raises(ExplanationError, match="SHA-256 differs"):
        open_explanation(tmp_path / "saved", small_explainer, photograph=elsewhere)


def test_another_model_is_refused(explanation: Explanation, small_explainer: Explainer, tmp_path: Path) -> None:
    save_explanation(explanation, tmp_path / "saved")
    other = replace(small_explainer, identity=small_explainer.identity.replace(sha256="f" * 64))
    with pytest.raises(ExplanationError, match="load that model"):
        open_explanation(tmp_path / "saved", other)


def test_an_array_without_a_file_can_not_be_saved(explanation: Explanation, tmp_path: Path) -> None:
    explanation.photograph = replace(explanation.photograph, path=None)
    with pytest.raises(ExplanationError, match="was not read from a file"):
        save_explanation(explanation, tmp_path / "saved")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "newer version"),
        ({"format": 2, "field": "of another shape"}, "newer version"),
        ({"target": "ill"}, "damaged at 'target'"),
        ({"field": {"radius": -1}}, "damaged at 'field"),
        ({"more": 1}, "damaged at 'more'"),
        ({"code": "../../secret.safetensors"}, "outside its folder"),
        ({"code": "none.safetensors"}, "missing or damaged"),
        ({"target": 7}, "no class number 7"),
        ({"edit": {"strengths": {"no such direction": 1.0}}}, "directions that this model lacks"),
    ],
)
def test_damaged_descriptions_are_one_sentence(
    explanation: Explanation, small_explainer: Explainer, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = save_explanation(explanation, tmp_path / "saved")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(Exception, match=said) as caught:
        open_explanation(path.parent, small_explainer)
    assert type(caught.value).__module__.startswith("napari_latent_explain")


def test_damaged_codes_are_one_sentence(explanation: Explanation, small_explainer: Explainer, tmp_path: Path) -> None:
    import hashlib

    path = save_explanation(explanation, tmp_path / "saved")
    (code,) = path.parent.glob("*.safetensors")
    whole = code.read_bytes()
    code.write_bytes(whole[:-4] + b"abcd")
    with pytest.raises(ExplanationError, match="missing or damaged"):
        open_explanation(path.parent, small_explainer)
    code.write_bytes(whole)
    for tensor in (load_file(code)["code"][:, :-1], load_file(code)["code"] * float("nan")):
        content = save({"code": tensor.contiguous()})
        name = f"{hashlib.sha256(content).hexdigest()}.safetensors"
        (path.parent / name).write_bytes(content)
        path.write_text(json.dumps(json.loads(path.read_text()) | {"code": name}))
        with pytest.raises(ExplanationError, match="does not fit"):
            open_explanation(path.parent, small_explainer)
    path.write_bytes(b"\x00\xff half a file")
    with pytest.raises(ExplanationError, match="damaged"):
        read_saved(path.parent)
    with pytest.raises(ExplanationError, match="no saved explanation"):
        read_saved(tmp_path / "nowhere")
