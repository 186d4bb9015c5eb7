"""Is what is found what was planted? Directions and codes measured on eyes whose every cause is known.

A generator of simulated eyes has its encoder; a reader, fitted to eyes with known factors, says what each picture shows. Then

- disentanglement and completeness of Z, W (here W+, a vector for each layer), S and, where the generator has them, its
  components (`disentanglement`), on eyes drawn from Z;
- classifiers whose labels follow two to four factors, and discovery on encoded eyes that they have not seen: of the k best
  directions, how many change a factor that the label follows more than any other (precision), and how many of those factors
  are found (recall). k is the number of those factors: with one direction for each there are no others to be found. The same
  for the ten best, in which at least six have to be wrong if no two directions say the same.

Reader and classifiers are fitted to eyes as they are and as the generator draws them again, or they would take the generator's
own marks for factors. Classifiers see features from which the factors that their labels do not follow were taken out: one that
is learned from few eyes follows a little of everything else too, and to find that would be no mistake. Factors that can't be
read off redrawn eyes take no part: nothing could be said of them. In the measures of Z, W and S neither do those that hardly
vary among eyes drawn from Z.
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
from napari_latent_explain.train.factor_reading import HELD_OUT, fit_factor_reader
from napari_latent_explain.train.logistic import LogisticModel, fit_logistic
from napari_latent_explain.train.perception import ImageNetFeatures
from napari_latent_explain.train.simulated_eyes import FACTORS, draw_simulated_eyes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.encoder import FundusEncoder
    from napari_latent_explain.model.generator import StyleGenerator
    from napari_latent_explain.train.factor_reading import FactorReader
    from napari_latent_explain.train.simulated_eyes import SimulatedEyes
    from napari_latent_explain.train.simulated_generator import SimulatedGenerator

__all__ = ["GroundTruth", "GroundTruthSettings", "PlantedCause", "benchmark_ground_truth"]

_READABLE = 0.6  # least R^2 of a reading on held-out eyes, redrawn
_DRAWN = 0.35  # least standard deviation of a reading over eyes drawn from Z, in those of the simulated ones
_NOTICEABLE = 0.25  # least mean change, in standard deviations of a factor, that counts as a change
_PENALTY = 2e-2
_Z_SIZE = 64


class GroundTruthSettings(FrozenModel):
    """How large the benchmark is.

    Parameters
    ----------
    eyes : int
        Simulated eyes that readers and classifiers are fitted to.
    drawn : int
        Eyes drawn from Z for the measures of Z, W and S.
    classifiers : int
        Sets of two to four factors that a label follows.
    reference : int
        Encoded eyes that discovery sees, two thirds of them to choose on; of the quarter that nothing was fitted to.
    listed : int
        Directions that are looked at, best first; those that count most are as many as there are causes.
    """

    eyes: int = 2400
    drawn: int = 3000
    classifiers: int = 8
    reference: int = 120
    listed: int = 10


class PlantedCause(FrozenModel):
    """One classifier: the factors that its label follows, its AUC on eyes it has not seen, and what was found.

    `follows` is how many standard deviations its log odds change with one of each counted factor, on such eyes. `found` names,
    for each direction, best first, the counted factor that it changes most, or ``none``; precision and recall are of as many
    of them as there are causes, and of all.
    """

    causes: tuple[str, ...]
    classifier_auc: float
    follows: dict[str, float]
    precision: float
    recall: float
    precision_listed: float
    recall_listed: float
    found: tuple[str, ...]


class GroundTruth(FrozenModel):
    """What came of it: means over the classifiers, and everything behind them."""

    precision_at_k: float
    recall_at_k: float
    precision_listed: float
    recall_listed: float
    listed: int
    dci: dict[str, Disentanglement]
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
    """The generator, the statistics of its styles, the field that all its eyes have, and the factors that count.

    `codes` are those of all simulated eyes, `known` of which reader and classifiers were fitted to.
    """

    generator: StyleGenerator
    statistics: StyleStatistics
    mask: Tensor
    reader: FactorReader
    counted: NDArray[np.int64]
    codes: Tensor
    known: int

    def pictures(self, codes: Tensor) -> Tensor:
        return _pictures(self.generator, codes, self.mask)

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


def _pictures(generator: StyleGenerator, codes: Tensor, mask: Tensor) -> Tensor:
    with torch.no_grad():
        parts = [generator.synthesise(part).clamp(-1, 1) for part in codes.split(64)]
    return torch.cat(parts) * mask - (1 - mask)


def _from_noise(model: SimulatedGenerator, known: Tensor, count: int, noise: torch.Generator) -> dict[str, Tensor]:
    """Draw z (N, Z_SIZE), and what becomes of it: w (N, L * w_dim) and s (N, `styles_count`).

    Z is a Gaussian fitted to the W+ codes (M, L, w_dim) of known eyes: their whitened principal components (the ex-post density
    estimation of Ghosh et al., ICLR 2020). The training's own mapping network is not used: the encoder never goes through it,
    and what it draws is unlike any eye.
    """
    flat = known.flatten(1)
    mean = flat.mean(dim=0)
    _, spread, axes = torch.linalg.svd(flat - mean, full_matrices=False)
    size = min(_Z_SIZE, len(spread))
    z = torch.randn(count, size, generator=noise)
    w = mean + z * spread[:size] / len(flat) ** 0.5 @ axes[:size]
    return {"z": z, "w": w, "s": model.generator.styles(w.view(-1, *known.shape[1:]))}


def _planted(eyes: SimulatedEyes, causes: NDArray[np.int64], signs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Labels (N,) that follow a signed sum of standardised factors, half of them 1."""
    score = eyes.standardised[:, causes] @ signs
    labels: NDArray[np.int64] = (score > np.median(score)).astype(np.int64)
    return labels


