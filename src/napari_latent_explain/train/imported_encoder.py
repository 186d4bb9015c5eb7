"""An encoder for a generator that was imported, which stays as it is.

The encoder learns on pairs of its own kind first: pictures that the generator draws from noise, whose codes are known, and
photographs, whose codes are not (the domain-guided encoder of Zhu et al., ECCV 2020, section 3.1, without its discriminator).
As in StylEx (Lang et al., ICCV 2021, section 3.1) it is told the classifier's probabilities, and what it draws should be
classified like the photograph. It begins at the mean of W. A stopped training goes on where it was, and ends with the same bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch.nn import functional

from napari_latent_explain.domain import Cancelled, TrainingError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.latent import mask_tensor, to_tensor
from napari_latent_explain.latent.similarity import detail_weight, gradient_l1, perceptual_distance, weighted_l1
from napari_latent_explain.model.classifier import stage_features
from napari_latent_explain.model.encoder import EncoderConfig, FundusEncoder
from napari_latent_explain.train.checkpoint import (
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer
    from napari_latent_explain.model.published_generator import PublishedGenerator
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["EncoderRecipe", "train_encoder"]

_CHECKPOINT = "checkpoint"


class EncoderRecipe(FrozenModel):
    """How the encoder learns.

    Parameters
    ----------
    steps, batch, rate
        Steps of Adam, photographs in each, and its rate (which falls to a tenth over the last third).
    dreams : int
        Pictures drawn from noise in each step.
    truncation : float
        How far from the mean of W they are drawn.
    pixels, gradients, perceptual, agreement, codes : float
        Weights of the terms: L1 and gradient L1 (with more weight on fine detail, in the field of view), feature distance, KL
        divergence of the classifier's answers, and squared distance of the codes of dreams in spreads of W.
    encoder_size, encoder_channels, hidden
        Shape of the encoder, see `EncoderConfig`.
    keep_every : int
        Steps between checkpoints.
    """

    steps: Annotated[int, Field(ge=1)] = 4000
    batch: Annotated[int, Field(ge=1)] = 4
    dreams: Annotated[int, Field(ge=0)] = 2
    rate: Annotated[float, Field(gt=0)] = 3e-4
    truncation: float = 0.7
    pixels: float = 5.0
    gradients: float = 5.0
    perceptual: float = 1.0
    agreement: float = 0.5
    codes: float = 0.5
    encoder_size: int = 128
    encoder_channels: tuple[int, ...] = (32, 64, 128, 192, 192)
    hidden: int = 384
    keep_every: Annotated[int, Field(ge=1)] = 200
    seed: int = 0


def _fresh(generator: PublishedGenerator, classes: int, recipe: EncoderRecipe) -> FundusEncoder:
    """Make an encoder that gives the mean of W for every picture, nearly."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = FundusEncoder(
            EncoderConfig(
                input_size=recipe.encoder_size, channels=recipe.encoder_channels, hidden=recipe.hidden, feature_size=0,
                classes=classes, style_layers=generator.style_layer_count, w_dim=generator.config.w_dim,
            )
        )  # fmt: skip
    with torch.no_grad():
        encoder.heads.bias.copy_(generator.average.repeat(generator.style_layer_count))
    return encoder


