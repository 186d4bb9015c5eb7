"""The scoreboard: a bundle measured on photographs that it never saw, by numbers that anyone can compute again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from napari_latent_explain.domain import REFINEMENT_STEPS, TrainingError, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.explain.bootstrap import bootstrap_interval
from napari_latent_explain.explain.pivot import Pivot
from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.latent import invert, mask_tensor, reconstruct, to_pixels, to_tensor
from napari_latent_explain.latent.similarity import perceptual_distance
from napari_latent_explain.model.batches import in_batches
from napari_latent_explain.review.agreement import exact_proportion
from napari_latent_explain.train.classifier_training import classifier_scores
from napari_latent_explain.train.counterfactual_scores import SURE, make_counterfactuals, second_odds, second_verdict
from napari_latent_explain.train.fidelity import field_ms_ssim, field_psnr, fine_detail
from napari_latent_explain.train.oracle import fit_oracle
from napari_latent_explain.train.perception import ImageNetFeatures
from napari_latent_explain.train.realism import describe, detectability, kernel_distance, nearest_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer
    from napari_latent_explain.train.counterfactual_scores import Counterfactuals
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["Measured", "Scoreboard", "measure_bundle"]

_BOOTSTRAP = 2000
_FEWEST = 8
Group = dict[str, float | int | tuple[float, float] | None]
Values: TypeAlias = "NDArray[Any]"


class Scoreboard(FrozenModel):
    """What `measure_bundle` found; groups and names are those of its JSON.

    `counterfactual` is of the smallest changes of the decision, `sure_counterfactual` of those that the classifier is sure of.
    A mean over photographs is followed by ``<name>_interval``: 95 % by bootstrap, of shares exact (Clopper and Pearson
    1934). What could not be measured, such as realism without the training photographs, is None.
    """

    n: int
    classifier: Group
    reconstruction: dict[str, Group]
    agreement: Group
    counterfactual: Group
    sure_counterfactual: Group
    realism: Group
    memorisation: Group
    seconds: Group
    bundle: dict[str, str | float | int]


@dataclass(frozen=True, eq=False)
class Measured:
    """The numbers, and the pictures behind them, (N, 3, R, R) in [-1, 1] each; outside the field they are black.

    `detail` (N,) is each reconstruction's fine detail, `nearest` the training eye that each reconstruction is closest to (None
    without training photographs), `margins` (N,) the log odds of the other class on the composites.
    """

    scoreboard: Scoreboard
    photographs: Tensor
    reconstructions: Tensor
    composites: Tensor
    nearest: Tensor | None
    detail: Values
    margins: Values


def _group(rng: np.random.Generator, **values: Values | NDArray[np.bool_]) -> Group:
    """Mean and interval of each; a name that begins with ``median_`` gets the median, and a share an exact interval."""
    found: Group = {}
    for name, each in values.items():
        if each.dtype == np.bool_:
            share = exact_proportion(name, int(each.sum()), len(each))
            found |= {name: share.value, f"{name}_interval": share.interval}
            continue
        statistic = np.median if name.startswith("median_") else np.mean
        known = np.asarray(each, dtype=np.float64)
        found[name] = float(statistic(known)) if len(known) else None
        found[f"{name}_interval"] = bootstrap_interval(known, _BOOTSTRAP, rng, statistic) if len(known) else None
    return found


@dataclass(frozen=True, eq=False)
class _Inverted:
    """Codes and pictures of all photographs by the encoder alone and refined, with the seconds each took."""

    pivots: list[Pivot]
    encoder: Tensor
    refined: Tensor
    seconds_encode: Values
    seconds_refine: Values


def _invert_all(explainer: Explainer, x: Tensor, masks: Tensor, steps: int, progress: Progress) -> _Inverted:
    pivots, rough, spent = [], [], []
    for k in range(len(x)):
        progress("Inverting", 0.5 * k / len(x))
        began = time.perf_counter()
        with torch.no_grad():
            rough.append(reconstruct(explainer, explainer.encode(x[k : k + 1]), masks[k : k + 1]))
        encoded = time.perf_counter()
        found = invert(explainer, x[k : k + 1], masks[k : k + 1], steps=steps)
        spent.append((encoded - began, time.perf_counter() - encoded))
        pivots.append(Pivot(explainer, x[k : k + 1], masks[k : k + 1], found.code, found.picture))
    seconds = np.array(spent)
    return _Inverted(pivots, torch.cat(rough), torch.cat([p.base for p in pivots]), seconds[:, 0], seconds[:, 1])


def _fidelity(a: Tensor, x: Tensor, masks: Tensor, features: ImageNetFeatures) -> dict[str, Values]:
    near = []
    with torch.no_grad():
        for start in range(0, len(x), 8):
            part = slice(start, start + 8)
            near.append(perceptual_distance(features(a[part]), features(x[part])))
    return {
        "psnr_db": field_psnr(a, x, masks).cpu().double().numpy(),
        "ms_ssim": field_ms_ssim(a, x, masks).cpu().double().numpy(),
        "perceptual": torch.cat(near).cpu().double().numpy(),
        "fine_detail": fine_detail(to_pixels(a), to_pixels(x), masks[:, 0].bool().cpu().numpy()),
    }


def _taken(answers: Counterfactuals, second: Values | NDArray[np.bool_]) -> dict[str, Values | NDArray[np.bool_]]:
    """What answers took, and whom they convinced."""
    return {
        "flip_rate": answers.reached,
        "oracle_flip_rate": second,
        "directions_used": answers.directions,
        "changed_area_fraction": answers.changed,
    }


def _auc_interval(logits: Tensor, labels: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    odds = (logits[:, 1] - logits[:, 0]).double().numpy()
    drawn = rng.integers(0, len(odds), (_BOOTSTRAP, len(odds)))
    areas = [roc_auc(odds[k], labels[k]) for k in drawn if 0 < labels[k].sum() < len(k)]
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def _against_training(
    explainer: Explainer,
    x: Tensor,
    inverted: _Inverted,
    training: PhotographSet | None,
    features: ImageNetFeatures,
) -> tuple[Group, Group, Tensor | None]:
    """Realism, memorisation, and the training eye nearest to each reconstruction.

    Generated eyes are G(E(x)) of training photographs of the same camera, so that no eye of theirs is among those that they
    are compared with.
    """
    realism: Group = {"kid": None, "kid_real_reference": None, "kid_other_camera": None}
    if training is None:
        return realism, {"nearest_train_ratio": None}, None
    other = np.array([not name.startswith("idrid") for name in training.files])
    eyes = to_tensor(training.pictures, explainer.device)
    masks = mask_tensor(training.masks, explainer.device)
    own = torch.from_numpy(~other)
    with torch.no_grad():
        drawn = torch.cat(
            [
                reconstruct(explainer, explainer.encode(eyes[own][i : i + 8]), masks[own][i : i + 8])
                for i in range(0, int(own.sum()), 8)
            ]
        )
    described, theirs = describe(features, x), describe(features, eyes)
    again = describe(features, inverted.refined)
    realism["kid"] = kernel_distance(describe(features, drawn), described)
    realism["kid_real_reference"] = kernel_distance(theirs[own], described)
    if other.sum() > 1:
        realism["kid_other_camera"] = kernel_distance(theirs[~own], described)
    nearest = eyes[torch.cdist(again, theirs).argmin(dim=1)]
    return realism, {"nearest_train_ratio": nearest_ratio(again, described, theirs)}, nearest


def measure_bundle(
    explainer: Explainer,
    photographs: PhotographSet,
    training: PhotographSet | None,
    *,
    refinement: int = REFINEMENT_STEPS,
    seed: int = 0,
    progress: Progress = silent,
) -> Measured:
    """Measure a bundle.

    Parameters
    ----------
    explainer : Explainer
        The model, of two classes.
    photographs : PhotographSet
        With labels, of the model's resolution, in none of its trainings.
    training : PhotographSet, optional
        What was trained on: for the oracle, realism and memorisation, which are None without it.
    refinement : int
        Adam steps of inversion.
    seed : int
        Of bootstrap and cross-validation.
    progress : Progress
        Told at every photograph; may raise `Cancelled`.

    Raises
    ------
    TrainingError
        If there are fewer than 8 photographs, a photograph has no label, or all have the same.

    Notes
    -----
    Grows with the number of photographs: about ``3 * refinement`` + 60 forward passes each.
    """
    if len(photographs) < _FEWEST or set(photographs.labels.tolist()) != {0, 1}:
        msg = f"A scoreboard needs at least {_FEWEST} photographs, with labels of both classes (0 and 1)."
        raise TrainingError(msg)
    rng = np.random.default_rng(seed)
    x = to_tensor(photographs.pictures, explainer.device)
    masks = mask_tensor(photographs.masks, explainer.device)
    inverted = _invert_all(explainer, x, masks, refinement, progress)

    def part(start: float) -> Progress:
        return lambda what, share: progress(what, start + 0.2 * share)

    made = make_counterfactuals(explainer, inverted.pivots, part(0.5))
    sure = make_counterfactuals(explainer, inverted.pivots, part(0.7), probability=SURE)
    progress("Comparing", 0.92)
    unseen = ImageNetFeatures(1).to(explainer.device)
    fidelity = {
        "encoder": _fidelity(inverted.encoder, x, masks, unseen),
        "refined": _fidelity(inverted.refined, x, masks, unseen),
    }
    with torch.no_grad():
        logits = in_batches(explainer.classifier, x)
        p, q = logits.softmax(1), in_batches(explainer.classifier, inverted.refined).softmax(1)
    realism, memorisation, nearest = _against_training(explainer, x, inverted, training, unseen)
    own = describe(unseen, x, texture=True)

    def told_apart(answers: Counterfactuals, rng: np.random.Generator) -> float:
        return detectability(own, describe(unseen, answers.composites, texture=True), rng)

    realism["detectability_auc"] = told_apart(made, rng)
    weights = sum(path.stat().st_size for path in explainer.bundle.rglob("*") if path.is_file())
    scores = classifier_scores(logits.cpu(), photographs.labels)
    odds = second = second_sure = np.array([])
    if training is not None:
        oracle = fit_oracle(training)
        odds = second_odds(oracle, x)
        second, second_sure = (second_verdict(oracle, odds, answers) for answers in (made, sure))
    board = Scoreboard(
        n=len(photographs),
        classifier={name: scores[name] for name in ("auc", "accuracy", "brier", "ece")}
        | {"auc_interval": _auc_interval(logits.cpu(), photographs.labels, rng)},
        reconstruction={name: _group(rng, **values) for name, values in fidelity.items()},
        agreement=_group(
            rng,
            decision=(p.argmax(1) == q.argmax(1)).cpu().numpy(),
            median_abs_dp=(p - q).abs()[:, 1].cpu().double().numpy(),
        ),
        counterfactual=_group(rng, **_taken(made, second), reversal=made.reverted[made.reached])
        | {"oracle_n": len(second), "oracle_auc": roc_auc(odds, photographs.labels) if len(odds) else None},
        sure_counterfactual=_group(rng, **_taken(sure, second_sure))
        | {"probability": SURE, "detectability_auc": told_apart(sure, np.random.default_rng(seed))},
        realism=realism,
        memorisation=memorisation,
        seconds={
            "encode": float(np.median(inverted.seconds_encode)),
            "refine": float(np.median(inverted.seconds_refine)),
            "render": float(np.median(made.seconds_render)),
        },
        bundle={
            "sha256": explainer.identity.sha256,
            "mb": round(weights / 1e6, 2),
            "resolution": explainer.resolution,
        },
    )
    return Measured(
        board, x, inverted.refined, made.composites, nearest, fidelity["refined"]["fine_detail"], made.margins
    )
