"""What a training writes is there whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import Cancelled, ExportError, silent
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
from napari_latent_explain.model.encoder import EncoderConfig, FundusEncoder
from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator
from napari_latent_explain.train.checkpoint import load_checkpoint, save_checkpoint
from napari_latent_explain.train.config import TrainConfig
from napari_latent_explain.train.lesions import OutlinedLesions
from napari_latent_explain.train.photographs import PhotographSet, split_validation
from napari_latent_explain.train.samples import save_samples

pytest.importorskip("lightning")

from napari_latent_explain.train import run, simulated_generator

CONFIG = TrainConfig.model_validate({"resolution": 32, "classifier": {"lesion_share": 0.5}, "device": "cpu"})
PHOTOGRAPHS = PhotographSet(
    tuple("abcd"), np.full((4, 32, 32, 3), 7, np.uint8), np.ones((4, 32, 32), bool), np.arange(4) % 2
)


class _Disk:
    """A disk that is full from its `room`-th file on."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self, _file: int) -> None:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= 1


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _write_cache(folder: Path) -> None:
    run.cached_photographs(CONFIG, folder, "train", silent)


def _write_lesions(folder: Path) -> None:
    run._outlined_lesions(CONFIG, folder, PHOTOGRAPHS, silent)


def _write_classifier(folder: Path) -> None:
    run.classifier_stage(CONFIG, folder, PHOTOGRAPHS, PHOTOGRAPHS, None, silent)


@pytest.mark.parametrize(
    ("write", "files"),
    [
        (_write_cache, {"photographs-train-32.npz"}),
        (_write_lesions, {"lesions-32.npz"}),
        (_write_classifier, {"classifier.safetensors", "classifier.json"}),
    ],
)
def test_what_is_made_once_is_whole_or_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], files: set[str]
) -> None:
    lesions = OutlinedLesions(np.arange(3), np.full((3, 3, 32, 32, 3), 5, np.int16))
    monkeypatch.setattr(run, "find_data_folder", lambda _: Path("data"))
    monkeypatch.setattr(run, "load_photographs", lambda *_: PHOTOGRAPHS)
    monkeypatch.setattr(run, "load_outlined_lesions", lambda *_: lesions)
    monkeypatch.setattr(
        run, "train_classifier", lambda *_: (FundusClassifier(ClassifierConfig(input_size=32)), {"auc": 0.5})
    )
    monkeypatch.setattr(os, "fsync", _Disk(0))
    with pytest.raises(ExportError, match="No space left"):
        write(tmp_path)
    assert not _contents(tmp_path)
    monkeypatch.setattr(os, "fsync", _Disk(9))
    write(tmp_path)
    assert _contents(tmp_path).keys() == files
    write(tmp_path)  # what was written is read back


def test_samples_are_the_old_ones_or_the_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_samples([torch.zeros(2, 3, 8, 8)], tmp_path / "samples" / "step.png")
    before = _contents(tmp_path)
    monkeypatch.setattr(os, "fsync", _Disk(0))
    with pytest.raises(ExportError, match="No space left"):
        save_samples([torch.ones(2, 3, 8, 8)], tmp_path / "samples" / "step.png")
    assert _contents(tmp_path) == before


def test_settings_are_the_old_ones_or_the_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> PhotographSet:
        raise Cancelled

    monkeypatch.setattr(run, "cached_photographs", stop)
    monkeypatch.setattr(run, "read_config", lambda *_: CONFIG)
    with pytest.raises(Cancelled):
        run.train_from_config(tmp_path / "a.toml", None, tmp_path)
    before = _contents(tmp_path)
    assert before.keys() == {"config.json"}
    monkeypatch.setattr(run, "read_config", lambda *_: CONFIG.replace(seed=7))
    monkeypatch.setattr(os, "fsync", _Disk(0))
    with pytest.raises(ExportError, match="No space left"):
        run.train_from_config(tmp_path / "a.toml", None, tmp_path)
    assert _contents(tmp_path) == before


@pytest.mark.parametrize("room", [0, 1, 2])
def test_a_generator_of_simulated_eyes_is_whole_in_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    def train(folder: Path, seed: int) -> None:
        torch.manual_seed(seed)
        generator = StyleGenerator(GeneratorConfig(resolution=16, channel_base=64, channel_max=8, w_dim=8))
        shape = {"style_layers": generator.style_layer_count, "w_dim": 8, "feature_size": 0, "classes": 1}
        encoder = FundusEncoder(EncoderConfig(input_size=16, channels=(8, 8), hidden=16, **shape))
        trained = SimpleNamespace(run=lambda *_: None, average=SimpleNamespace(generator=generator, encoder=encoder))
        monkeypatch.setattr(simulated_generator, "StylexTrainer", lambda *_: trained)
        simulated_generator.train_simulated_generator(folder, seed=seed)

    monkeypatch.setattr(simulated_generator, "draw_simulated_eyes", lambda *_: SimpleNamespace(photographs=PHOTOGRAPHS))
    train(tmp_path / "old", 0)
    train(tmp_path / "new", 1)
    old, new = _contents(tmp_path / "old"), _contents(tmp_path / "new")
    names = ("generator.safetensors", "encoder.safetensors", "generator.json")
    monkeypatch.setattr(os, "fsync", _Disk(room))
    with pytest.raises(ExportError, match="No space left"):
        train(tmp_path / "old", 1)
    assert _contents(tmp_path / "old") == {
        name: (new if number < room else old)[name] for number, name in enumerate(names)
    }


@pytest.mark.parametrize("room", [0, 1])
def test_a_checkpoint_that_finds_no_room_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    save_checkpoint(tmp_path / "c", {"a": torch.zeros(2)}, {"step": 1})
    monkeypatch.setattr(os, "fsync", _Disk(room))
    with pytest.raises(ExportError, match="No space left"):
        save_checkpoint(tmp_path / "c", {"a": torch.ones(2)}, {"step": 2})
    tensors, state = load_checkpoint(tmp_path / "c")
    assert state == {"step": 1}
    assert not tensors["a"].any()


def test_what_could_not_be_read_is_still_named_when_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = replace(PHOTOGRAPHS, refused=("broken.png", "absent.png"))
    monkeypatch.setattr(run, "find_data_folder", lambda _: Path("data"))
    monkeypatch.setattr(run, "load_photographs", lambda *_: found)
    config = tmp_path / "recipe.toml"
    config.write_text("resolution = 32\n")
    for part in ("new", "gone on with"):

        def told(files: Sequence[str], part: str = part) -> None:
            assert tuple(files) == found.refused, part
            raise Cancelled

        with pytest.raises(Cancelled):
            run.train_from_config(config, [], tmp_path / "run", left_out=told)
    part, _ = split_validation(found, 0.5, 0)
    assert part.refused == found.refused
