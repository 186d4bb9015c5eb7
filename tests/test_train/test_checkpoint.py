from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.train import checkpoint
from napari_latent_explain.train.checkpoint import load_checkpoint, save_checkpoint


def test_parts_stay_small_and_everything_comes_back(tmp_path: Path) -> None:
    tensors = {"large": torch.randn(3, 1700, 1000), "small": torch.arange(5), "one": torch.tensor(3.5)}
    save_checkpoint(tmp_path / "c", tensors, {"step": 7})
    assert max(p.stat().st_size for p in (tmp_path / "c").iterdir()) <= 16 * 2**20
    again, state = load_checkpoint(tmp_path / "c")
    assert state == {"step": 7}
    assert set(again) == set(tensors)
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)


def test_a_kill_while_writing_keeps_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path / "c", {"a": torch.zeros(2)}, {"step": 1})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path / "c", {"a": torch.ones(2)}, {"step": 2})
    assert load_checkpoint(tmp_path / "c")[1] == {"step": 1}


def test_a_kill_after_one_between_the_renames_keeps_what_was_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path / "c", {"a": torch.zeros(2)}, {"step": 1})
    (tmp_path / "c").rename(tmp_path / "c.old")  # a run was killed there; the next one goes on from it

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path / "c", {"a": torch.ones(2)}, {"step": 2})
    assert load_checkpoint(tmp_path / "c")[1] == {"step": 1}


def test_a_missing_part_is_said(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", {"a": torch.zeros(2)}, {})
    (tmp_path / "c" / "part-000.safetensors").unlink()
    with pytest.raises(TrainingError, match="missing or damaged"):
        load_checkpoint(tmp_path / "c")
