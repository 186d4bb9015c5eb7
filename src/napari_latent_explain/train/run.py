"""The whole training, from photographs to a bundle: each stage is skipped when its result is there already."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch.nn import functional

from napari_latent_explain.domain import TrainingError, silent
from napari_latent_explain.export.atomic import open_atomically, write_atomically
from napari_latent_explain.model.classifier import (
    ClassifierConfig,
    FundusClassifier,
    fold_batch_norms,
    stage_features,
)
from napari_latent_explain.model.device import channels_last, choose_device
from napari_latent_explain.model.explainer import load_explainer
from napari_latent_explain.model.generator import StyleGenerator
from napari_latent_explain.train.answers import AnswersRecipe, teach_answers, with_fresh_attributes
from napari_latent_explain.train.classifier_training import train_classifier
from napari_latent_explain.train.component_fitting import check_enough
from napari_latent_explain.train.config import read_config
from napari_latent_explain.train.lesions import OutlinedLesions, load_outlined_lesions
from napari_latent_explain.train.photographs import (
    PhotographSet,
    find_data_folder,
    load_photographs,
    split_validation,
)
from napari_latent_explain.train.stylex import StylexTrainer

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.encoder import FundusEncoder
    from napari_latent_explain.train.config import TrainConfig

__all__ = ["cached_photographs", "classifier_stage", "train_from_config"]


def cached_photographs(
    config: TrainConfig, output: Path, split: str, progress: Progress, *, oversampling: int = 1
) -> PhotographSet:
    """Photographs of a split, read once into ``photographs-<split>-<size>.npz`` of the run's folder."""
    size = config.resolution * oversampling
    cache = output / f"photographs-{split}-{size}.npz"
    if cache.is_file():
        with np.load(cache) as stored:
            files = tuple(str(name) for name in stored["files"])
            return PhotographSet(files, stored["pictures"], stored["masks"], stored["labels"])
    found = load_photographs(find_data_folder(config.data.folder), size, split, progress)
    names = np.array(found.files)
    with open_atomically(cache) as stream:
        np.savez(stream, files=names, pictures=found.pictures, masks=found.masks, labels=found.labels)
    return found


def _outlined_lesions(
    config: TrainConfig, output: Path, train: PhotographSet, progress: Progress
) -> OutlinedLesions | None:
    """What the outlined lesions of the training part add to the fundus, read once into the run's folder."""
    if not config.stylex.lesion_pairs and not config.classifier.lesion_share:
        return None
    cache = output / f"lesions-{train.pictures.shape[1]}.npz"
    if cache.is_file():
        with np.load(cache) as stored:
            return OutlinedLesions(stored["owners"], stored["residuals"])
    found = load_outlined_lesions(find_data_folder(config.data.folder), train, progress)
    with open_atomically(cache) as stream:
        np.savez_compressed(stream, owners=found.owners, residuals=found.residuals)
    return found


def classifier_stage(
    config: TrainConfig,
    output: Path,
    train: PhotographSet,
    validation: PhotographSet,
    lesions: OutlinedLesions | None,
    progress: Progress,
) -> FundusClassifier:
    """Train the classifier, or load the one that this run's folder holds."""
    weights, notes = output / "classifier.safetensors", output / "classifier.json"
    if not notes.is_file():
        device = choose_device(config.device)
        network, scores = train_classifier(config.classifier, train, validation, device, config.seed, progress, lesions)
        write_atomically(weights, save({k: v.cpu().contiguous() for k, v in network.state_dict().items()}))
        told = {"config": network.config.model_dump(mode="json"), "validation": scores}
        write_atomically(notes, json.dumps(told).encode())
    stored = json.loads(notes.read_text(encoding="utf-8"))
    network = FundusClassifier(ClassifierConfig.model_validate(stored["config"]))
    network.load_state_dict(load_file(weights))
    return network.eval().requires_grad_(False)


