"""A photograph at its code: what edits are possible there, what they look like, and what the classifier says of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import LUMINANCE, Edit, silent
from napari_latent_explain.explain.boundary import BoundaryRadius, BoundarySurvey, boundary_radius, survey_boundary
from napari_latent_explain.explain.counterfactual import (
    CounterfactualSearch,
    diverse_counterfactuals,
    search_counterfactual,
    strongest_direction,
)
from napari_latent_explain.explain.dose_response import dose_response
from napari_latent_explain.latent import move, render
from napari_latent_explain.model.batches import pictures_at_once
from napari_latent_explain.model.classifier import margin
from napari_latent_explain.model.photograph_change import PhotographChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import DirectionId, DoseResponse, Progress
    from napari_latent_explain.latent import Composite
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Pivot", "changed_fraction"]

_CLEARANCE = 0.1  # log odds that count as a changed mind, a little above 0
_CHANGED = 0.02  # of the range from black to white: about 5 grey levels


def changed_fraction(difference: Tensor, mask: Tensor) -> float:
    """Share of the field (1, 1, R, R) whose luminance a difference (1, 3, R, R), in [-2, 2], changes by more than 0.02."""
    weights = torch.tensor(LUMINANCE, device=difference.device)[:, None, None]
    luminance = (difference * weights).sum(dim=1) / 2
    inside = mask[:, 0] > 0
    return float(((luminance.abs() > _CHANGED) & inside).sum() / inside.sum())


@dataclass(frozen=True, eq=False)
class Pivot:
    """Picture (1, 3, R, R) in [-1, 1], field (1, 1, R, R), code (1, n) and G(s) (1, 3, R, R).

    `region` (1, 1, R, R) in [0, 1], if there is one, says how much of a change each pixel takes.
    """

    explainer: Explainer
    picture: Tensor
    mask: Tensor
    code: Tensor
    base: Tensor
    region: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        """How much of a change each pixel takes, (1, 1, R, R): nothing outside the field and the region."""
        return self.mask if self.region is None else self.mask * self.region

    def strength_range(self, direction_id: DirectionId) -> tuple[float, float]:
        """Least and greatest strength that keep this eye within what real eyes show."""
        direction = self.explainer.atlas[direction_id]
        column = self.explainer.layout.column(direction.layer, direction.channel)
        return direction.strength_range(float(self.code[0, column]))

    def composites(self, edits: Sequence[Edit]) -> Composite:
        """The photograph under each of N edits."""
        moved = torch.cat([move(self.explainer, self.code, edit) for edit in edits])
        return self.moved_to(moved)

    def moved_to(self, codes: Tensor) -> Composite:
        """The photograph with what changes between its code and each of N codes (N, n)."""
        return render(self.explainer, self.picture, self.weight, self.base, codes)

    @torch.inference_mode()
    def changed(self, edit: Edit) -> tuple[Tensor, Tensor]:
        """What an edit changes, (1, 3, R, R) in [-2, 2], and the composite's logits (1, C), as fast as this machine can."""
        explainer = self.explainer
        change = explainer.quick if explainer.quick is not None else PhotographChange(explainer)
        return change(move(explainer, self.code, edit), self.picture, self.base, self.weight)

    def margins(self, edits: Sequence[Edit], target: int) -> list[float]:
        """Log odds of `target` against the best other class under each edit: positive where the decision is `target`."""
        return self._measured(edits, lambda logits: margin(logits, target))

    def log_odds(self, edits: Sequence[Edit], target: int) -> list[float]:
        """Log odds of `target` against all other classes together under each edit."""

        def odds(logits: Tensor) -> Tensor:
            others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
            return logits[:, target] - others.logsumexp(dim=1)

        return self._measured(edits, odds)

    def _measured(self, edits: Sequence[Edit], value: Callable[[Tensor], Tensor]) -> list[float]:
        values: list[float] = []
        with torch.inference_mode():
            size = pictures_at_once(self.explainer.device, self.explainer.resolution)
            for start in range(0, len(edits), size):
                pictures = self.composites(edits[start : start + size]).picture
                values += value(self.explainer.classifier(pictures)).tolist()
        return values

    def _goal(
        self, target: int, probability: float | None
    ) -> tuple[Callable[[Sequence[Edit]], Sequence[float]], dict[DirectionId, tuple[float, float]], float]:
        """What is measured, how far directions go, and how much is enough."""
        ranges = {d.id: self.strength_range(d.id) for d in self.explainer.atlas.towards(target)}
        if probability is None:
            return (lambda edits: self.margins(edits, target)), ranges, _CLEARANCE
        return (lambda edits: self.log_odds(edits, target)), ranges, math.log(probability / (1 - probability))

    def search(
        self, target: int, progress: Progress = silent, *, probability: float | None = None
    ) -> CounterfactualSearch:
        """Search for the smallest edit that changes the decision to `target`, or gives it at least `probability`."""
        margins, ranges, enough = self._goal(target, probability)
        return search_counterfactual(margins, ranges, clearance=enough, progress=progress)

    def search_another(
        self, target: int, answers: Sequence[Edit], progress: Progress = silent, *, probability: float | None = None
    ) -> CounterfactualSearch:
        """Search for an answer that does without the direction that did most in each of the `answers` that are there."""
        margins, ranges, enough = self._goal(target, probability)
        for edit in answers:
            ranges.pop(strongest_direction(margins, edit), None)
        return search_counterfactual(margins, ranges, clearance=enough, progress=progress)

    def search_several(
        self, target: int, count: int, progress: Progress = silent, *, probability: float | None = None
    ) -> tuple[CounterfactualSearch, ...]:
        """Search for up to `count` answers that differ from one another."""
        margins, ranges, enough = self._goal(target, probability)
        return diverse_counterfactuals(margins, ranges, count=count, clearance=enough, progress=progress)

    def dose_response(self, edit: Edit, target: int) -> DoseResponse:
        """Log odds of `target` from none to all of an edit."""
        return dose_response(lambda edits: self.log_odds(edits, target), edit)

    def boundary(self, direction_id: DirectionId) -> BoundaryRadius:
        """How far along a direction, in its spreads and within what real eyes show, the decision changes to its target."""
        direction = self.explainer.atlas[direction_id]
        furthest = self.strength_range(direction_id)[1]

        def margins(radii: NDArray[np.float64]) -> NDArray[np.float64]:
            edits = [Edit(strengths={direction_id: float(radius)}) for radius in radii]
            return np.array(self.margins(edits, direction.target))

        return boundary_radius(margins, furthest)

    def boundary_around(
        self, target: int, furthest: float, rng: np.random.Generator, *, rays: int = 16
    ) -> BoundarySurvey:
        """How far the boundary of `target` is along random directions of S, in spreads; ranges of real eyes don't bind."""
        styles, spread = self.explainer.layout.size, self.explainer.statistics.spread

        def margins(steps: NDArray[np.float64]) -> NDArray[np.float64]:
            moved = self.code.expand(len(steps), -1).clone()
            moved[:, :styles] += torch.from_numpy(steps).to(moved) * spread[:styles]
            with torch.inference_mode():
                pictures = self.moved_to(moved).picture
                values: NDArray[np.float64] = margin(self.explainer.classifier(pictures), target).cpu().double().numpy()
            return values

        return survey_boundary(margins, styles, furthest, rays=rays, rng=rng)