def _without(features: Tensor, factors: Tensor) -> Tensor:
    """A map (F, F) of features (N, F) to what of them no linear classifier can tell factors (N, K) from.

    The covariances of standardised features with the factors span what is taken out (Belrose et al., NeurIPS 2023: LEACE,
    without its whitening).
    """
    centred = features - features.mean(dim=0)
    spread = centred.std(dim=0) + 1e-3
    shared = torch.linalg.qr((centred / spread).T @ (factors - factors.mean(dim=0)))[0]
    kept: Tensor = (torch.eye(len(spread)) - shared @ shared.T) / spread[:, None]
    return kept


def _main_factors(field: _Field, atlas: DirectionAtlas, codes: Tensor, count: int) -> list[str]:
    """For each of the best directions towards the second class, the counted factor that it changes most, or ``none``.

    Each eye is moved to the direction's end of what is drawn; one beyond it stays.
    """
    before = field.readings(codes)
    mains = []
    for direction in atlas.towards(1)[:count]:
        column = field.generator.layout.column(direction.layer, direction.channel)
        moved = codes.clone()
        if direction.sign > 0:
            moved[:, column].clamp_(min=direction.high)
        else:
            moved[:, column].clamp_(max=direction.low)
        changes = np.abs((field.readings(moved) - before).mean(axis=0))
        main = int(changes.argmax())
        mains.append(FACTORS[field.counted[main]] if changes[main] >= _NOTICEABLE else "none")
    return mains


def _rates(found: Sequence[str], causes: Sequence[str]) -> tuple[float, float]:
    """Precision and recall of what directions change: a direction may repeat a cause, a cause counts once."""
    if not found:
        return 0.0, 0.0
    return sum(f in causes for f in found) / len(found), len({*causes} & {*found}) / len(causes)


def _plant_and_find(
    field: _Field,
    eyes: SimulatedEyes,
    features: ImageNetFeatures,
    described: tuple[Tensor, Tensor],
    settings: GroundTruthSettings,
    rng: np.random.Generator,
    progress: Progress,
) -> PlantedCause:
    """`described`: what the classifier sees of all eyes, as they are and redrawn."""
    causes = np.sort(rng.choice(field.counted, min(int(rng.integers(2, 5)), len(field.counted)), replace=False))
    signs = rng.choice([-1.0, 1.0], len(causes))
    labels, known = _planted(eyes, causes, signs), field.known
    plain, redrawn = described
    twice = torch.from_numpy(np.tile(labels[:known], 2))
    others = torch.from_numpy(np.tile(np.delete(eyes.standardised, causes, axis=1)[:known], (2, 1))).float()
    learned_on = torch.cat([plain[:known], redrawn[:known]])
    left = _without(learned_on, others)
    fitted = fit_logistic(learned_on @ left, twice, _PENALTY)
    fitted = LogisticModel(left @ fitted.weight, fitted.bias)
    odds = fitted(redrawn[known:]).double().numpy()
    auc = roc_auc(odds, labels[known:])
    follows = np.linalg.lstsq(eyes.standardised[known:], odds - odds.mean(), rcond=None)[0] / odds.std()
    told = {"classifier_auc": auc, "follows": {FACTORS[c]: float(follows[c]) for c in field.counted}}
    chosen_eyes = known + rng.permutation(len(eyes) - known)[: settings.reference]
    codes = field.codes[chosen_eyes]
    pictures = field.pictures(codes)
    classifier = _PlantedClassifier(features)
    with torch.no_grad():  # on redrawn eyes, each class is decided as often as the other
        seen = redrawn[chosen_eyes]
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
        found = []
    else:
        found = _main_factors(field, atlas, codes[~chosen], settings.listed)
    precision, recall = _rates(found[: len(names)], names)
    precision_listed, recall_listed = _rates(found, names)
    return PlantedCause(
        causes=names, **told, found=tuple(found), precision=precision, recall=recall,
        precision_listed=precision_listed, recall_listed=recall_listed,
    )  # fmt: skip


