"""Does the audit find a shortcut that is there, and none that is not? Classifiers with a planted camera notch.

Simulated eyes, each drawn without and with a notch. A classifier's labels are known factors (haemorrhages or exudates); in its
training pictures the notch goes with the label at a given correlation: 0 is innocent, the rest are guilty to a degree. The
audit sees the classifier and eyes without a notch, and is judged by whether its notch intervention tells guilty from innocent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import portion, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.explain.audit import AuditedPhotographs, intervention_effects
from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.fundus import simulate
from napari_latent_explain.fundus.factors import sample_factors
from napari_latent_explain.fundus.interventions import INTERVENTIONS
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.train.logistic import fit_logistic
from napari_latent_explain.train.perception import ImageNetFeatures

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.logistic import LogisticModel

__all__ = ["ShortcutBenchmark", "ShortcutSettings", "benchmark_shortcuts", "notches_that_go_with"]

_NOTCH = next(one for one in INTERVENTIONS if one.name == "notch")


class ShortcutSettings(FrozenModel):
    """How large the benchmark is: `eyes` in all, of which a third are audited, at `size` pixels."""

    eyes: int = 600
    size: int = 128
    correlations: tuple[float, ...] = (0.0, 0.5, 0.8, 0.95)
    classifiers: int = 20
    penalty: float = 1e-3


class ShortcutBenchmark(FrozenModel):
    """What came of it.

    Parameters
    ----------
    shortcut_auc : float
        Area under the ROC curve of the audit's standardised notch effect, guilty classifiers against innocent ones.
    shortcut_false_positive_rate : float
        Share of the innocent classifiers that the audit names as reacting to the notch.
    detected : dict
        For each correlation, the share that it names.
    effects : dict
        For each correlation, the mean standardised effect of the notch.
    label_auc : dict
        For each correlation, how well the classifiers do on audited eyes without a notch.
    """

    shortcut_auc: float
    shortcut_false_positive_rate: float
    detected: dict[str, float]
    effects: dict[str, float]
    label_auc: dict[str, float]
    eyes: int
    classifiers: int


def notches_that_go_with(labels: NDArray[np.int64], correlation: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw a notch for each label so that the two have this correlation (phi), half of each on average: (N,)."""
    agree = rng.random(len(labels)) < (1 + correlation) / 2
    found: NDArray[np.bool_] = (labels == 1) == agree
    return found


@dataclass(frozen=True, eq=False)
class _Head:
    """A classifier: pooled features of frozen networks and a fitted last layer."""

    features: Callable[[Tensor], Tensor]
    fitted: LogisticModel

    def __call__(self, x: Tensor) -> Tensor:
        odds = self.fitted(self.features(x))
        return torch.stack([-odds / 2, odds / 2], dim=1)


def _pooled(network: ImageNetFeatures) -> Callable[[Tensor], Tensor]:
    """Mean and largest value of every feature map: a small dark corner is not averaged away."""

    def features(x: Tensor) -> Tensor:
        with torch.no_grad():
            maps = network(x)
        return torch.cat([part for m in maps[1:] for part in (m.mean(dim=(2, 3)), m.amax(dim=(2, 3)))], dim=1)

    return features


def benchmark_shortcuts(
    seed: int = 0, settings: ShortcutSettings | None = None, *, progress: Progress = silent
) -> ShortcutBenchmark:
    """Plant notches, train classifiers, audit them.

    Parameters
    ----------
    seed : int
        Of eyes, notches and splits.
    settings : ShortcutSettings, optional
        How large.
    progress : Progress
        Told once an eye and once a classifier; may raise `Cancelled`.

    Notes
    -----
    Cost: ``2 * eyes`` pictures through the frozen network once, then for each classifier a logistic regression and an audit
    of a third of the eyes by one intervention.
    """
    settings = settings or ShortcutSettings()
    rng = np.random.default_rng(seed)
    told = portion(progress, 0.0, 0.4)
    plain, notched, masks, labels = [], [], [], []
    for number in range(settings.eyes):
        told("Drawing eyes", number / settings.eyes)
        factors = sample_factors(rng, laterality="OD", notch=False)
        eye = simulate(seed=seed * 1_000_003 + number, factors=factors, size=settings.size)
        mask = eye.masks["field"]
        picture = np.ascontiguousarray(eye.picture * mask[..., None])
        plain.append(picture)
        notched.append(_NOTCH.change(picture, mask))
        masks.append(mask)
        labels.append(int(factors.haemorrhages + factors.hard_exudates > 0))
    y = np.array(labels, dtype=np.int64)
    features = _pooled(ImageNetFeatures())
    told = portion(progress, 0.4, 0.6)
    both = np.stack([np.stack(plain), np.stack(notched)])
    found: list[Tensor] = []
    for version in both:
        parts = range(0, len(version), 16)
        for start in parts:
            told("Reading features", (len(found) * 16) / (2 * settings.eyes))
            found.append(features(to_tensor(version[start : start + 16])))
    seen = torch.cat(found).reshape(2, settings.eyes, -1)
    told = portion(progress, 0.6, 1.0)
    scores: dict[float, list[float]] = {c: [] for c in settings.correlations}
    named: dict[float, list[bool]] = {c: [] for c in settings.correlations}
    aucs: dict[float, list[float]] = {c: [] for c in settings.correlations}
    total = len(settings.correlations) * settings.classifiers
    for number in range(total):
        correlation = settings.correlations[number % len(settings.correlations)]
        told("Training and auditing classifiers", number / total)
        order = rng.permutation(settings.eyes)
        audited, trained = order[: settings.eyes // 3], order[settings.eyes // 3 :]
        notch = torch.from_numpy(notches_that_go_with(y[trained], correlation, rng).astype(np.int64))
        head = fit_logistic(seen[notch, torch.from_numpy(trained)], torch.from_numpy(y[trained]), settings.penalty)
        effect, concern = _audit(_Head(features, head), both[0][audited], np.stack(masks)[audited], rng)
        scores[correlation].append(abs(effect))
        named[correlation].append(concern)
        odds = head(seen[0, torch.from_numpy(audited)]).double().numpy()
        aucs[correlation].append(roc_auc(odds, y[audited]))
    innocent = settings.correlations[0]
    guilty = [c for c in settings.correlations if c > innocent]
    values = np.array(scores[innocent] + [v for c in guilty for v in scores[c]])
    truth = np.array([0] * len(scores[innocent]) + [1] * (len(values) - len(scores[innocent])), dtype=np.int64)
    return ShortcutBenchmark(
        shortcut_auc=roc_auc(values, truth),
        shortcut_false_positive_rate=float(np.mean(named[innocent])),
        detected={str(c): float(np.mean(named[c])) for c in settings.correlations},
        effects={str(c): float(np.mean(scores[c])) for c in settings.correlations},
        label_auc={str(c): float(np.mean(aucs[c])) for c in settings.correlations},
        eyes=settings.eyes,
        classifiers=total,
    )


def _audit(
    classify: _Head, pictures: NDArray[np.uint8], masks: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[float, bool]:
    """Standardised effect of the notch on eyes without one, and whether the audit would name it."""
    (one,) = intervention_effects(classify, AuditedPhotographs(pictures, masks), 1, rng, interventions=(_NOTCH,))
    return one.standardised, one.concern