def train_from_config(
    path: Path, overrides: list[str] | None, output: Path, *, progress: Progress = silent, finish: bool = True
) -> Path | None:
    """Train a bundle as a configuration says, or go on where a stopped run left off.

    Parameters
    ----------
    path : pathlib.Path
        TOML file, see `train.config`.
    overrides : list of str, optional
        ``key=value`` each.
    output : pathlib.Path
        The run's folder: caches, checkpoint, samples, and the bundle in ``bundle/``.
    progress : Progress
        Told several times a second.
    finish : bool
        Whether to measure, search directions and write the bundle at the end.

    Returns
    -------
    pathlib.Path or None
        The bundle's folder; None without `finish`, and in all but the first of several processes.

    Raises
    ------
    TrainingError
        If the configuration, the photographs or the checkpoint are wrong.
    Cancelled
        If `progress` asked to stop; the checkpoint is written first.
    """
    config = read_config(path, overrides)
    write_atomically(output / "config.json", config.model_dump_json(indent=1).encode())
    photographs = cached_photographs(config, output, "train", progress)
    train, validation = split_validation(photographs, config.data.validation_share, config.data.seed)
    check_enough(len(train), config.stylex.components)
    lesions = _outlined_lesions(config, output, train, progress)
    classifier = classifier_stage(config, output, train, validation, lesions, progress)
    if config.answers is not None and config.answers.base:
        drawn = _networks_of_a_base(config.answers.base, config)
    else:
        trained = _trained_networks(config, output, train, validation, classifier, lesions, progress)
        if trained is None or not finish:  # of several processes, the first one goes on
            return None
        drawn = trained
    if config.answers is not None:
        drawn = _with_answers(drawn, config, output, train, classifier, progress)
    if not finish:
        return None
    from napari_latent_explain.train.finish import finish_bundle

    return finish_bundle(
        config,
        output,
        drawn.generator,
        drawn.encoder,
        classifier,
        train,
        validation,
        drawn.told,
        drawn.device,
        progress,
    )


class _Networks(NamedTuple):
    """Generator and encoder in evaluation mode, what is to be told of them, and where a bundle of them is measured."""

    generator: StyleGenerator
    encoder: FundusEncoder
    told: dict[str, Any]
    device: str


def _trained_networks(
    config: TrainConfig,
    output: Path,
    train: PhotographSet,
    validation: PhotographSet,
    classifier: FundusClassifier,
    lesions: OutlinedLesions | None,
    progress: Progress,
) -> _Networks | None:
    """Train generator and encoder, or go on with it; None in all but the first of several processes."""
    finer = train
    if config.stylex.oversampling > 1:
        finer = cached_photographs(config, output, "train", progress, oversampling=config.stylex.oversampling)
        finer, _ = split_validation(finer, config.data.validation_share, config.data.seed)
    torch.manual_seed(config.seed)
    trainer = StylexTrainer(config, finer, classifier, output, lesions)
    trainer.run(validation, progress)
    if trainer.fabric.global_rank:
        return None
    where = "cpu" if trainer.fabric.device.type == "cpu" else "auto"
    average = trainer.average
    return _Networks(average.generator.eval(), average.encoder.eval(), {"training": trainer.record()}, where)


def _networks_of_a_base(base: str, config: TrainConfig) -> _Networks:
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
    return _Networks(generator, encoder, told, device)


def _own_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe that trained the generator of a base: its own, or that of the base that it was made from in turn."""
    return recipe["base"]["recipe"] if "base" in recipe else recipe


def _with_answers(
    networks: _Networks, config: TrainConfig, output: Path, train: PhotographSet, classifier: FundusClassifier,
    progress: Progress,
) -> _Networks:  # fmt: skip
    """Teach attributes of the classifier's own, beside those that are there."""
    recipe = config.answers or AnswersRecipe()
    generator, encoder = with_fresh_attributes(
        networks.generator, networks.encoder, len(classifier.config.classes), recipe.attributes, config.seed
    )
    judging = copy.deepcopy(classifier)
    fold_batch_norms(judging.backbone)
    channels_last(judging)
    for network in (generator, encoder, judging):
        network.to(choose_device(networks.device))

    def perceive(x: Tensor) -> tuple[list[Tensor], Tensor]:
        size = judging.config.input_size
        if x.shape[-1] != size:
            x = functional.interpolate(x, (size, size), mode="bilinear", antialias=x.shape[-1] > size)
        maps = stage_features(judging.backbone, x)
        return maps, judging.head(judging.pooled(maps))

    history = teach_answers(generator, encoder, perceive, train, recipe, config.seed, progress, output / "answers")
    told = networks.told | {"answers": {"last": history[-1] if history else {}}}
    return networks._replace(generator=generator, encoder=encoder, told=told)
