"""Is what is found what was planted? Directions and codes measured on eyes whose every cause is known.

A generator of simulated eyes draws from Z; a reader, fitted to eyes with known factors, says what each picture shows. Then

- disentanglement and completeness of Z, W and S (`disentanglement`);
- classifiers whose labels follow two to four factors: of the ten best directions that discovery finds, how many change a
  factor that the label follows more than any other (precision), and how many of those factors are found (recall).

Factors that the reader can't read, or that the generator hardly varies, take no part: nothing could be said of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from napari_latent_explain.domain import (
    DirectionAtlas,
    DiscoveryError,
    ModelIdentity,
    TrainingError,
    portion,
    silent,
)
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.explain.discovery import SearchSettings, discover
from napari_latent_explain.explain.reference import ReferenceSet
from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.classifier import map_spreads
from napari_latent_explain.model.explainer import Explainer, StyleStatistics
from napari_latent_explain.train.disentanglement import Disentanglement, measure_disentanglement
from napari_latent_explain.train.factor_reading import fit_factor_reader
from napari_latent_explain.train.logistic import LogisticModel, fit_logistic
from napari_latent_explain.train.perception import ImageNetFeatures
from napari_latent_explain.train.simulated_eyes import FACTORS, draw_simulated_eyes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.encoder import FundusEncoder
    from napari_latent_explain.model.generator import StyleGenerator
    from napari_latent_explain.train.factor_reading import FactorReader
    from napari_latent_explain.train.simulated_eyes import SimulatedEyes

__all__ = ["GroundTruth", "GroundTruthSettings", "PlantedCause", "benchmark_ground_truth"]

_READABLE = 0.6  # least R^2 of a reading on held-out simulated eyes
_DRAWN = 0.35  # least standard deviation of a reading over generated eyes, in those of the simulated ones
_PENALTY = 2e-2


class GroundTruthSettings(FrozenModel):
    """How large the benchmark is.

    Parameters
    ----------
    eyes : int
        Simulated eyes that readers and classifiers are fitted to.
    drawn : int
        Generated eyes for the measures of Z, W and S.
    classifiers : int
        Sets of two to four factors that a label follows.
    reference : int
        Generated eyes that discovery sees, two thirds of them to choose on.
    k : int
        Directions that count.
    """

    eyes: int = 1600
    drawn: int = 3000
    classifiers: int = 8
    reference: int = 120
    k: int = 10


class PlantedCause(FrozenModel):
    """One classifier: the factors that its label follows, its AUC on eyes it has not seen, and what was found."""

    causes: tuple[str, ...]
    classifier_auc: float
    precision: float
    recall: float
    found: tuple[str, ...]


class GroundTruth(FrozenModel):
    """What came of it: means over the classifiers, and everything behind them."""

    precision_at_k: float
    recall_at_k: float
    dci: dict[str, Disentanglement]
    k: int
    factors: dict[str, dict[str, float]]
    planted: tuple[PlantedCause, ...]


class _PlantedClassifier(nn.Module):
    """Frozen ImageNet features (Lite0) and a fitted last layer: pictures (N, 3, R, R) to logits (N, 2)."""

    differentiable = True

    def __init__(self, features: ImageNetFeatures) -> None:
        super().__init__()
        self.network = features
        self.last = nn.Linear(sum(features.channels) * 2, 2)

    def features(self, x: Tensor) -> Tensor:
        maps = self.network(nn.functional.interpolate(x, scale_factor=2, mode="bilinear"))
        return torch.cat([*(m.mean(dim=(2, 3)) for m in maps), map_spreads(maps)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(self.features(x))
        return logits


@dataclass(frozen=True, eq=False)
class _Field:
    """The generator, the statistics of its styles, the field that all its eyes have, and the factors that count."""

    generator: StyleGenerator
    statistics: StyleStatistics
    mask: Tensor
    reader: FactorReader
    counted: NDArray[np.int64]

    def pictures(self, codes: Tensor) -> Tensor:
        with torch.no_grad():
            parts = [self.generator.synthesise(part).clamp(-1, 1) for part in codes.split(64)]
        return torch.cat(parts) * self.mask - (1 - self.mask)

    def readings(self, codes: Tensor) -> NDArray[np.float64]:
        read: NDArray[np.float64] = self.reader(self.pictures(codes))[:, self.counted]
        return read

    def explainer(self, classifier: nn.Module) -> Explainer:
        size = self.generator.config.resolution
        return Explainer(
            identity=ModelIdentity(name="simulated", sha256="", resolution=size), classes=("without", "with"),
            generator=self.generator, encoder=cast("FundusEncoder", None), classifier=cast("Any", classifier),
            perception=classifier, statistics=self.statistics, atlas=DirectionAtlas(), device=torch.device("cpu"),
            bundle=Path(), card="", scores={}, recipe={},
        )  # fmt: skip


def _codes(generator: StyleGenerator, count: int, noise: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw z (N, z_dim), w (N, w_dim) and codes (N, `code_size`), attributes 0."""
    z = torch.randn(count, generator.config.z_dim, generator=noise)
    with torch.no_grad():
        w = generator.map(z)
        still = w.new_zeros(count, generator.config.attributes)
        return z, w, generator.code(w, still, w.new_zeros(count, generator.config.structure_length))


