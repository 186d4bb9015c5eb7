"""A tiny untrained bundle: the real code paths in milliseconds."""

from __future__ import annotations

from pathlib import Path

import torch

from napari_latent_explain.domain import DirectionAtlas, StyleDirection
from napari_latent_explain.model.bundle import BundleMetadata, write_bundle
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
from napari_latent_explain.model.encoder import EncoderConfig, FundusEncoder
from napari_latent_explain.model.explainer import StyleStatistics
from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator


def write_small_bundle(
    folder: Path,
    *,
    resolution: int = 32,
    seed: int = 0,
    small_encoder: bool = True,
    attributes: int = 0,
    names: tuple[str, ...] = (),
    components: int = 0,
    everywhere: bool = False,
    taught: float = 0.0,
) -> Path:
    """Write an untrained bundle whose first two directions act in both senses; the encoder is as in training on request."""
    torch.manual_seed(seed)
    generator = StyleGenerator(
        GeneratorConfig(
            resolution=resolution, channel_base=512, channel_max=16, w_dim=8, z_dim=8, mapping_layers=2,
            attributes_everywhere=everywhere, attributes=attributes, attribute_names=names, components=components,
        )
    )  # fmt: skip
    if components:
        generator.components.directions.normal_(std=0.3)
        generator.components.readings.normal_(std=0.1)
    sizes = {"input_size": 32, "channels": (8, 8, 8), "hidden": 16} if small_encoder else {}
    sizes |= {"attributes": attributes, "feature_size": 0, "taught_range": taught} if attributes else {}
    encoder = FundusEncoder(EncoderConfig(**sizes, style_layers=generator.style_layer_count, w_dim=8))
    classifier = FundusClassifier(ClassifierConfig(input_size=32))
    classifier.eval()
    size = generator.layout.size
    with torch.no_grad():
        codes = generator.code(torch.randn(64, 8), torch.randn(64, attributes), torch.zeros(64, 0))
    statistics = StyleStatistics.of(codes)
    directions = []
    for target in (0, 1):
        for rank, column in enumerate((size // 2, size // 3)):
            layer, channel = generator.layout.coordinate(column)
            directions.append(
                StyleDirection(
                    id=f"{layer}:{channel}:{'+' if target else '-'}", name=f"direction {rank + 1}", layer=layer,
                    channel=channel, sign=1 if target else -1, spread=float(statistics.spread[column]),
                    low=float(statistics.low[column]), high=float(statistics.high[column]), target=target,
                    effect_logit=1.0 - 0.1 * rank, effect_logit_interval=(0.5, 1.5), effect_probability=0.2,
                    effect_probability_interval=(0.1, 0.3), flip_share=0.1, held_out=10,
                )
            )  # fmt: skip
    classes = classifier.config.classes
    metadata = BundleMetadata(
        name="small", title="A small untrained model", classes=classes, resolution=resolution,
        generator=generator.config, encoder=encoder.config, classifier=classifier.config,
    )  # fmt: skip
    networks = {
        "generator": generator.state_dict(), "encoder": encoder.state_dict(),
        "classifier": classifier.state_dict(), "statistics": statistics.tensors(),
    }  # fmt: skip
    atlas = DirectionAtlas(classes=classes, directions=tuple(directions), searched=2 * size)
    return write_bundle(folder, metadata, networks, atlas, "# A small untrained model\n")
