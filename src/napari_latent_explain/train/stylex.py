"""Training of generator, encoder and discriminator: StylEx (Lang et al., ICCV 2021, section 3.1) with projected features.

Loss of the generator side = L1 + gradient L1 (both weighted by fine detail) + perceptual + adversarial (hinge) +
classifier KL(f(x) || f(G(E(x)))) + latent |E(x) - E(G(E(x)))|, and for some photographs of each step the same eye as if the
classifier had another opinion (progressive exaggeration, Singla et al., ICLR 2020, section 2): KL(wanted || f(composite)),
adversarial with the class that is wanted, closeness to the reconstruction, and few attributes moved. Where lesions have been
outlined, an eye with more and the same eye with fewer of them show attributes what to draw. Everything is inside the
field of view: outside, pictures are black by construction.
"""

from __future__ import annotations

import copy
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.latent import mask_tensor, to_tensor
from napari_latent_explain.latent.similarity import detail_weight, gradient_l1, perceptual_distance, weighted_l1
from napari_latent_explain.model.bundle import read_bundle
from napari_latent_explain.model.classifier import fold_batch_norms
from napari_latent_explain.model.device import channels_last
from napari_latent_explain.model.encoder import opinion
from napari_latent_explain.train.autoencoder import build_autoencoder
from napari_latent_explain.train.batches import BatchSource
from napari_latent_explain.train.checkpoint import (
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from napari_latent_explain.train.discriminator import ProjectedDiscriminator, hinge_loss
from napari_latent_explain.train.lesions import KINDS, TAUGHT, lesion_distance
from napari_latent_explain.train.opinions import disturbed, moving_styles, other_opinions, some_attributes
from napari_latent_explain.train.perception import ImageNetFeatures
from napari_latent_explain.train.samples import save_samples

if TYPE_CHECKING:
    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.classifier import FundusClassifier
    from napari_latent_explain.train.config import TrainConfig
    from napari_latent_explain.train.lesions import OutlinedLesions
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["StylexTrainer"]

_TOLD = 20  # steps between two entries of the history
_THREADS = 6  # that draw batches ahead


class StylexTrainer:
    """One training run that can stop and go on at any step.

    The photographs of step k, their jitter and the noise are drawn from (seed, k): a resumed run sees what an unbroken
    one would have seen.
    """

    def __init__(
        self,
        config: TrainConfig,
        train: PhotographSet,
        classifier: FundusClassifier,
        folder: Path,
        lesions: OutlinedLesions | None = None,
    ) -> None:
        from lightning.fabric import Fabric

        accelerator = "auto" if config.device == "auto" else config.device
        if accelerator == "auto" and torch.backends.mps.is_available():
            accelerator = "cpu"
        # Some steps leave a network out (the mapping before the adversarial term begins): several processes must allow it.
        strategy = "ddp_find_unused_parameters_true" if config.devices > 1 else "auto"
        self.fabric = Fabric(
            accelerator=accelerator, devices=config.devices, precision=config.precision, strategy=strategy
        )
        self.fabric.launch()
        self.config, self.recipe, self.folder = config, config.stylex, folder
        self.step, self.history = 0, list[dict[str, float]]()
        self.lesions = lesions if config.stylex.lesion_pairs and lesions is not None and len(lesions.owners) else None
        # Attributes that lesion pairs teach say nothing of an opinion, if there are others for that.
        self.taught = TAUGHT if self.lesions is not None and config.stylex.attributes > TAUGHT else 0
        torch.manual_seed(config.seed)
        autoencoder = build_autoencoder(config, len(classifier.config.classes))
        self._still = ~moving_styles(autoencoder.generator).bool()
        if self.taught:
            with torch.no_grad():
                autoencoder.generator.attributes[self.taught :, self._still] = 0
        discriminator = ProjectedDiscriminator(ImageNetFeatures.channels, len(classifier.config.classes))
        device = self.fabric.device
        channels_last(autoencoder)
        self.average = copy.deepcopy(autoencoder).to(device).requires_grad_(False)
        betas = (0.5, 0.99)
        optimizer = torch.optim.Adam(
            [
                {"params": list(autoencoder.generator.parameters()), "lr": self.recipe.generator_rate},
                {"params": list(autoencoder.encoder.parameters()), "lr": self.recipe.encoder_rate},
            ],
            betas=betas,
        )
        critic = torch.optim.Adam(discriminator.parameters(), lr=self.recipe.discriminator_rate, betas=betas)
        self.features = ImageNetFeatures().to(device)
        self.classifier = copy.deepcopy(classifier).to(device).eval().requires_grad_(False)
        fold_batch_norms(self.classifier.backbone)
        channels_last(self.classifier)
        self.bare, self.bare_discriminator = autoencoder, discriminator
        self.bare_optimizer, self.bare_critic = optimizer, critic
        # What compares pictures may be as coarse as what draws them; the classifier's spreads may not.
        self.seeing = self.fabric.autocast if device.type == "cuda" else nullcontext
        threads = _THREADS if device.type == "cuda" else 0  # on a CPU the networks themselves want all of them
        self.batches = BatchSource(config, train, self.lesions, device, rank=self.fabric.global_rank, threads=threads)
        self.autoencoder, self.optimizer = self.fabric.setup(autoencoder, optimizer)
        self.discriminator, self.critic = self.fabric.setup(discriminator, critic)
        if (folder / "checkpoint").exists() or (folder / "checkpoint.old").exists():
            self.load()
        elif self.recipe.start_from:
            self._take_over(Path(self.recipe.start_from))

    # -- state ------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write a checkpoint."""
        if self.fabric.global_rank:
            return
        tensors = {f"networks.{k}": v for k, v in self.bare.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        tensors |= {f"discriminator.{k}": v for k, v in self.bare_discriminator.state_dict().items()}
        tensors |= optimizer_tensors(self.bare_optimizer, "optimizer")
        tensors |= optimizer_tensors(self.bare_critic, "critic")
        save_checkpoint(self.folder / "checkpoint", tensors, {"step": self.step, "history": self.history[-500:]})

    def load(self) -> None:
        """Go on from the checkpoint in the folder.

        Raises
        ------
        TrainingError
            If it is damaged, or of networks of other sizes.
        """
        tensors, state = load_checkpoint(self.folder / "checkpoint")

        def part(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        try:
            self.bare.load_state_dict(part("networks."))
            self.average.load_state_dict(part("average."))
            self.bare_discriminator.load_state_dict(part("discriminator."))
        except RuntimeError as error:
            msg = f"The checkpoint in {self.folder} is of another recipe or an earlier version; take another folder for the run."
            raise TrainingError(msg) from error
        restore_optimizer(self.bare_optimizer, tensors, "optimizer")
        restore_optimizer(self.bare_critic, tensors, "critic")
        self.step, self.history = int(state["step"]), list(state["history"])

    def _take_over(self, bundle: Path) -> None:
        """Start from a bundle's generator and encoder where names and shapes fit: the same model, or one half its size."""
        _, networks, _, _ = read_bundle(bundle)
        for name, network in (("generator", self.bare.generator), ("encoder", self.bare.encoder)):
            own = network.state_dict()
            fitting = {
                k: v
                for k, v in networks[name].items()
                if k in own
                and own[k].shape == v.shape
                and not k.startswith("components.")  # fitted when all is trained
            }
            if self.lesions is not None:  # they are taught anew, and short ones turn fast
                fitting.pop("attributes", None)
            if 2 * len(fitting) < len(own):
                msg = f"The {name} of {bundle} is of another shape; use its channel_base, channel_max and w_dim."
                raise TrainingError(msg)
            network.load_state_dict(own | fitting)
        self.average.load_state_dict(self.bare.state_dict())

    # -- one step ---------------------------------------------------------------------------------------------------

    def _few(self, step: int) -> int:
        """Of how many photographs of a step counterfactuals are drawn."""
        recipe = self.recipe
        before_end = not recipe.counterfactuals_until or step < recipe.counterfactuals_until
        return recipe.counterfactuals if step >= recipe.agreement_from and before_end else 0

    def _pairs(self, step: int) -> int:
        """How many of those are lesion pairs."""
        return min(self._few(step), self.recipe.lesion_pairs) if self.lesions is not None else 0

    @torch.no_grad()
    def _seen(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the classifier tells the encoder: features and probabilities."""
        features = self.classifier.features(x)
        return features, self.classifier.head(features).softmax(dim=1)

    def _rates(self) -> None:
        recipe = self.recipe
        late = recipe.final_factor if self.step >= (1 - recipe.final_share) * recipe.steps else 1.0
        warm = min(1.0, (self.step + 1) / 50)
        rates = (recipe.generator_rate, recipe.encoder_rate)
        for group, rate in zip(self.bare_optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * late * warm

    def advance(self) -> dict[str, Tensor]:
        """Do one step and return the loss terms, each a number on the device."""
        recipe, step = self.recipe, self.step
        self._rates()
        adversarial, agreeing = step >= recipe.adversarial_from, step >= recipe.agreement_from
        few = self._few(step)
        x, mask, z, after, given, generator = self.batches.take(step, self._pairs(step), self._pairs(step + 1))
        seen = self._seen(x)
        free = slice(len(after), few)  # counterfactuals that only the classifier judges
        wanted = other_opinions(seen[1][free], generator)
        change = opinion(wanted) - opinion(seen[1][free])
        kept = some_attributes(len(wanted), recipe.attributes - self.taught, generator).to(x.device)
        kept = functional.pad(kept, (self.taught, 0))
        if len(after):
            wanted = torch.cat([self._seen(after)[1], wanted])
        drawn = self.autoencoder(x, seen, change, kept, z if adversarial else z[:0], given)
        picture = drawn.pictures * mask - (1 - mask)
        difference = (drawn.counterfactuals - drawn.pictures[:few].detach()) * mask[:few]
        composite = x[:few] + difference
        with_noise = mask[len(x) - len(drawn.dreamt) :]
        fakes = torch.cat([picture, composite, drawn.dreamt * with_noise - (1 - with_noise)])
        asked = torch.cat([seen[1], wanted, torch.full_like(seen[1][: len(drawn.dreamt)], 0.5)])
        with self.seeing():
            with torch.no_grad():
                real_maps = self.features(x)
            fake_maps = self.features(fakes)
        weight = detail_weight(x, recipe.detail) * mask
        terms = {
            "l1": recipe.l1 * weighted_l1(picture, x, weight),
            "gradient": recipe.gradient * gradient_l1(picture, x, weight),
            "perceptual": recipe.perceptual * perceptual_distance([m[: len(x)] for m in fake_maps], real_maps).mean(),
        }
        ramp = min(1.0, (step - recipe.agreement_from) / 500)
        if agreeing and recipe.classifier and step % recipe.classifier_every == 0:
            divergence = self._divergence(picture, seen[1])
            terms["classifier"] = recipe.classifier * recipe.classifier_every * ramp * divergence
        if agreeing and recipe.latent and step % recipe.latent_every == 0:
            with self.seeing():
                again, *_ = self.bare.encoder(picture, *seen)
            terms["latent"] = recipe.latent * recipe.latent_every * functional.l1_loss(again, drawn.ws.detach())
        if len(after):
            terms["lesions"] = recipe.lesions * lesion_distance(
                difference[: free.start], after - x[: free.start], mask[: free.start],
                detail_weight(x[: free.start], 4 * recipe.detail), recipe.lesion_rest,
            )  # fmt: skip
        if few > free.start:
            terms["flip"] = recipe.flip * ramp * self._divergence(disturbed(composite[free], generator), wanted[free])
            terms["closeness"] = recipe.closeness * difference[free].abs().mean()
            terms["sparsity"] = recipe.sparsity * drawn.moved[free].abs().mean()
        if adversarial:
            self.bare_discriminator.requires_grad_(False)
            with self.seeing():
                terms["adversarial"] = -recipe.adversarial * self.bare_discriminator(fake_maps, asked).float().mean()
            self.bare_discriminator.requires_grad_(True)
        self.optimizer.zero_grad()
        self.fabric.backward(sum(terms.values()))
        if self.taught and self.bare.generator.attributes.grad is not None:
            self.bare.generator.attributes.grad[self.taught :, self._still] = 0
        self.fabric.clip_gradients(self.autoencoder, self.optimizer, max_norm=10.0, error_if_nonfinite=False)
        self.optimizer.step()
        if step >= recipe.adversarial_from - 50:
            # A photograph with another class's probabilities counts as false too, so that the class is looked at.
            false = [torch.cat([m.detach(), r[:few]]) for m, r in zip(fake_maps, real_maps, strict=True)]
            terms["discriminator"] = self._criticise(real_maps, seen[1], false, torch.cat([asked, wanted]))
        self._average()
        self.step += 1
        return {name: value.detach() for name, value in terms.items()}

    def _divergence(self, picture: Tensor, wanted: Tensor) -> Tensor:
        """KL(wanted || f(picture)), mean over pictures."""
        logits: Tensor = self.classifier(picture)
        return functional.kl_div(logits.log_softmax(1), wanted, reduction="batchmean")

    def _criticise(self, real: list[Tensor], theirs: Tensor, false: list[Tensor], asked: Tensor) -> Tensor:
        """One step of the discriminator (hinge loss); returns the loss."""
        loss = hinge_loss(self.discriminator(real, theirs), self.discriminator(false, asked))
        self.critic.zero_grad()
        self.fabric.backward(loss)
        self.critic.step()
        return loss

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        average = torch.optim.swa_utils.get_ema_multi_avg_fn(decay)
        average(list(self.average.parameters()), list(self.bare.parameters()), self.step)

    # -- the run ----------------------------------------------------------------------------------------------------

    def run(self, show: PhotographSet, progress: Progress) -> None:
        """Train to the configured number of steps or minutes; save and show on the way and when stopped."""
        began = time.monotonic()
        shown = show.take(np.arange(min(8, len(show))))
        last: dict[str, float] = {}
        try:
            while self.step < self.recipe.steps:
                terms = self.advance()
                # Asking a graphics processor for a number waits until it is done.
                if self.fabric.device.type == "cpu" or self.step % _TOLD == 0:
                    last |= {name: float(value) for name, value in terms.items()}
                if self.step % _TOLD == 0:
                    self.history.append({"step": self.step, **last})
                text = " ".join(f"{name} {value:.3f}" for name, value in last.items())
                progress(f"StylEx {self.step}/{self.recipe.steps}: {text}", self.step / self.recipe.steps)
                if self.step % self.recipe.save_every == 0:
                    self.save()
                if self.step % self.recipe.show_every == 0:
                    self._show(shown)
                if self.recipe.minutes and time.monotonic() - began > self.recipe.minutes * 60:
                    break
        finally:
            self.batches.close()
            self.save()

    def _show(self, shown: PhotographSet) -> None:
        if self.fabric.global_rank:
            return
        x = to_tensor(shown.pictures).to(self.fabric.device)
        mask = mask_tensor(shown.masks, self.fabric.device)
        generator = torch.Generator().manual_seed(0)
        few = len(x) if self.recipe.counterfactuals else 0
        with torch.no_grad():
            seen = self._seen(x)
            z = torch.randn(len(x) if self.recipe.noise_batch else 0, self.recipe.w_dim, generator=generator)
            kept = torch.ones(few, self.recipe.attributes, device=x.device)
            change = opinion(other_opinions(seen[1][:few], generator)) - opinion(seen[1][:few])
            given = None
            if few and self.lesions is not None:  # all lesions gone from every other eye, given to the rest
                given = torch.zeros(few, self.recipe.attributes, device=x.device)
                given[::2, : len(KINDS)] = 1
                given[1::2, len(KINDS) : TAUGHT] = 1
                change, kept = change[:0], kept[:0]
            drawn = self.average(x, seen, change, kept, z.to(x.device), given)
        rows = [x, drawn.pictures * mask - (1 - mask)]
        if few:
            difference = (drawn.counterfactuals - drawn.pictures) * mask
            rows += [x + difference, 3 * difference]
        if len(z):
            rows.append(drawn.dreamt * mask - (1 - mask))
        save_samples(rows, self.folder / "samples" / f"step-{self.step:06d}.png")

    def record(self) -> dict[str, Any]:
        """Where the run stands, for the model card."""
        return {"steps": self.step, "batch": self.recipe.batch, "last": self.history[-1] if self.history else {}}
