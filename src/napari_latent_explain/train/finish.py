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
    from napari_latent_explain.train.networks import Networks
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["finish_bundle"]


def finish_bundle(
    config: TrainConfig,
    output: Path,
    networks: Networks,
    classifier: FundusClassifier,
    train: PhotographSet,
    validation: PhotographSet,
    progress: Progress,
) -> Path:
    """Measure the networks, search directions, and write ``bundle/`` in the run's folder."""
    recipe = {
        "config": config.model_dump(mode="json"),
        "photographs": len(train),
        "photographs_sha256": manifest_sha256(train),
        "commit": code_commit(),
    } | networks.told

    def metadata(scores: dict[str, Any]) -> BundleMetadata:
        return BundleMetadata(
            name=config.name, title=config.title, classes=classifier.config.classes, resolution=config.resolution,
            generator=networks.generator.config, encoder=networks.encoder.config, classifier=classifier.config,
            scores=scores, recipe=recipe,
        )  # fmt: skip

    parts = {"generator": networks.generator, "encoder": networks.encoder, "classifier": classifier}
    states = {name: network.state_dict() for name, network in parts.items()}
    return assemble_bundle(
        output / "bundle", metadata, states, train, validation, config.seed, networks.device, progress
    )
