"""A folder of photographs is explained to its end, whatever lies in it, and taken up where it was left."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from napari_latent_explain.cohort import CaseState, Project
from napari_latent_explain.cohort import explaining as module
from napari_latent_explain.cohort.explaining import Keepsake, explain_waiting, take_up
from napari_latent_explain.domain import Cancelled, Edit, Mix
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import Explainer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two eyes, a picture that shows none, and a broken file; inversion takes three steps."""
    for seed in (3, 4):
        Image.fromarray(simulate(seed=seed, size=128).picture).save(tmp_path / f"eye{seed}.png")
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.setattr(
        module, "explain_photograph", lambda *a, **k: explain_photograph(*a, steps=3, display_size=128, **k)
    )
    return tmp_path


@pytest.fixture
def project(folder: Path):
    project = Project.open(folder / "project")
    project.add(folder / name for name in ("eye3.png", "noise.png", "broken.png", "eye4.png"))
    yield project
    project.close()


def test_all_are_explained_or_refused_with_a_reason(project: Project, small_explainer: Explainer, folder: Path) -> None:
    told, seen = [], []
    explain_waiting(
        project, small_explainer, progress=lambda what, done: told.append((what, done)), changed=seen.append
    )
    states = {case.name: case.state for case in project.cases}
    assert states == {
        "eye3.png": CaseState.DONE, "noise.png": CaseState.REFUSED, "broken.png": CaseState.REFUSED,
        "eye4.png": CaseState.DONE,
    }  # fmt: skip
    assert all(project[folder / name].why for name in ("noise.png", "broken.png"))
    done = project[folder / "eye4.png"]
    assert done.reached in (True, False)
    assert done.decision in small_explainer.classes
    assert [case.state for case in seen if case.name == "eye4.png"] == [CaseState.RUNNING, CaseState.DONE]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert re.fullmatch(r"eye4\.png, 4 of 4, about \d+ s left: .+", told[-1][0])
    assert not project.waiting()


def test_a_copy_of_what_is_explained_is_taken_over_and_not_explained_again(
    project: Project, small_explainer: Explainer, folder: Path
) -> None:
    explain_waiting(project, small_explainer)
    first = project[folder / "eye3.png"]
    kept = project.explanation_folder(first.sha256, first.model)
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    for name in ("copy.png", "other copy.png"):
        shutil.copy(folder / "eye3.png", folder / name)
    project.add([folder / "copy.png"])
    explain_waiting(project, small_explainer)
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    copy = project[folder / "copy.png"]
    assert copy == first.replace(path=copy.path, seconds=0.0)
    assert take_up(project, copy, small_explainer)[0].photograph.path == folder / "copy.png"
    shutil.rmtree(kept)  # somebody made room
    project.add([folder / "other copy.png"])
    explain_waiting(project, small_explainer)
    assert project[folder / "other copy.png"].seconds > 0
    assert kept.is_dir()


def test_stopping_loses_the_running_one_at_most(project: Project, small_explainer: Explainer, folder: Path) -> None:
    def stop(what: str, done: float) -> None:
        if what.startswith("eye4"):
            raise Cancelled

    with pytest.raises(Cancelled):
        explain_waiting(project, small_explainer, progress=stop)
    assert [case.name for case in project.waiting()] == ["eye4.png"]
    kept = sorted((folder / "project" / "explanations").iterdir())
    assert len(kept) == 1
    explain_waiting(project, small_explainer)
    assert not project.waiting()


def test_an_error_in_the_program_stops_one_photograph_only(
    project: Project, small_explainer: Explainer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.explain_photograph

    def sometimes(explainer: Explainer, photograph: object, **given: object) -> object:
        if photograph.name == "eye3.png":  # type: ignore[attr-defined]
            raise ZeroDivisionError("oops")
        return real(explainer, photograph, **given)

    monkeypatch.setattr(module, "explain_photograph", sometimes)
    explain_waiting(project, small_explainer)
    assert "ZeroDivisionError: oops" in project[folder / "eye3.png"].why
    assert project[folder / "eye4.png"].state is CaseState.DONE


def test_a_full_graphics_processor_refuses_no_photograph(
    project: Project, small_explainer: Explainer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_named: object) -> object:
        raise torch.OutOfMemoryError("CUDA out of memory")

    real = module.explain_photograph
    monkeypatch.setattr(module, "explain_photograph", full)
    with pytest.raises(torch.OutOfMemoryError):
        explain_waiting(project, small_explainer)
    assert len(project.waiting()) == 4
    monkeypatch.setattr(module, "explain_photograph", real)
    explain_waiting(project, small_explainer)
    assert project[folder / "eye3.png"].state is CaseState.DONE


def test_what_was_found_is_taken_up_with_its_edit(project: Project, small_explainer: Explainer, folder: Path) -> None:
    explain_waiting(project, small_explainer)
    back, mix = take_up(project, project[folder / "eye3.png"], small_explainer)
    assert mix == Mix(edit=back.edit)
    edit = Edit(strengths={back.directions[0].id: 0.5})
    back.set_edit(edit)
    mix = Mix(edit=edit.with_strength(back.directions[1].id, 1.0), muted=frozenset({back.directions[1].id}))
    Keepsake.of(back, mix).write(project)
    again, kept = take_up(project, project[folder / "eye3.png"], small_explainer)
    assert again.edit == edit
    assert kept == mix
