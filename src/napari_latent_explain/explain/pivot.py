"""A photograph at its code: what edits are possible there, what they look like, and what the classifier says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import silent
from napari_latent_explain.explain.counterfactual import CounterfactualSearch, search_counterfactual
from napari_latent_explain.latent import move, render
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from napari_latent_explain.domain import DirectionId, Edit, Progress
    from napari_latent_explain.latent import Composite
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Pivot", "changed_fraction"]

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709
_CHANGED = 0.02  # of the range from black to white: about 5 grey levels


def changed_fraction(difference: Tensor, mask: Tensor) -> float:
    """Share of the field (1, 1, R, R) whose luminance a difference (1, 3, R, R), in [-2, 2], changes by more than 0.02."""
    weights = torch.tensor(_LUMINANCE, device=difference.device)[:, None, None]
    luminance = (difference / 2 * weights).sum(dim=1)[mask[:, 0] > 0]
    return float((luminance.abs() > _CHANGED).double().mean())


@dataclass(frozen=True, eq=False)
class Pivot:
    """Picture (1, 3, R, R) in [-1, 1], field (1, 1, R, R), code (1, n) and G(s) (1, 3, R, R)."""

    explainer: Explainer
    picture: Tensor
    mask: Tensor
    code: Tensor
    base: Tensor

    def strength_range(self, direction_id: DirectionId) -> tuple[float, float]:
        """Least and greatest strength that keep this eye within what real eyes show."""
        direction = self.explainer.atlas[direction_id]
        column = self.explainer.layout.column(direction.layer, direction.channel)
        return direction.strength_range(float(self.code[0, column]))

    def composites(self, edits: Sequence[Edit]) -> Composite:
        """The photograph under each of N edits."""
        moved = torch.cat([move(self.explainer, self.code, edit) for edit in edits])
        return render(self.explainer, self.picture, self.mask, self.base, moved)

    def margins(self, edits: Sequence[Edit], target: int) -> list[float]:
        """Log odds of `target` under each edit."""
        values: list[float] = []
        with torch.inference_mode():
            for start in range(0, len(edits), 16):
                pictures = self.composites(edits[start : start + 16]).picture
                values += margin(self.explainer.classifier(pictures), target).tolist()
        return values

    def search(self, target: int, progress: Progress = silent) -> CounterfactualSearch:
        """Search for the smallest edit that changes the decision to `target`."""
        ranges = {d.id: self.strength_range(d.id) for d in self.explainer.atlas.towards(target)}
        return search_counterfactual(lambda edits: self.margins(edits, target), ranges, progress=progress)
