"""From a training's networks to its bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.model.bundle import BundleMetadata
from napari_latent_explain.train.assembly import assemble_bundle
from napari_latent_explain.train.code_version import code_commit
from napari_latent_explain.train.photographs import manifest_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.classifier import FundusClassifier
    from napari_latent_explain.train.config import TrainConfig
    from napari_latent_explain.train.photographs import PhotographSet
    from napari_latent_explain.train.stylex import StylexTrainer

__all__ = ["finish_bundle"]


def finish_bundle(
    config: TrainConfig,
    output: Path,
    trainer: StylexTrainer,
    classifier: FundusClassifier,
    train: PhotographSet,
    validation: PhotographSet,
    progress: Progress,
) -> Path:
    """Measure the averaged networks, search directions, and write ``bundle/`` in the run's folder."""
    device = trainer.fabric.device
    generator, encoder = trainer.average.generator.eval(), trainer.average.encoder.eval()
    recipe = {
        "config": config.model_dump(mode="json"),
        "photographs": len(train),
        "photographs_sha256": manifest_sha256(train),
        "training": trainer.record(),
        "commit": code_commit(),
    }

    def metadata(scores: dict[str, Any]) -> BundleMetadata:
        return BundleMetadata(
            name=config.name, title=config.title, classes=classifier.config.classes, resolution=config.resolution,
            generator=generator.config, encoder=encoder.config, classifier=classifier.config,
            scores=scores, recipe=recipe,
        )  # fmt: skip

    parts = {"generator": generator, "encoder": encoder, "classifier": classifier}
    networks = {name: network.state_dict() for name, network in parts.items()}
    where = "cpu" if device.type == "cpu" else "auto"
    return assemble_bundle(output / "bundle", metadata, networks, train, validation, config.seed, where, progress)
