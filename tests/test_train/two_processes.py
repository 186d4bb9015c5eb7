"""Train a tiny model for a few steps in two processes; each writes its networks: `two_processes.py FOLDER`.

A program of its own, since the launcher starts it once more for the second process.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
from napari_latent_explain.train.config import TrainConfig
from napari_latent_explain.train.photographs import PhotographSet
from napari_latent_explain.train.stylex import StylexTrainer


def main() -> None:
    """Train, and write ``rank-<n>.pt``."""
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    torch.set_num_threads(1)
    pictures = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    data = PhotographSet(
        tuple(f"{i}.jpg" for i in range(8)), pictures, np.ones((8, 32, 32), dtype=bool), np.arange(8) % 2
    )
    stylex = {
        "channel_base": 256, "channel_max": 8, "w_dim": 8, "batch": 2, "steps": 4, "adversarial_from": 2,
        "agreement_from": 1, "classifier_every": 1, "latent_every": 1, "oversampling": 1, "noise_batch": 0,
    }  # fmt: skip
    config = TrainConfig.model_validate({"resolution": 32, "device": "cpu", "devices": 2, "stylex": stylex})
    trainer = StylexTrainer(config, data, FundusClassifier(ClassifierConfig(input_size=32)).eval(), folder / "run")
    before = {name: value.clone() for name, value in trainer.bare.state_dict().items()}
    drawn = trainer.batches.take(0, 0).x
    trainer.run(data, lambda *_: None)
    state = {
        "before": before, "networks": trainer.bare.state_dict(), "average": trainer.average.state_dict(),
        "discriminator": trainer.bare_discriminator.state_dict(), "drawn": drawn,
    }  # fmt: skip
    torch.save(state, folder / f"rank-{trainer.fabric.global_rank}.pt")


if __name__ == "__main__":
    main()