def _planted(eyes: SimulatedEyes, causes: NDArray[np.int64], signs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Labels (N,) that follow a signed sum of standardised factors, half of them 1."""
    score = eyes.standardised[:, causes] @ signs
    labels: NDArray[np.int64] = (score > np.median(score)).astype(np.int64)
    return labels


def _main_factors(field: _Field, atlas: DirectionAtlas, codes: Tensor, k: int) -> list[int]:
    """For each of the `k` best directions towards the second class, the counted factor that it changes most.

    Each eye is moved to the direction's end of what is drawn; one beyond it stays.
    """
    before = field.readings(codes)
    mains = []
    for direction in atlas.towards(1)[:k]:
        column = field.generator.layout.column(direction.layer, direction.channel)
        moved = codes.clone()
        if direction.sign > 0:
            moved[:, column].clamp_(min=direction.high)
        else:
            moved[:, column].clamp_(max=direction.low)
        mains.append(int(np.abs((field.readings(moved) - before).mean(axis=0)).argmax()))
    return mains


def _plant_and_find(
    field: _Field,
    eyes: SimulatedEyes,
    features: ImageNetFeatures,
    described: Tensor,
    settings: GroundTruthSettings,
    rng: np.random.Generator,
    noise: torch.Generator,
    progress: Progress,
) -> PlantedCause:
    causes = np.sort(rng.choice(field.counted, min(int(rng.integers(2, 5)), len(field.counted)), replace=False))
    signs = rng.choice([-1.0, 1.0], len(causes))
    labels = _planted(eyes, causes, signs)
    known = len(eyes) * 3 // 4
    fitted = fit_logistic(described[:known], torch.from_numpy(labels[:known]), _PENALTY)
    auc = roc_auc(fitted(described[known:]).double().numpy(), labels[known:])
    classifier = _PlantedClassifier(features)
    _, _, codes = _codes(field.generator, settings.reference, noise)
    pictures = field.pictures(codes)
    with torch.no_grad():  # on generated eyes, each class is decided as often as the other
        seen = torch.cat([classifier.features(part) for part in pictures.split(64)])
        weight, bias = LogisticModel(fitted.weight, -(seen @ fitted.weight).median()).two_rows()
        classifier.last.weight.copy_(weight)
        classifier.last.bias.copy_(bias)
        logits = classifier.last(seen)
    classifier.eval().requires_grad_(False)
    masks = field.mask.expand(len(codes), -1, -1, -1)
    everyone = ReferenceSet(pictures, masks, codes, pictures, logits)
    chosen = torch.arange(len(codes)) < 2 * len(codes) // 3
    explainer = field.explainer(classifier)
    names = tuple(FACTORS[c] for c in causes)
    try:
        atlas = discover(
            explainer, everyone.take(chosen), everyone.take(~chosen), rng=rng,
            settings=SearchSettings.fitted(explainer.layout.size), progress=progress,
        )  # fmt: skip
    except DiscoveryError:
        return PlantedCause(causes=names, classifier_auc=auc, precision=0.0, recall=0.0, found=())
    found = [int(field.counted[m]) for m in _main_factors(field, atlas, codes[~chosen], settings.k)]
    planted = set(causes.tolist())
    return PlantedCause(
        causes=names, classifier_auc=auc, found=tuple(FACTORS[f] for f in found),
        precision=float(np.mean([f in planted for f in found])) if found else 0.0,
        recall=len(planted.intersection(found)) / len(planted),
    )  # fmt: skip


def benchmark_ground_truth(
    generator: StyleGenerator,
    seed: int = 0,
    settings: GroundTruthSettings | None = None,
    *,
    progress: Progress = silent,
) -> GroundTruth:
    """Measure directions and codes against known causes.

    Parameters
    ----------
    generator : StyleGenerator
        Of simulated eyes (`simulated_generator`), without a structure code.
    seed : int
        Of eyes, codes and choices.
    settings : GroundTruthSettings, optional
        How large.
    progress : Progress
        May raise `Cancelled`.

    Raises
    ------
    TrainingError
        If fewer than four factors can be read and are drawn.

    Notes
    -----
    Cost: for each classifier one discovery (about 4,000 forward passes of the small generator).
    """
    settings = settings or GroundTruthSettings()
    rng, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    size = generator.config.resolution
    eyes = draw_simulated_eyes(settings.eyes, size, seed + 1, portion(progress, 0.0, 0.15))
    progress("Reading factors", 0.15)
    reader = fit_factor_reader(eyes)
    z, w, codes = _codes(generator, settings.drawn, noise)
    mask = torch.from_numpy(eyes.photographs.masks[:1, None]).float()
    field = _Field(generator, StyleStatistics.of(codes), mask, reader, np.arange(len(FACTORS)))
    read = field.readings(codes)
    varied = read.std(axis=0)
    counted = np.flatnonzero((reader.determination >= _READABLE) & (varied >= _DRAWN))
    if len(counted) < 4:
        msg = f"Only {len(counted)} factors can be read and are drawn by this generator; train it for longer."
        raise TrainingError(msg)
    field = _Field(generator, field.statistics, mask, reader, counted)
    progress("Measuring Z, W and S", 0.25)
    styles = codes[:, : generator.layout.size - generator.config.attributes]
    spaces = {"z": z, "w": w, "s": styles}
    dci = {
        name: measure_disentanglement(space.double().numpy(), read[:, counted], seed) for name, space in spaces.items()
    }
    progress("Training classifiers", 0.45)
    features = ImageNetFeatures()
    blank = _PlantedClassifier(features)
    x = to_tensor(eyes.photographs.pictures)
    with torch.no_grad():
        described = torch.cat([blank.features(part) for part in x.split(32)])
    planted = []
    for number in range(settings.classifiers):
        begin = 0.5 + 0.5 * number / settings.classifiers
        told = portion(progress, begin, begin + 0.5 / settings.classifiers)
        planted.append(_plant_and_find(field, eyes, features, described, settings, rng, noise, told))
    return GroundTruth(
        precision_at_k=float(np.mean([one.precision for one in planted])),
        recall_at_k=float(np.mean([one.recall for one in planted])),
        dci=dci, k=settings.k, planted=tuple(planted),
        factors={
            name: {"read": float(reader.determination[i]), "drawn": float(varied[i]), "counted": float(i in counted)}
            for i, name in enumerate(FACTORS)
        },
    )  # fmt: skip
