"""A small generator of simulated eyes, Z -> W -> S -> picture, for measuring against known causes.

It has no structure code: all that a picture shows comes from its styles, so that Z, W and S can be compared. Its files,
``generator.safetensors`` and ``generator.json``, are no bundle: there is no classifier yet that it should explain.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from napari_latent_explain.domain import TrainingError, portion, silent
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator
from napari_latent_explain.train.config import StylexRecipe, TrainConfig
from napari_latent_explain.train.simulated_eyes import draw_simulated_eyes
from napari_latent_explain.train.stylex import StylexTrainer

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Progress

__all__ = ["load_simulated_generator", "train_simulated_generator"]

RECIPE = StylexRecipe(
    channel_base=2048, channel_max=96, w_dim=64, encoder_size=64, encoder_channels=(32, 64, 96, 96), encoder_features=0,
    attributes=1, steps=4000, batch=16, oversampling=1, turn_degrees=0.0, zoom=0.0, noise_batch=8, generator_rate=2e-3,
    encoder_rate=5e-4, adversarial=0.1, adversarial_from=200, classifier=0.0, latent=0.05, ema=0.995,
)  # fmt: skip
EYES, SIZE = 4000, 64


def train_simulated_generator(
    folder: Path, *, seed: int = 0, eyes: int = EYES, recipe: StylexRecipe = RECIPE, progress: Progress = silent
) -> Path:
    """Draw eyes, train, and write the averaged generator to `folder`; a stopped training goes on at its checkpoint."""
    told = portion(progress, 0.0, 0.1)
    drawn = draw_simulated_eyes(eyes, SIZE, seed, told).photographs
    config = TrainConfig(name="simulated", resolution=SIZE, seed=seed, device="cpu", stylex=recipe)
    torch.manual_seed(seed)
    untaught = FundusClassifier(ClassifierConfig(input_size=SIZE)).eval()  # it is asked for nothing: its weight is 0
    trainer = StylexTrainer(config, drawn, untaught, folder / "training")
    trainer.run(drawn, portion(progress, 0.1, 1.0))
    generator = trainer.average.generator
    state = {name: value.half().contiguous() for name, value in generator.state_dict().items()}
    save_file(state, folder / "generator.safetensors")
    tree = {
        "generator": generator.config.model_dump(mode="json"), "recipe": recipe.model_dump(mode="json"), "eyes": eyes,
        "seed": seed,
    }  # fmt: skip
    (folder / "generator.json").write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")
    return folder


def load_simulated_generator(folder: Path) -> StyleGenerator:
    """Read what `train_simulated_generator` wrote.

    Raises
    ------
    TrainingError
        If it is missing or damaged.
    """
    try:
        tree = json.loads((folder / "generator.json").read_text(encoding="utf-8"))
        generator = StyleGenerator(GeneratorConfig.model_validate(tree["generator"]))
        state = {name: value.float() for name, value in load_file(folder / "generator.safetensors").items()}
        generator.load_state_dict(state)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, ValidationError) as error:
        msg = f"No generator of simulated eyes in {folder} ({error}); make it with: make ground-truth-generator"
        raise TrainingError(msg) from error
    return generator.eval().requires_grad_(False)
