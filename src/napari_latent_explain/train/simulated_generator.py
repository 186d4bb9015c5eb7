"""A small generator of simulated eyes with its encoder, W+ -> S -> picture, for measuring against known causes.

It has no structure code: all that a picture shows comes from its styles, so that codes can be compared. Its files,
``generator.safetensors``, ``encoder.safetensors`` and ``generator.json``, are no bundle: there is no classifier yet that it
should explain.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from napari_latent_explain.domain import TrainingError, portion, silent
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
from napari_latent_explain.model.encoder import EncoderConfig, FundusEncoder
from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator
from napari_latent_explain.train.component_fitting import fit_components
from napari_latent_explain.train.config import StylexRecipe, TrainConfig
from napari_latent_explain.train.simulated_eyes import draw_simulated_eyes
from napari_latent_explain.train.stylex import StylexTrainer

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from napari_latent_explain.domain import Progress

__all__ = ["SimulatedGenerator", "load_simulated_generator", "train_simulated_generator"]

RECIPE = StylexRecipe(
    channel_base=2048, channel_max=96, w_dim=64, encoder_size=64, encoder_channels=(32, 64, 96, 96), encoder_features=0,
    components=16, attributes=1, steps=4000, batch=16, oversampling=1, turn_degrees=0.0, zoom=0.0, noise_batch=8,
    generator_rate=2e-3, encoder_rate=5e-4, adversarial=0.1, adversarial_from=200, classifier=0.0, latent=0.05, ema=0.995,
)  # fmt: skip
EYES, SIZE = 4000, 64


@dataclass(frozen=True, eq=False)
class SimulatedGenerator:
    """The generator and its encoder, in evaluation mode."""

    generator: StyleGenerator
    encoder: FundusEncoder

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, R, R) in [-1, 1] to W+ codes (N, L, w_dim)."""
        nothing = pictures.new_zeros(len(pictures), 0)
        ws: Tensor = self.encoder(pictures, nothing, nothing)[0]
        return ws

    @torch.no_grad()
    def codes(self, ws: Tensor) -> Tensor:
        """W+ codes (N, L, w_dim) to codes (N, `code_size`), attributes 0."""
        config = self.generator.config
        return self.generator.code(
            ws, ws.new_zeros(len(ws), config.attributes), ws.new_zeros(len(ws), config.structure_length)
        )


def _write(network: nn.Module, path: Path) -> None:
    write_atomically(path, save({name: value.half().contiguous() for name, value in network.state_dict().items()}))


def _read(network: nn.Module, path: Path) -> None:
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    network.eval().requires_grad_(False)


def train_simulated_generator(
    folder: Path, *, seed: int = 0, eyes: int = EYES, recipe: StylexRecipe = RECIPE, progress: Progress = silent
) -> Path:
    """Draw eyes, train, and write the averaged networks to `folder`; a stopped training goes on at its checkpoint."""
    told = portion(progress, 0.0, 0.1)
    drawn = draw_simulated_eyes(eyes, SIZE, seed, told).photographs
    config = TrainConfig(name="simulated", resolution=SIZE, seed=seed, device="cpu", stylex=recipe)
    torch.manual_seed(seed)
    untaught = FundusClassifier(ClassifierConfig(input_size=SIZE)).eval()  # it is asked for nothing: its weight is 0
    trainer = StylexTrainer(config, drawn, untaught, folder / "training")
    trainer.run(drawn, portion(progress, 0.1, 1.0))
    generator, encoder = trainer.average.generator, trainer.average.encoder
    _write(generator, folder / "generator.safetensors")
    _write(encoder, folder / "encoder.safetensors")
    tree = {
        "generator": generator.config.model_dump(mode="json"), "encoder": encoder.config.model_dump(mode="json"),
        "recipe": recipe.model_dump(mode="json"), "eyes": eyes, "seed": seed,
    }  # fmt: skip
    if generator.config.components:
        _add_components(folder, _whole(folder, generator.config, encoder.config), drawn.pictures, seed)
    write_atomically(folder / "generator.json", (json.dumps(tree, indent=1) + "\n").encode())
    return folder


def _whole(folder: Path, generator: GeneratorConfig, encoder: EncoderConfig) -> SimulatedGenerator:
    """The networks as they were written."""
    model = SimulatedGenerator(StyleGenerator(generator), FundusEncoder(encoder))
    _read(model.generator, folder / "generator.safetensors")
    _read(model.encoder, folder / "encoder.safetensors")
    return model


def _add_components(folder: Path, model: SimulatedGenerator, pictures: NDArray[np.uint8], seed: int) -> None:
    """Fit the components of the written generator to pictures (N, R, R, 3), and write it again."""
    generator = model.generator
    with torch.no_grad():
        styles = torch.cat([generator.styles(model.encode(part)) for part in to_tensor(pictures).split(64)])
    generator.components.load_state_dict(fit_components(styles, generator.config.components, seed))
    _write(generator, folder / "generator.safetensors")


def load_simulated_generator(folder: Path) -> SimulatedGenerator:
    """Read what `train_simulated_generator` wrote.

    Raises
    ------
    TrainingError
        If it is missing or damaged.
    """
    try:
        tree = json.loads((folder / "generator.json").read_text(encoding="utf-8"))
        shapes = GeneratorConfig.model_validate(tree["generator"]), EncoderConfig.model_validate(tree["encoder"])
        return _whole(folder, *shapes)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, ValidationError) as error:
        msg = f"No generator of simulated eyes in {folder} ({error}); make it with: make ground-truth-generator"
        raise TrainingError(msg) from error
