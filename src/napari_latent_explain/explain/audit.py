"""What a classifier uses that it should not: camera, field shape, light, pigmentation, side, quality.

Two looks at each property. *Interventions* change it in every photograph and leave the disease alone (`fundus.interventions`):
what the classifier then does is caused by it. *Subgroups* split the photographs by it, as they are, and compare how often the
decision is one class, and how often a counterfactual within the tested range changes it: differences there may come from the
property or from what goes with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import LUMINANCE, DiscoveryError, silent
from napari_latent_explain.domain.audit import CONCERN, FLIPS_CONCERN, AuditReport, InterventionEffect, SubgroupGap
from napari_latent_explain.explain.bootstrap import bootstrap_interval
from napari_latent_explain.explain.controls import share_interval
from napari_latent_explain.explain.pivot import Pivot
from napari_latent_explain.fundus.interventions import INTERVENTIONS
from napari_latent_explain.latent import mask_tensor, reconstruct, to_tensor
from napari_latent_explain.model.batches import pictures_at_once
from napari_latent_explain.model.classifier import margin
from napari_latent_explain.review.agreement import exact_proportion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.fundus.interventions import Intervention
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["AuditedPhotographs", "audit_classifier", "exact_interval", "intervention_effects", "photograph_properties"]

_FEWEST = 8
_DRAWS = 2000
_SAME = 1e-6  # log odds that differ by less are one answer
Properties = dict[str, "NDArray[np.float64]"]


@dataclass(frozen=True, eq=False)
class AuditedPhotographs:
    """Crops of N photographs: pictures (N, R, R, 3) uint8 and their fields (N, R, R) bool, every eye as a right eye.

    `left` (N,) says which were left eyes, where that is known.
    """

    pictures: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    left: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.pictures)


def _odds(
    classify: Callable[[Tensor], Tensor], pictures: NDArray[np.uint8], target: int, device: torch.device
) -> NDArray[np.float64]:
    found = []
    with torch.inference_mode():
        size = pictures_at_once(device, pictures.shape[1])
        for start in range(0, len(pictures), size):
            logits = classify(to_tensor(pictures[start : start + size], device))
            found.append(margin(logits, target).cpu().double().numpy())
    odds = np.concatenate(found)
    if not np.isfinite(odds).all():
        msg = "The classifier gives numbers that are not finite on these photographs; there is nothing to audit."
        raise DiscoveryError(msg)
    return odds


def _spread(odds: NDArray[np.float64]) -> float:
    """Standard deviation among photographs with the same decision: how much a classifier that is sure of both classes
    still tells them apart. Of all, where each decision has one answer only.
    """
    decided = odds > 0
    within = odds.copy()
    for group in (decided, ~decided):
        if group.any():
            within[group] -= odds[group].mean()
    return float(within.std()) if within.std() >= _SAME else float(odds.std())


def exact_interval(count: int, trials: int) -> tuple[float, float]:
    """Exact 95 % interval of a share (Clopper & Pearson, Biometrika 1934).

    A bootstrap of answers that are all alike has no width, however few they are.
    """
    return exact_proportion("share", count, trials).interval or (0.0, 1.0)


def intervention_effects(
    classify: Callable[[Tensor], Tensor],
    photographs: AuditedPhotographs,
    target: int,
    rng: np.random.Generator,
    *,
    interventions: Sequence[Intervention] = INTERVENTIONS,
    device: torch.device | None = None,
    progress: Progress = silent,
) -> tuple[InterventionEffect, ...]:
    """Change one property of every photograph and see what the classifier does.

    Parameters
    ----------
    classify : callable
        Pictures (N, 3, R, R) in [-1, 1] to logits (N, C).
    photographs : AuditedPhotographs
        At least 8.
    target : int
        Class whose log odds are followed.
    rng : numpy.random.Generator
        For the bootstrap.
    interventions : sequence of Intervention
        Those of `fundus.interventions`, if not given.
    device : torch.device, optional
        Where the classifier is; the CPU if not given.
    progress : Progress
        Told once an intervention; may raise `Cancelled`.

    Raises
    ------
    DiscoveryError
        If there are fewer than 8 photographs, or the classifier gives numbers that are not finite or one answer for all.

    Notes
    -----
    Cost: one forward pass of the classifier for each photograph and intervention.
    """
    if len(photographs) < _FEWEST:
        msg = f"An audit needs at least {_FEWEST} photographs, not {len(photographs)}."
        raise DiscoveryError(msg)
    device = device if device is not None else torch.device("cpu")
    before = _odds(classify, photographs.pictures, target, device)
    spread = _spread(before)
    if before.std() < _SAME:
        msg = "The classifier gives the same answer for all these photographs; there is nothing to audit."
        raise DiscoveryError(msg)
    found = []
    for done, one in enumerate(interventions):
        progress(f"Audit: {one.says}", done / len(interventions))
        pairs = zip(photographs.pictures, photographs.masks, strict=True)
        after = _odds(classify, np.stack([one.change(picture, mask) for picture, mask in pairs]), target, device)
        change, flips = after - before, (after > 0) != (before > 0)
        interval, bar = bootstrap_interval(change, _DRAWS, rng), CONCERN * spread
        flips_interval = exact_interval(int(flips.sum()), len(flips))
        moved = interval[0] > bar or interval[1] < -bar
        found.append(
            InterventionEffect(
                name=one.name, group=one.group, says=one.says,
                effect=float(change.mean()), effect_interval=interval,
                size=float(np.abs(change).mean()), size_interval=bootstrap_interval(np.abs(change), _DRAWS, rng),
                standardised=float(change.mean() / spread),
                flips=float(flips.mean()), flips_interval=flips_interval,
                strongest=int(np.abs(change).argmax()), concern=moved or flips_interval[0] > FLIPS_CONCERN,
            )
        )  # fmt: skip
    return tuple(found)


def photograph_properties(photographs: AuditedPhotographs) -> Properties:
    """Measure what photographs may differ in, (N,) each.

    ``brightness``: mean luminance in the field; ``redness``: share of red in the mean colour; ``sharpness``: spread of fine
    detail over that of coarse detail, in green; ``field area``: share of the square that shows retina; ``left eye``: 0 or 1,
    where it is known.
    """
    from scipy.ndimage import gaussian_filter

    measured: dict[str, list[float]] = {"brightness": [], "redness": [], "sharpness": [], "field area": []}
    for picture, mask in zip(photographs.pictures, photographs.masks, strict=True):
        colours = picture[mask].astype(np.float64) / 255
        green = picture[..., 1].astype(np.float64)
        fine, coarse = (
            (gaussian_filter(green, low) - gaussian_filter(green, high))[mask].std()
            for low, high in ((0.7, 1.5), (2, 8))
        )
        measured["brightness"].append(float((colours @ LUMINANCE).mean()))
        measured["redness"].append(float(colours[:, 0].mean() / max(colours.mean() * 3, 1e-6)))
        measured["sharpness"].append(float(fine / max(coarse, 1e-6)))
        measured["field area"].append(float(mask.mean()))
    properties = {name: np.array(values) for name, values in measured.items()}
    if photographs.left is not None:
        properties["left eye"] = photographs.left.astype(np.float64)
    return properties


def _gap(values: NDArray[np.bool_], upper: NDArray[np.bool_]) -> tuple[float, tuple[float, float]]:
    """Difference of shares, upper less lower group, with its 95 % interval (Newcombe, Statistics in Medicine 1998, method 10),
    which has a width where all in a group are alike, too.
    """
    (high, high_ends), (low, low_ends) = (
        (float(group.mean()), share_interval(int(group.sum()), len(group))) for group in (values[upper], values[~upper])
    )
    below, above = np.hypot(high - high_ends[0], low_ends[1] - low), np.hypot(high_ends[1] - high, low - low_ends[0])
    return high - low, (float(high - low - below), float(high - low + above))


def _flips(explainer: Explainer, photographs: AuditedPhotographs, progress: Progress) -> NDArray[np.bool_]:
    """Whether a counterfactual within the tested range changes the decision: (N,)."""
    found = []
    for done, (picture, field) in enumerate(zip(photographs.pictures, photographs.masks, strict=True)):
        progress("Audit: counterfactuals", done / len(photographs))
        x = to_tensor(picture[None], explainer.device)
        mask = mask_tensor(field, explainer.device)
        with torch.inference_mode():
            code = explainer.encode(x)
            pivot = Pivot(explainer, x, mask, code, reconstruct(explainer, code, mask))
            logits = explainer.classifier(x)[0]
        decided = int(logits.argmax())
        others = [c for c in range(len(logits)) if c != decided]
        target = max(others, key=lambda c: float(logits[c]))
        found.append(bool(pivot.search(target).margin > 0))
    return np.array(found)


def audit_classifier(
    explainer: Explainer,
    photographs: AuditedPhotographs,
    rng: np.random.Generator,
    *,
    target: int | None = None,
    counterfactuals: bool = True,
    progress: Progress = silent,
) -> AuditReport:
    """Audit a bundle's classifier on photographs; no labels are needed.

    Parameters
    ----------
    explainer : Explainer
        The model.
    photographs : AuditedPhotographs
        At least 8, of the model's resolution.
    rng : numpy.random.Generator
        For the bootstrap.
    target : int, optional
        Class whose log odds are followed; the last one if not given.
    counterfactuals : bool
        Whether to compare subgroups by their flips too: a search in every photograph, about a second each on a CPU.
    progress : Progress
        May raise `Cancelled`.

    Raises
    ------
    DiscoveryError
        As `intervention_effects` does.
    """
    target = len(explainer.classes) - 1 if target is None else target
    share = 0.3 if counterfactuals else 1.0
    effects = intervention_effects(
        explainer.classifier, photographs, target, rng, device=explainer.device,
        progress=lambda what, done: progress(what, share * done),
    )  # fmt: skip
    odds = _odds(explainer.classifier, photographs.pictures, target, explainer.device)
    decided = odds > 0
    flips = None
    if counterfactuals:
        flips = _flips(explainer, photographs, lambda what, done: progress(what, share + (1 - share) * done))
    gaps = []
    for name, values in photograph_properties(photographs).items():
        binary = set(np.unique(values)) <= {0.0, 1.0}
        split = 0.5 if binary else float(np.median(values))
        upper = values > split
        if min(upper.sum(), (~upper).sum()) < _FEWEST // 2:
            continue
        decisions, decisions_interval = _gap(decided, upper)
        flipped, flipped_interval = (None, None) if flips is None else _gap(flips, upper)
        gaps.append(
            SubgroupGap(
                name=name, split=split, upper=int(upper.sum()), lower=int((~upper).sum()), decisions=decisions,
                decisions_interval=decisions_interval, flips=flipped, flips_interval=flipped_interval,
            )
        )  # fmt: skip
    return AuditReport(
        model=explainer.identity, classes=explainer.classes, target=target, photographs=len(photographs),
        spread=_spread(odds), interventions=effects, subgroups=tuple(gaps),
    )  # fmt: skip
