"""Edits as operators on style codes, and the composite that keeps the photograph's own detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.model.photograph_change import composite_with

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.domain import DirectionAtlas, Edit
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Composite", "move", "render"]


def move(explainer: Explainer, code: Tensor, edit: Edit, atlas: DirectionAtlas | None = None) -> Tensor:
    """Move style codes (N, n) by an edit; `Edit()` returns an equal code, and ``-edit`` undoes ``edit``.

    Raises
    ------
    WrongUseError
        If the edit names a direction that the atlas lacks.
    """
    atlas = atlas if atlas is not None else explainer.atlas
    moved = code.clone()
    for direction_id, strength in edit.strengths.items():
        try:
            direction = atlas[direction_id]
        except KeyError as error:
            msg = f"This model has no direction '{direction_id}'; the edit was made with another one."
            raise WrongUseError(msg) from error
        column = explainer.layout.column(direction.layer, direction.channel)
        moved[:, column] += strength * direction.sign * direction.spread
    return moved


@dataclass(frozen=True, eq=False)
class Composite:
    """x + (G(s') - G(s)): (N, 3, R, R) each, in [-1, 1] (`difference` in [-2, 2])."""

    picture: Tensor
    difference: Tensor


@torch.inference_mode()
def render(explainer: Explainer, x: Tensor, weight: Tensor, base: Tensor, moved: Tensor) -> Composite:
    """Add to photographs what changed between G(base) and G(moved).

    Parameters
    ----------
    explainer : Explainer
        The model.
    x : torch.Tensor
        Photographs (N or 1, 3, R, R) in [-1, 1].
    weight : torch.Tensor
        How much of the change each pixel takes, (N or 1, 1, R, R) in [0, 1]: their fields, perhaps less.
    base : torch.Tensor
        G(s) of the unmoved codes (N or 1, 3, R, R), from `reconstruct`.
    moved : torch.Tensor
        Moved codes (N, n).
    """
    return Composite(*composite_with(explainer.generator.synthesise(moved), x, base, weight))
