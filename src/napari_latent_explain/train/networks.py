"""The generator and encoder of a run: those of another bundle, and those with attributes that the run's classifier taught."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.model.classifier import fold_batch_norms
from napari_latent_explain.model.device import channels_last, choose_device
from napari_latent_explain.model.explainer import load_explainer
from napari_latent_explain.model.generator import StyleGenerator
from napari_latent_explain.train.answers import teach_answers, with_fresh_attributes

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.classifier import FundusClassifier
    from napari_latent_explain.model.encoder import FundusEncoder
    from napari_latent_explain.train.answers import AnswersRecipe
    from napari_latent_explain.train.config import TrainConfig
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["Networks", "networks_of_a_base", "with_answers"]


class Networks(NamedTuple):
    """Generator and encoder in evaluation mode, what is to be told of them, and where a bundle of them is measured."""

    generator: StyleGenerator
    encoder: FundusEncoder
    told: dict[str, Any]
    device: str


def networks_of_a_base(base: str, config: TrainConfig) -> Networks:
    """Generator and encoder of another bundle, which this run leaves as they are.

    Raises
    ------
    TrainingError
        If they are of another kind or size than a run trains, or their styles depend on their own classifier.
    """
    device = str(choose_device(config.device))
    explainer = load_explainer(None if base == "shipped" else base, device)
    generator, encoder = explainer.generator, explainer.encoder
    if not isinstance(generator, StyleGenerator) or not encoder.config.attributes or encoder.config.feature_size:
        msg = f"The styles of {base} depend on its own classifier; take a bundle with attributes and encoder_features = 0."
        raise TrainingError(msg)
    if explainer.resolution != config.resolution:
        msg = f"The base {base} draws {explainer.resolution} px, not {config.resolution} px; set resolution to that."
        raise TrainingError(msg)
    named = [k for k, name in enumerate(generator.config.attribute_names) if name]
    if (
        named and encoder.config.taught_range
    ):  # older bundles say only in their statistics that an attribute goes both ways
        least = float(explainer.statistics.low[explainer.layout.column("attributes", named[0])])
        encoder.config = encoder.config.replace(taught_from=least)
    identity = explainer.identity
    told = {"base": {"name": identity.name, "sha256": identity.sha256, "recipe": _own_recipe(explainer.recipe)}}
    return Networks(generator, encoder, told, device)


def _own_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe that trained the generator of a base: its own, or that of the base that it was made from in turn."""
    return recipe["base"]["recipe"] if "base" in recipe else recipe


def with_answers(
    networks: Networks,
    recipe: AnswersRecipe,
    config: TrainConfig,
    output: Path,
    train: PhotographSet,
    classifier: FundusClassifier,
    progress: Progress,
) -> Networks:
    """Teach attributes of the classifier's own, beside those that are there."""
    generator, encoder = with_fresh_attributes(
        networks.generator, networks.encoder, len(classifier.config.classes), recipe.attributes, config.seed
    )
    judging = copy.deepcopy(classifier)
    fold_batch_norms(judging.backbone)
    channels_last(judging)
    for network in (generator, encoder, judging):
        network.to(choose_device(networks.device))

    def perceive(x: Tensor) -> tuple[list[Tensor], Tensor]:
        maps = judging.maps(x)
        return maps, judging.head(judging.pooled(maps))

    history = teach_answers(generator, encoder, perceive, train, recipe, config.seed, progress, output / "answers")
    told = networks.told | {"answers": {"last": history[-1] if history else {}}}
    return networks._replace(generator=generator, encoder=encoder, told=told)
