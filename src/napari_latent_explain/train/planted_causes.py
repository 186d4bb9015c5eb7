"""A classifier whose label follows known factors, and whether discovery finds them.

It sees features from which the factors that its label does not follow were taken out: one that is learned from few eyes follows
a little of everything else too, and to find that would be no mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from napari_latent_explain.domain import DiscoveryError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.explain.discovery import SearchSettings, discover
from napari_latent_explain.explain.reference import ReferenceSet
from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.model.classifier import map_spreads
from napari_latent_explain.train.logistic import LogisticModel, fit_logistic
from napari_latent_explain.train.simulated_eyes import FACTORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import DirectionAtlas, Progress
    from napari_latent_explain.train.perception import ImageNetFeatures
    from napari_latent_explain.train.redrawn_eyes import RedrawnEyes
    from napari_latent_explain.train.simulated_eyes import SimulatedEyes

__all__ = ["PlantedCause", "PlantedClassifier", "plant_and_find"]

_NOTICEABLE = 0.25  # least mean change, in standard deviations of a factor, that counts as a change
_PENALTY = 2e-2


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


class PlantedClassifier(nn.Module):
    """Frozen ImageNet features (Lite0) and a fitted last layer: pictures (N, 3, R, R) to logits (N, 2)."""

    differentiable = True

    def __init__(self, features: ImageNetFeatures) -> None:
        super().__init__()
        self.network = features
        self.last = nn.Linear(sum(features.channels) * 2, 2)

    def features(self, x: Tensor) -> Tensor:
        """(N, F): means and standard deviations of all maps."""
        maps = self.network(nn.functional.interpolate(x, scale_factor=2, mode="bilinear"))
        return torch.cat([*(m.mean(dim=(2, 3)) for m in maps), map_spreads(maps)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2)."""
        logits: Tensor = self.last(self.features(x))
        return logits


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


def _main_factors(field: RedrawnEyes, atlas: DirectionAtlas, codes: Tensor, count: int) -> list[str]:
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


def plant_and_find(
    field: RedrawnEyes,
    eyes: SimulatedEyes,
    features: ImageNetFeatures,
    described: tuple[Tensor, Tensor],
    reference: int,
    listed: int,
    rng: np.random.Generator,
    progress: Progress,
) -> PlantedCause:
    """Draw causes, fit a classifier to labels that follow them, and look for directions.

    Parameters
    ----------
    field : RedrawnEyes
        The eyes as the generator draws them.
    eyes : SimulatedEyes
        The same eyes with their factors.
    features : ImageNetFeatures
        What the classifier is made of.
    described : tuple of torch.Tensor
        What it sees of all eyes (N, F), as they are and redrawn.
    reference, listed : int
        Encoded eyes that discovery sees, and directions that are looked at.
    rng : numpy.random.Generator
        Of causes, eyes and discovery.
    progress : Progress
        May raise `Cancelled`.
    """
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
    chosen_eyes = known + rng.permutation(len(eyes) - known)[:reference]
    codes = field.codes[chosen_eyes]
    pictures = field.pictures(codes)
    classifier = PlantedClassifier(features)
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
        found = _main_factors(field, atlas, codes[~chosen], listed)
    precision, recall = _rates(found[: len(names)], names)
    precision_listed, recall_listed = _rates(found, names)
    return PlantedCause(
        causes=names, **told, found=tuple(found), precision=precision, recall=recall,
        precision_listed=precision_listed, recall_listed=recall_listed,
    )  # fmt: skip
