"""One loaded model: generator, encoder, classifier, style statistics, directions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from napari_latent_explain.domain import BundleError, DirectionAtlas, ModelIdentity
from napari_latent_explain.model.bundle import bundle_sha256, read_bundle
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier, fold_batch_norms, stage_features
from napari_latent_explain.model.control_heads import ControlHeads
from napari_latent_explain.model.device import channels_last, choose_device
from napari_latent_explain.model.encoder import FundusEncoder
from napari_latent_explain.model.foreign import ForeignClassifier, ForeignConfig, build_network, numbers_for
from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator
from napari_latent_explain.model.onnx_network import OnnxNetwork
from napari_latent_explain.model.published_generator import PublishedConfig, PublishedGenerator
from napari_latent_explain.model.second_opinion import SecondOpinion

if TYPE_CHECKING:
    from torch import nn

    from napari_latent_explain.model.bundle import BundleMetadata
    from napari_latent_explain.model.quick_change import QuickChange
    from napari_latent_explain.model.style_space import StyleLayout

__all__ = ["Explainer", "StyleStatistics", "build_generator", "default_bundle", "load_explainer"]


@dataclass(frozen=True, eq=False)
class StyleStatistics:
    """What each number of a code does over the reference photographs: (n,) float32 each.

    `mean`, `spread` (standard deviation, never 0), and the 5 % and 95 % quantiles `low` and `high`. Attributes are 0 in every
    photograph: `spread`, `low` and `high` are those of the attributes that the photographs' counterfactuals have.
    """

    mean: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, codes: Tensor) -> StyleStatistics:
        """Measure codes (N, n)."""
        low, high = torch.quantile(codes, torch.tensor([0.05, 0.95], device=codes.device), dim=0)
        return cls(codes.mean(dim=0), codes.std(dim=0).clamp_min(1e-4), low, high)

    def tensors(self) -> dict[str, Tensor]:
        """Return them by name, as a bundle stores them."""
        return {"mean": self.mean, "spread": self.spread, "low": self.low, "high": self.high}


@dataclass(frozen=True, eq=False)
class Explainer:
    """A model bundle in memory, in evaluation mode, its weights frozen.

    `perception` is the EfficientNet-Lite0 whose features inversion compares: that of the classifier, unless it was not made
    here. `controls` are heads that know nothing and `second_opinion` is an independent classifier, where the bundle has them;
    `quick` changes single photographs, faster (`model.quick_change`).
    """

    identity: ModelIdentity
    classes: tuple[str, ...]
    generator: StyleGenerator | PublishedGenerator
    encoder: FundusEncoder
    classifier: FundusClassifier | ForeignClassifier
    perception: nn.Module
    statistics: StyleStatistics
    atlas: DirectionAtlas
    device: torch.device
    bundle: Path
    card: str
    scores: dict[str, Any]
    recipe: dict[str, Any]
    title: str = ""
    controls: ControlHeads | None = None
    second_opinion: SecondOpinion | None = None
    quick: QuickChange | None = None

    @property
    def layout(self) -> StyleLayout:
        """Where each style coordinate lies in a code."""
        return self.generator.layout

    @property
    def resolution(self) -> int:
        """Side of the model's pictures."""
        return self.identity.resolution

    def encode(self, x: Tensor) -> Tensor:
        """Pictures (N, 3, R, R) in [-1, 1] to codes (N, `generator.code_size`): S, and structure where there is one."""
        features, probabilities = self._seen(x)
        return self.generator.code(*self.encoder(x, features, probabilities))

    def perceive(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """Maps of the first four stages that inversion compares, and the classifier's logits (N, classes).

        Of pictures (N, 3, R, R) in [-1, 1]; one pass for both where one network gives both.
        """
        classifier = self.classifier
        if (
            isinstance(classifier, FundusClassifier)
            and classifier.backbone is self.perception
            and classifier.config.input_size == x.shape[-1]
        ):
            maps = stage_features(self.perception, x)
            return maps[:4], classifier.head(classifier.pooled(maps))
        return stage_features(self.perception, x, 4), classifier(x)

    def _seen(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As much of the classifier's features and probabilities as the encoder asks for; nothing costs nothing."""
        nothing, config = x.new_zeros(len(x), 0), self.encoder.config
        if isinstance(self.classifier, ForeignClassifier):
            return nothing, nothing if config.attributes else self.classifier(x).softmax(dim=1)
        if config.attributes and not config.feature_size:
            return nothing, nothing
        features = self.classifier.features(x)
        return features, self.classifier.head(features).softmax(dim=1)


def default_bundle() -> Path:
    """Folder of the bundle that ships with the package."""
    return Path(__file__).resolve().parents[1] / "bundles" / "referable_dr"


def build_generator(config: GeneratorConfig | PublishedConfig) -> StyleGenerator | PublishedGenerator:
    """An untrained generator of this shape: one of ours, or one that was imported."""
    return PublishedGenerator(config) if isinstance(config, PublishedConfig) else StyleGenerator(config)


def _ready(network: nn.Module, state: dict[str, Tensor], name: str, folder: Path, device: torch.device) -> None:
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        msg = f"models/{name}.safetensors of {folder} does not fit the shapes in its metadata; the bundle is refused."
        raise BundleError(msg) from error
    network.to(device).eval().requires_grad_(False)


def _classifier(
    metadata: BundleMetadata, networks: dict[str, dict[str, Tensor]], folder: Path, device: torch.device
) -> tuple[FundusClassifier | ForeignClassifier, nn.Module]:
    """Build the classifier, and the network whose features inversion compares."""
    config = metadata.classifier
    own = FundusClassifier(ClassifierConfig() if isinstance(config, ForeignConfig) else config)
    _ready(own, networks["perception" if metadata.foreign else "classifier"], "classifier", folder, device)
    fold_batch_norms(own.backbone)
    if not isinstance(config, ForeignConfig):
        return own, own.backbone
    state = networks["classifier"]
    if config.kind == "onnx":
        if set(state) != {"onnx"} or state["onnx"].dtype != torch.uint8:
            msg = f"models/classifier.safetensors of {folder} holds no ONNX graph; the bundle is refused."
            raise BundleError(msg)
        return ForeignClassifier(config, OnnxNetwork(state["onnx"].numpy().tobytes())).to(device).eval(), own.backbone
    network = build_network(config.target, config.arguments, numbers_for(state))
    _ready(network, state, "classifier", folder, device)
    return ForeignClassifier(config, network).to(device).eval(), own.backbone


def load_explainer(bundle: Path | str | None = None, device: str = "auto") -> Explainer:
    """Load a bundle.

    Parameters
    ----------
    bundle : path, optional
        A bundle's folder; the shipped one if not given.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    BundleError
        If the bundle is missing, damaged or not a bundle.
    WrongUseError
        If there is no such device.
    """
    folder = Path(bundle) if bundle is not None else default_bundle()
    if not folder.is_dir():
        msg = f"There is no model bundle at {folder}; name a folder with configs/metadata.json."
        raise BundleError(msg)
    where = choose_device(device)
    metadata, networks, atlas, card = read_bundle(folder)
    generator = build_generator(metadata.generator)
    encoder = FundusEncoder(metadata.encoder)
    for name, network in (("generator", generator), ("encoder", encoder)):
        _ready(network, networks[name], name, folder, where)
    classifier, perception = _classifier(metadata, networks, folder, where)
    controls = None
    if "controls" in networks and not metadata.foreign:
        on_device = {name: value.to(where) for name, value in networks["controls"].items()}
        controls = ControlHeads.of(on_device, len(metadata.classes))
    second = None
    if "second_opinion" in networks and len(metadata.classes) == 2:
        second = SecondOpinion()
        _ready(second, networks["second_opinion"], "second_opinion", folder, where)
        second.folded()
    tensors = networks["statistics"]
    shape = (generator.code_size,)
    if set(tensors) != {"mean", "spread", "low", "high"} or any(t.shape != shape for t in tensors.values()):
        msg = f"models/statistics.safetensors of {folder} does not fit its generator; the bundle is refused."
        raise BundleError(msg)
    if where.type == "cpu":
        for whole in (generator, encoder, classifier, perception):
            channels_last(whole)
    return Explainer(
        identity=ModelIdentity(name=metadata.name, sha256=bundle_sha256(metadata), resolution=metadata.resolution),
        classes=metadata.classes,
        generator=generator,
        encoder=encoder,
        classifier=classifier,
        perception=perception,
        statistics=StyleStatistics(**{key: value.to(where) for key, value in tensors.items()}),
        atlas=atlas,
        device=where,
        bundle=folder,
        card=card,
        scores=metadata.scores,
        recipe=metadata.recipe,
        title=metadata.title,
        controls=controls,
        second_opinion=second,
    )
