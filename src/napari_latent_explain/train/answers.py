"""Attributes that learn what changes a classifier's mind, beside those that outlined lesions taught.

Generator, encoder and classifier stay as they are. A fresh attribute is a direction across the styles; it and the gains that
the encoder reads off a photograph learn to give the classifier another opinion by a small change (Lang et al., ICCV 2021:
StylEx, the classifier loss). Left alone, that finds what convinces this classifier and nobody else: a faint tint. So they
move no style of a colour layer, and more is asked of the composites: that judges are convinced too, logistic regressions of
the classifier's own decisions on random parts of ImageNet features; that the mean colour of neighbourhoods stays; and that
features do not shift on average over photographs that are moved to one class and to the other, as those of an artefact would;
and, with an `adversary`, that a discriminator which learns beside them takes a composite for a photograph of the class that is
wanted (Sauer et al., NeurIPS 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.latent import mask_tensor, to_tensor
from napari_latent_explain.model.device import channels_last
from napari_latent_explain.model.encoder import FundusEncoder, opinion
from napari_latent_explain.model.generator import StyleGenerator
from napari_latent_explain.train.checkpoint import (
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from napari_latent_explain.train.critic import Critic
from napari_latent_explain.train.judges import Judges, described
from napari_latent_explain.train.opinions import disturbed, moving_styles, other_opinions, some_attributes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["AnswersRecipe", "teach_answers", "with_fresh_attributes"]

_SHORT = 0.01  # of a fresh direction's entries: a short one turns fast, and its length takes no part
_NEIGHBOURHOODS = 8  # of each side of the picture
_STEEPEST = 2.0  # norm of a step's gradient: that of a short direction is steep
_SAVE_EVERY = 100


class AnswersRecipe(FrozenModel):
    """How many attributes are added, how long they learn, and what the terms of their loss weigh.

    `base` is the bundle whose generator and encoder are taken, ``"shipped"`` for the one in the package; if empty, those that
    this run trains. Its attributes with names stay, the others make way. `batch` photographs of a step are decided each way
    by turns. `flip` weighs the classifier's opinion, `judges` that of the others, `closeness` the mean change, `tint` that of
    neighbourhoods, `evenness` the mean shift of standardised features, `adversary` the discriminator (0: there is none),
    `sparsity` the attributes themselves.
    """

    base: str = ""
    attributes: Annotated[int, Field(ge=1, le=32)] = 6
    steps: Annotated[int, Field(ge=0)] = 700
    batch: Annotated[int, Field(ge=2)] = 6
    rate: Annotated[float, Field(gt=0)] = 1e-3
    flip: float = 1.0
    judges: float = 1.0
    closeness: float = 3.0
    tint: float = 10.0
    evenness: float = 0.5
    adversary: Annotated[float, Field(ge=0)] = 0.0
    sparsity: float = 0.05


def with_fresh_attributes(
    generator: StyleGenerator, encoder: FundusEncoder, classes: int, count: int, seed: int
) -> tuple[StyleGenerator, FundusEncoder]:
    """Copies of a generator and its encoder with `count` attributes more, behind those that have a name.

    Attributes without a name are left out: they were taught another classifier's opinion. The named ones keep their
    directions; the encoder asks none of them for an opinion.

    Raises
    ------
    TrainingError
        If its attributes act at one resolution each.
    """
    config = generator.config
    if not config.attributes_everywhere:
        msg = "The attributes of this generator act at one resolution each; train it with attributes_everywhere = true."
        raise TrainingError(msg)
    named = [k for k, name in enumerate(config.attribute_names) if name]
    names = (*(config.attribute_names[k] for k in named), *[""] * count) if named else ()
    total = len(named) + count
    torch.manual_seed(seed)
    drawn = StyleGenerator(config.replace(attributes=total, attribute_names=names))
    told = FundusEncoder(encoder.config.replace(attributes=total, classes=classes))
    rows = generator.attributes.detach().cpu()[named] if named else torch.empty(0, generator.styles_count)
    fresh = _SHORT * torch.randn(count, generator.styles_count) * moving_styles(generator)
    drawn.load_state_dict(generator.state_dict() | {"attributes": torch.cat([rows, fresh])})
    gains = {name: value.clone() for name, value in told.state_dict().items() if name.startswith("gains.")}
    for value in gains.values():
        value[: len(named) * classes] = 0
    kept = {name: value for name, value in encoder.state_dict().items() if not name.startswith("gains.")}
    told.load_state_dict(kept | gains)
    return drawn.eval().requires_grad_(False), told.eval().requires_grad_(False)


def _low_pass(difference: Tensor) -> Tensor:
    """Mean colours of neighbourhoods, an eighth of the side each."""
    return functional.avg_pool2d(difference, max(1, difference.shape[-1] // _NEIGHBOURHOODS))


class _Teaching:
    """Photographs, what is thought of them, and what learns."""

    def __init__(
        self, generator: StyleGenerator, encoder: FundusEncoder, perceive: Callable[[Tensor], tuple[list[Tensor], Tensor]],
        train: PhotographSet, recipe: AnswersRecipe, seed: int, progress: Progress,
    ) -> None:  # fmt: skip
        self.generator, self.encoder, self.perceive, self.train, self.recipe = (
            generator,
            encoder,
            perceive,
            train,
            recipe,
        )
        self.seed, self.device = seed, generator.attributes.device
        self.features, self.seen = self._read(progress)
        decisions = self.seen.argmax(dim=1)
        self.judges = Judges.of(self.features, decisions, encoder.config.classes, seed).to(self.device)
        self.sides = [np.flatnonzero(decisions.numpy() == c) for c in torch.unique(decisions).tolist()]
        if len(self.sides) < 2:
            msg = "The classifier decides all these photographs the same way; attributes can't learn what would change its mind."
            raise TrainingError(msg)
        self.old = len(generator.attributes) - recipe.attributes
        self.fresh = nn.Parameter(generator.attributes.detach()[self.old :].clone())
        self.gains, self.moving = encoder.gains.requires_grad_(True), moving_styles(generator).to(self.device)
        self.optimizer = torch.optim.Adam([self.fresh, *self.gains.parameters()], lr=recipe.rate, betas=(0.5, 0.99))
        torch.manual_seed(seed)
        channels = [m.shape[1] for m in perceive(to_tensor(train.pictures[:1], self.device))[0]]
        self.critic = Critic(channels, encoder.config.classes, self.device) if recipe.adversary else None

    @torch.no_grad()
    def _read(self, progress: Progress) -> tuple[Tensor, Tensor]:
        """Features (N, F) and the classifier's probabilities (N, C) of all photographs."""
        features, seen = [], []
        for start in range(0, len(self.train), 8):
            progress("Answers: reading features", start / len(self.train))
            maps, logits = self.perceive(to_tensor(self.train.pictures[start : start + 8], self.device))
            features.append(described(maps).cpu())
            seen.append(logits.softmax(dim=1).cpu())
        return torch.cat(features), torch.cat(seen)

    def _chosen(self, rng: np.random.Generator) -> list[int]:
        """A batch, decided each way by turns."""
        orders = [rng.permutation(side) for side in self.sides]
        turns = ((orders[k % len(orders)], k // len(orders)) for k in range(self.recipe.batch))
        return [int(order[place % len(order)]) for order, place in turns]

    def advance(self, step: int) -> dict[str, float]:
        """Do one step and return the loss terms."""
        recipe, device = self.recipe, self.device
        rng = np.random.default_rng([self.seed, step])
        noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = self._chosen(rng)
        x, mask = to_tensor(self.train.pictures[chosen], device), mask_tensor(self.train.masks[chosen], device)
        features, seen = self.features[chosen].to(device), self.seen[chosen].to(device)
        wanted = other_opinions(seen, noise)
        nothing = x.new_zeros(len(x), 0)
        with torch.no_grad():
            own, structure = self.encoder.describe(x)
            ws = self.encoder.styles(own, nothing, nothing)
            before = self.generator(ws, x.new_zeros(len(x), len(self.generator.attributes)), structure)
        kept = some_attributes(len(x), recipe.attributes, noise).to(device)
        if step % 2:  # every other time all together, as a search uses them
            kept = torch.ones_like(kept)
        moved = self.encoder.attributes(own, opinion(wanted) - opinion(seen))
        moved = torch.cat([moved[:, : self.old] * 0, moved[:, self.old :] * kept], dim=1)
        rows = torch.cat([self.generator.attributes[: self.old], self.fresh])
        after: Tensor = functional_call(self.generator, {"attributes": rows}, (ws, moved, structure))
        difference = (after - before) * mask
        composite = (x + difference).clamp(-1, 1)
        maps, logits = self.perceive(disturbed(composite, noise))
        made = self.perceive(composite)[0]
        shift = (described(made) - features) / self.judges.spread
        terms = {
            "flip": recipe.flip * functional.kl_div(logits.log_softmax(1), wanted, reduction="batchmean"),
            "judges": recipe.judges * self.judges.distance(described(maps), wanted),
            "closeness": recipe.closeness * difference.abs().mean(),
            "tint": recipe.tint * _low_pass(difference).abs().mean(),
            "evenness": recipe.evenness * shift.mean(dim=0).abs().mean(),
            "sparsity": recipe.sparsity * moved.abs().mean(),
        }
        if self.critic is not None:
            with torch.no_grad():
                real = self.perceive(x)[0]
            terms["adversary"] = -recipe.adversary * self.critic.praise(made, wanted)
            self.critic.learn(real, seen, made, wanted)
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate * min(1.0, 2 * (1 - step / recipe.steps))
        self.optimizer.zero_grad()
        sum(terms.values(), start=x.new_zeros(())).backward()
        if self.fresh.grad is not None:
            self.fresh.grad *= self.moving
        for learned in ([self.fresh], self.gains.parameters()):
            nn.utils.clip_grad_norm_(learned, _STEEPEST)
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in terms.items()}

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds."""
        learned = {"fresh": self.fresh, **{f"gains.{k}": v for k, v in self.gains.state_dict().items()}}
        told = {} if self.critic is None else self.critic.tensors()
        return learned | optimizer_tensors(self.optimizer, "optimizer") | told

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        with torch.no_grad():
            self.fresh.copy_(tensors["fresh"])
        self.gains.load_state_dict({k: tensors[f"gains.{k}"] for k in self.gains.state_dict()})
        restore_optimizer(self.optimizer, tensors, "optimizer")
        if self.critic is not None:
            self.critic.restore(tensors)

    def settle(self) -> None:
        """Put what was learned into the generator, and end the learning."""
        with torch.no_grad():
            self.generator.attributes[self.old :] = self.fresh
        self.gains.requires_grad_(False)


def teach_answers(
    generator: StyleGenerator,
    encoder: FundusEncoder,
    perceive: Callable[[Tensor], tuple[list[Tensor], Tensor]],
    train: PhotographSet,
    recipe: AnswersRecipe,
    seed: int,
    progress: Progress,
    folder: Path | None = None,
) -> list[dict[str, float]]:
    """Teach the last `recipe.attributes` attributes, and their gains, in place.

    Parameters
    ----------
    generator, encoder : StyleGenerator, FundusEncoder
        From `with_fresh_attributes`, on their device.
    perceive : callable
        Pictures (N, 3, R, R) in [-1, 1] to the five maps of an ImageNet network and the classifier's logits (N, classes).
    train : PhotographSet
        Of the generator's resolution; labels are not asked for.
    recipe : AnswersRecipe
        Steps, rate and weights.
    seed : int
        Of everything random.
    progress : Progress
        Told at every step; may raise `Cancelled`.
    folder : pathlib.Path, optional
        Where a checkpoint is kept every hundred steps and when it is stopped, to go on from.

    Returns
    -------
    list of dict
        The loss terms of every twentieth step and the last.

    Raises
    ------
    TrainingError
        If the classifier decides all photographs the same way, or the checkpoint is damaged or of another recipe.

    Notes
    -----
    Cost: `steps` times `batch` passes through the generator, forward and backward, and twice as many through the networks
    that judge. One pass over all photographs at first.
    """
    channels_last(generator)
    teaching = _Teaching(generator, encoder, perceive, train, recipe, seed, progress)
    step, history = 0, list[dict[str, float]]()
    told = recipe.model_dump(mode="json") | {"seed": seed}
    if folder is not None and (folder.exists() or folder.with_name(folder.name + ".old").exists()):
        tensors, state = load_checkpoint(folder)
        if state["recipe"] != told:
            msg = f"The checkpoint {folder} is of another recipe of answers; take another folder for the run, or delete it."
            raise TrainingError(msg)
        teaching.restore(tensors)
        step, history = int(state["step"]), list(state["history"])

    def save() -> None:
        if folder is not None:
            save_checkpoint(folder, teaching.tensors(), {"step": step, "history": history, "recipe": told})

    try:
        while step < recipe.steps:
            terms = teaching.advance(step)
            if step % 20 == 0 or step == recipe.steps - 1:
                history.append({"step": step, **terms})
            step += 1
            text = " ".join(f"{name} {value:.3f}" for name, value in terms.items())
            progress(f"Answers {step}/{recipe.steps}: {text}", step / recipe.steps)
            if step % _SAVE_EVERY == 0:
                save()
    finally:
        save()
    teaching.settle()
    return history
