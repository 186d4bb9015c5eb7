"""Somebody else's classifier, explained with a generator that is there already.

Styles and structure of a bundle with attributes know nothing of its classifier. So a new one needs only what depends on the
classifier: the attributes (a direction across styles each) and their gains, which are taught as in a training, with the
generator and the rest of the encoder frozen; the statistics; and the directions with their evidence. A classifier without
gradients (ONNX) keeps the attributes that are there, and its directions are found by forward passes alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.latent import mask_tensor, to_tensor
from napari_latent_explain.model.batches import in_batches
from napari_latent_explain.model.bundle import BundleMetadata, read_bundle
from napari_latent_explain.model.device import choose_device
from napari_latent_explain.model.encoder import FundusEncoder, opinion
from napari_latent_explain.model.explainer import load_explainer
from napari_latent_explain.model.foreign_files import foreign_state
from napari_latent_explain.model.generator import StyleGenerator
from napari_latent_explain.train.assembly import assemble_bundle
from napari_latent_explain.train.code_version import code_commit
from napari_latent_explain.train.opinions import disturbed, other_opinions, some_attributes
from napari_latent_explain.train.photographs import manifest_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer
    from napari_latent_explain.model.foreign import ForeignClassifier
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["AdaptRecipe", "adapt_bundle"]

_SHORT = 0.01  # length of a fresh direction's entries: a short one turns fast, and its length takes no part


class AdaptRecipe(FrozenModel):
    """How the attributes are taught a new classifier; the weights of the terms are those of `StylexRecipe`."""

    name: str = "adapted"
    title: str = "An adapted classifier"
    steps: Annotated[int, Field(ge=0)] = 300
    batch: Annotated[int, Field(ge=1)] = 6
    rate: float = 1e-3
    flip: float = 1.0
    closeness: float = 3.0
    sparsity: float = 0.05
    seed: int = 0


def _taught(generator: StyleGenerator, encoder: FundusEncoder, classes: int, seed: int) -> FundusEncoder:
    """Make an encoder with fresh gains for another number of classes; shorten the generator's directions in place."""
    torch.manual_seed(seed)
    fresh = FundusEncoder(encoder.config.model_copy(update={"classes": classes, "taught_range": 0.0}))
    own = fresh.state_dict()
    fresh.load_state_dict({k: v if k.startswith("gains.") else encoder.state_dict()[k] for k, v in own.items()})
    with torch.no_grad():
        rows = functional.normalize(generator.attributes * generator.attribute_acts, dim=1)
        generator.attributes.copy_(rows * generator.attribute_acts.sum(dim=1, keepdim=True).sqrt() * _SHORT)
    return fresh.to(generator.attributes.device).eval()


def _teach(
    base: Explainer, generator: StyleGenerator, encoder: FundusEncoder, classifier: nn.Module, train: PhotographSet,
    recipe: AdaptRecipe, progress: Progress,
) -> list[dict[str, float]]:  # fmt: skip
    """Teach attributes and gains; returns the loss terms of every twentieth step."""
    learned = [generator.attributes.requires_grad_(True), *encoder.gains.requires_grad_(True).parameters()]
    optimizer = torch.optim.Adam(learned, lr=recipe.rate, betas=(0.5, 0.99))
    history = []
    for step in range(recipe.steps):
        rng = np.random.default_rng([recipe.seed, step])
        noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = rng.choice(len(train), min(recipe.batch, len(train)), replace=False)
        x = to_tensor(train.pictures[chosen], base.device)
        mask = mask_tensor(train.masks[chosen], base.device)
        with torch.no_grad():
            own, structure = encoder.describe(x)
            ws = encoder.styles(own, x.new_zeros(len(x), 0), x.new_zeros(len(x), 0))
            before = generator(ws, ws.new_zeros(len(x), encoder.config.attributes), structure)
            seen = classifier(x).softmax(dim=1)
            wanted = other_opinions(seen, noise)
        kept = some_attributes(len(x), encoder.config.attributes, noise).to(x.device)
        moved = kept * encoder.attributes(own, opinion(wanted) - opinion(seen))
        after: Tensor = functional_call(generator, dict(generator.named_parameters()), (ws, moved, structure))
        difference = (after - before) * mask
        logits = classifier(disturbed(x + difference, noise))
        terms = {
            "flip": recipe.flip * functional.kl_div(logits.log_softmax(1), wanted, reduction="batchmean"),
            "closeness": recipe.closeness * difference.abs().mean(),
            "sparsity": recipe.sparsity * moved.abs().mean(),
        }
        optimizer.zero_grad()
        sum(terms.values(), start=x.new_zeros(())).backward()
        optimizer.step()
        shown = {name: float(value.detach()) for name, value in terms.items()}
        if step % 20 == 0 or step == recipe.steps - 1:
            history.append({"step": step, **shown})
        text = " ".join(f"{name} {value:.3f}" for name, value in shown.items())
        progress(f"Adapting {step + 1}/{recipe.steps}: {text}", (step + 1) / recipe.steps)
    for parameter in learned:
        parameter.requires_grad_(False)
    return history


