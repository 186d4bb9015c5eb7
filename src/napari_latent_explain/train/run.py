"""The whole training, from photographs to a bundle: each stage is skipped when its result is there already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file, save

from napari_latent_explain.domain import silent
from napari_latent_explain.export.atomic import open_atomically, write_atomically
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
from napari_latent_explain.model.device import choose_device
from napari_latent_explain.train.classifier_training import train_classifier
from napari_latent_explain.train.component_fitting import check_enough
from napari_latent_explain.train.config import read_config
from napari_latent_explain.train.lesions import OutlinedLesions, load_outlined_lesions
from napari_latent_explain.train.networks import Networks, networks_of_a_base, with_answers
from napari_latent_explain.train.photographs import (
    PhotographSet,
    find_data_folder,
    load_photographs,
    split_validation,
)
from napari_latent_explain.train.stylex import StylexTrainer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_latent_explain.domain import Progress
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
            left_out = tuple(str(name) for name in stored["refused"]) if "refused" in stored else ()
            return PhotographSet(files, stored["pictures"], stored["masks"], stored["labels"], refused=left_out)
    found = load_photographs(find_data_folder(config.data.folder), size, split, progress)
    names, refused = np.array(found.files), np.array(found.refused, dtype=np.str_)
    with open_atomically(cache) as stream:
        np.savez(stream, files=names, pictures=found.pictures, masks=found.masks, labels=found.labels, refused=refused)
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
    path: Path,
    overrides: list[str] | None,
    output: Path,
    *,
    progress: Progress = silent,
    left_out: Callable[[Sequence[str]], object] = lambda files: None,
    finish: bool = True,
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
    left_out : callable
        Told once which photographs couldn't be read.
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
    drawn = None
    if config.answers is not None and config.answers.base:  # before anything that takes long
        drawn = networks_of_a_base(config.answers.base, config)
    photographs = cached_photographs(config, output, "train", progress)
    left_out(photographs.refused)
    train, validation = split_validation(photographs, config.data.validation_share, config.data.seed)
    check_enough(len(train), config.stylex.components)
    lesions = _outlined_lesions(config, output, train, progress)
    classifier = classifier_stage(config, output, train, validation, lesions, progress)
    if drawn is None:
        drawn = _trained_networks(config, output, train, validation, classifier, lesions, progress)
    if drawn is None:  # of several processes, the first one goes on
        return None
    if config.answers is not None:
        drawn = with_answers(drawn, config.answers, config, output, train, classifier, progress)
    if not finish:
        return None
    from napari_latent_explain.train.finish import finish_bundle

    return finish_bundle(config, output, drawn, classifier, train, validation, progress)


def _trained_networks(
    config: TrainConfig,
    output: Path,
    train: PhotographSet,
    validation: PhotographSet,
    classifier: FundusClassifier,
    lesions: OutlinedLesions | None,
    progress: Progress,
) -> Networks | None:
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
    return Networks(average.generator.eval(), average.encoder.eval(), {"training": trainer.record()}, where)