def benchmark_ground_truth(
    model: SimulatedGenerator,
    seed: int = 0,
    settings: GroundTruthSettings | None = None,
    *,
    progress: Progress = silent,
) -> GroundTruth:
    """Measure directions and codes against known causes.

    Parameters
    ----------
    model : SimulatedGenerator
        Of simulated eyes, without a structure code.
    seed : int
        Of eyes, codes and choices.
    settings : GroundTruthSettings, optional
        How large.
    progress : Progress
        May raise `Cancelled`.

    Raises
    ------
    TrainingError
        If fewer than four factors can be read off redrawn eyes, or vary among eyes drawn from Z.

    Notes
    -----
    Cost: for each classifier one discovery (about 4,000 forward passes of the small generator).
    """
    settings = settings or GroundTruthSettings()
    generator = model.generator
    rng, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    eyes = draw_simulated_eyes(
        settings.eyes, generator.config.resolution, seed + 1, portion(progress, 0.0, 0.15)
    )  # not the seed of the training
    mask = torch.from_numpy(eyes.photographs.masks[:1, None]).float()
    x = to_tensor(eyes.photographs.pictures)
    known = int(len(eyes) * (1 - HELD_OUT))
    ws = torch.cat([model.encode(part) for part in x.split(64)])
    codes = model.codes(ws)
    redrawn = _pictures(generator, codes, mask)
    progress("Reading factors", 0.15)
    reader = fit_factor_reader(eyes, redrawn)
    counted = np.flatnonzero(reader.determination >= _READABLE)
    drawn = _from_noise(model, ws[:known], settings.drawn, noise)
    drawn_codes = model.codes(drawn["w"].view(-1, *ws.shape[1:]))
    read = reader(_pictures(generator, drawn_codes, mask))
    varied = read.std(axis=0)
    measured = counted[varied[counted] >= _DRAWN]
    if min(len(counted), len(measured)) < 4:
        msg = f"Only {len(counted)} factors can be read and only {len(measured)} of them vary; train the generator for longer."
        raise TrainingError(msg)
    field = _Field(generator, StyleStatistics.of(codes[:known]), mask, reader, counted, codes, known)
    progress("Measuring Z, W and S", 0.25)
    if count := generator.config.components:
        drawn["components"] = drawn_codes[:, generator.styles_count : generator.styles_count + count]
    dci = {
        name: measure_disentanglement(space.double().numpy(), read[:, measured], seed) for name, space in drawn.items()
    }
    progress("Training classifiers", 0.45)
    features = ImageNetFeatures()
    blank = _PlantedClassifier(features)
    with torch.no_grad():
        plain, again = (torch.cat([blank.features(part) for part in pictures.split(32)]) for pictures in (x, redrawn))
    planted = []
    for number in range(settings.classifiers):
        begin = 0.5 + 0.5 * number / settings.classifiers
        told = portion(progress, begin, begin + 0.5 / settings.classifiers)
        planted.append(_plant_and_find(field, eyes, features, (plain, again), settings, rng, told))
    return GroundTruth(
        precision_at_k=float(np.mean([one.precision for one in planted])),
        recall_at_k=float(np.mean([one.recall for one in planted])),
        precision_listed=float(np.mean([one.precision_listed for one in planted])),
        recall_listed=float(np.mean([one.recall_listed for one in planted])),
        listed=settings.listed, dci=dci, planted=tuple(planted),
        factors={
            name: {"read": float(reader.determination[i]), "drawn": float(varied[i]), "counted": float(i in counted)}
            for i, name in enumerate(FACTORS)
        },
    )  # fmt: skip