def adapt_bundle(
    base: Path,
    classifier: ForeignClassifier,
    source: Path,
    train: PhotographSet,
    validation: PhotographSet,
    output: Path,
    recipe: AdaptRecipe,
    *,
    device: str = "auto",
    progress: Progress,
) -> Path:
    """Write a bundle that explains `classifier` with the generator of another bundle.

    Parameters
    ----------
    base : pathlib.Path
        A bundle whose generator has attributes.
    classifier, source : ForeignClassifier, pathlib.Path
        From `open_foreign_classifier`, and the file it came from.
    train, validation : PhotographSet
        Of the base's resolution. Attributes, statistics and the choice of directions come from the first, evidence and scores
        from the second. Labels, where there are any, only score the classifier.
    output : pathlib.Path
        Folder of the new bundle.
    recipe : AdaptRecipe
        Steps, rates and weights.
    device : str
        As `load_explainer` takes it.
    progress : Progress
        Told at every step; may raise `Cancelled`, and then nothing is written.

    Raises
    ------
    TrainingError
        If the base's styles depend on its own classifier, or the new one gives one answer for all photographs.

    Notes
    -----
    Cost: `steps` times `batch` passes through generator and classifier, forward and backward; then what
    `find_directions` costs.
    """
    explainer = load_explainer(base, device)
    config, generator = explainer.encoder.config, explainer.generator
    if not config.attributes or config.feature_size or not isinstance(generator, StyleGenerator):
        msg = (
            f"The styles of {base} depend on its own classifier; take a bundle that was trained with attributes and with "
            f"encoder_features = 0."
        )
        raise TrainingError(msg)
    classifier = classifier.to(choose_device(device))
    with torch.no_grad():
        x = to_tensor(train.pictures[:64], explainer.device)
        answers = in_batches(classifier, x)
    if not bool(torch.isfinite(answers).all()):
        msg = "The classifier gives numbers that are not finite for these photographs; check its input size, mean and std."
        raise TrainingError(msg)
    if float(answers.softmax(dim=1).std(dim=0).max()) < 1e-4:
        msg = "The classifier gives the same answer for all these photographs; check its input size, mean, std and weights."
        raise TrainingError(msg)
    classes = classifier.config.classes
    encoder, history = explainer.encoder, list[dict[str, float]]()
    if classifier.differentiable and recipe.steps:
        encoder = _taught(generator, explainer.encoder, len(classes), recipe.seed)
        history = _teach(explainer, generator, encoder, classifier, train, recipe, progress)
    elif len(classes) != config.classes:
        encoder = _taught(generator, explainer.encoder, len(classes), recipe.seed)
    metadata, networks, _, _ = read_bundle(base)
    told = {
        "base": {"name": metadata.name, "sha256": explainer.identity.sha256, "recipe": metadata.recipe},
        "adapted": recipe.model_dump(mode="json") | {"history": history},
        "photographs": len(train),
        "photographs_sha256": manifest_sha256(train),
        "commit": code_commit(),
    }

    def describe(scores: dict[str, Any]) -> BundleMetadata:
        return BundleMetadata(
            name=recipe.name, title=recipe.title, classes=classes, resolution=metadata.resolution,
            # What attributes are taught here has no name.
            generator=generator.config.replace(attribute_names=()) if history else generator.config,
            encoder=encoder.config, classifier=classifier.config, scores=scores, recipe=told,
        )  # fmt: skip

    perception = networks["perception" if metadata.foreign else "classifier"]
    parts = {
        "generator": explainer.generator.state_dict(), "encoder": encoder.state_dict(),
        "classifier": foreign_state(classifier, source), "perception": perception,
    }  # fmt: skip
    return assemble_bundle(output, describe, parts, train, validation, recipe.seed, device, progress)