class _Teaching:
    """The terms of one step."""

    def __init__(self, base: Explainer, generator: PublishedGenerator, recipe: EncoderRecipe) -> None:
        self.base, self.generator, self.recipe = base, generator, recipe
        noise = torch.Generator().manual_seed(recipe.seed)
        z = torch.randn(1024, generator.config.z_dim, generator=noise).to(base.device)
        with torch.no_grad():
            self.spread = generator.map(z).std(dim=0).clamp_min(1e-4)

    def dream(self, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """Codes in W (M, w_dim) and their pictures."""
        z = torch.randn(self.recipe.dreams, self.generator.config.z_dim, generator=noise).to(self.base.device)
        with torch.no_grad():
            average = self.generator.average
            w = average + self.recipe.truncation * (self.generator.map(z) - average)
            return w, self.generator(w).clamp(-1, 1)

    def terms(self, encoder: FundusEncoder, x: Tensor, mask: Tensor, noise: torch.Generator) -> dict[str, Tensor]:
        """Weighted terms for photographs (N, 3, R, R) with their fields, and for as many dreams as the recipe says."""
        recipe, count = self.recipe, len(x)
        w, dreams = self.dream(noise)
        everything = torch.cat([x, dreams])
        field = torch.cat([mask, torch.ones_like(mask[:1]).expand(len(dreams), -1, -1, -1)])
        with torch.no_grad():
            seen = self.base.classifier(everything).softmax(dim=1)
            wanted = stage_features(self.base.perception, everything, 4)
        ws, attributes, structure = encoder(everything, everything.new_zeros(len(everything), 0), seen)
        drawn = self.generator(ws, attributes, structure) * field - (1 - field)
        weight = detail_weight(everything, 3.0) * field
        found = {
            "pixels": recipe.pixels * weighted_l1(drawn, everything, weight),
            "gradients": recipe.gradients * gradient_l1(drawn, everything, weight),
            "perceptual": recipe.perceptual
            * perceptual_distance(stage_features(self.base.perception, drawn, 4), wanted).mean(),
        }
        if self.base.classifier.differentiable:
            logs = self.base.classifier(drawn[:count]).log_softmax(dim=1)
            found["agreement"] = recipe.agreement * functional.kl_div(logs, seen[:count], reduction="batchmean")
        if len(dreams):
            found["codes"] = recipe.codes * ((ws[count:] - w[:, None]) / self.spread).square().mean()
        return found


def _told(base: Explainer, generator_sha256: str, train: PhotographSet, recipe: EncoderRecipe) -> dict[str, Any]:
    """What a checkpoint has to be of, to go on with it."""
    return {
        "generator": generator_sha256, "classifier": base.identity.sha256, "photographs": len(train),
        "recipe": json.loads(recipe.model_dump_json(exclude={"keep_every"})),
    }  # fmt: skip


def train_encoder(
    base: Explainer,
    generator: PublishedGenerator,
    generator_sha256: str,
    train: PhotographSet,
    run: Path,
    recipe: EncoderRecipe,
    *,
    progress: Progress,
) -> tuple[FundusEncoder, list[dict[str, float]]]:
    """Train an encoder, or go on with a stopped training.

    Parameters
    ----------
    base : Explainer
        Its classifier is the one that will be explained.
    generator, generator_sha256 : PublishedGenerator, str
        The imported generator and the hash of its file.
    train : PhotographSet
        Photographs of the generator's resolution, without those that are kept for measuring.
    run : pathlib.Path
        Folder of the run: the checkpoint lies in it.
    recipe : EncoderRecipe
        Steps, rates, weights.
    progress : Progress
        Told at every step; may raise `Cancelled`, and then the checkpoint is written first.

    Returns
    -------
    FundusEncoder, list of dict
        In evaluation mode; the terms of every hundredth step.

    Raises
    ------
    TrainingError
        If the checkpoint in the folder is of something else, or a term is not finite.
    """
    generator = generator.to(base.device)
    encoder = _fresh(generator, len(base.classes), recipe).to(base.device).train()
    optimizer = torch.optim.Adam(encoder.parameters(), lr=recipe.rate, betas=(0.5, 0.99))
    teaching, told = _Teaching(base, generator, recipe), _told(base, generator_sha256, train, recipe)
    history, begin, folder = list[dict[str, float]](), 0, run / _CHECKPOINT
    if folder.exists() or folder.with_name(_CHECKPOINT + ".old").exists():
        tensors, state = load_checkpoint(folder)
        if state["told"] != told:
            msg = f"{folder} is of another training (generator, classifier, photographs or recipe differ); name a new folder."
            raise TrainingError(msg)
        encoder.load_state_dict(
            {name.removeprefix("encoder."): value for name, value in tensors.items() if name.startswith("encoder.")}
        )
        restore_optimizer(optimizer, tensors, "adam")
        begin, history = state["step"], state["history"]

    def keep(step: int) -> None:
        tensors = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
        state = {"step": step, "history": history, "told": told}
        save_checkpoint(folder, tensors | optimizer_tensors(optimizer, "adam"), state)

    for step in range(begin, recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * min(1.0, max(0.1, 3 * (1 - step / recipe.steps)))
        rng = np.random.default_rng([recipe.seed, step])
        noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = rng.choice(len(train), min(recipe.batch, len(train)), replace=False)
        x, mask = to_tensor(train.pictures[chosen], base.device), mask_tensor(train.masks[chosen], base.device)
        terms = teaching.terms(encoder, x, mask, noise)
        loss = sum(terms.values(), start=x.new_zeros(()))
        if not bool(torch.isfinite(loss)):
            msg = f"The loss is not finite at step {step}; go on with a lower rate in a new folder."
            raise TrainingError(msg)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        shown = {name: round(float(value.detach()), 5) for name, value in terms.items()}
        if step % 100 == 0 or step == recipe.steps - 1:
            history.append({"step": step, **shown})
        if (step + 1) % recipe.keep_every == 0 or step == recipe.steps - 1:
            keep(step + 1)
        text = " ".join(f"{name} {value:.3f}" for name, value in shown.items())
        try:
            progress(f"Encoder {step + 1}/{recipe.steps}: {text}", (step + 1) / recipe.steps)
        except Cancelled:
            keep(step + 1)
            raise
    return encoder.eval().requires_grad_(False), history
