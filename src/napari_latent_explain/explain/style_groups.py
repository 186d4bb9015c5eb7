"""Groups of styles that move together, tried whole: what single gradients overlook may show in a group.

The styles of a layer are an affine map of one vector of W; its left singular vectors are the groups (the factorisation of
Shen and Zhou, CVPR 2021: SeFa, on the affine weights). Every group is moved in both senses, each member towards the end of
its sign and as far as its loading says, so that all stay within what real eyes show. The strongest members of the groups
that raise the target most are candidates again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import silent
from napari_latent_explain.explain.probe import StyleMove

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.probe import StyleProbe
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["StyleGroup", "group_effects", "style_groups"]


@dataclass(frozen=True, eq=False)
class StyleGroup:
    """Columns (K,) and their loadings (K,), the largest of which is 1 in absolute value."""

    columns: NDArray[np.int64]
    loadings: NDArray[np.float64]

    @property
    def opposite(self) -> StyleGroup:
        """The same group in the other sense."""
        return StyleGroup(self.columns, -self.loadings)

    def members(self, count: int) -> list[StyleMove]:
        """Return the moves of the `count` largest loadings."""
        order = np.argsort(-np.abs(self.loadings), kind="stable")[:count]
        return [StyleMove(int(self.columns[i]), int(self.loadings[i] > 0)) for i in order]


def style_groups(explainer: Explainer, columns: NDArray[np.int64], per_layer: int) -> list[StyleGroup]:
    """Leading groups of every layer that has an affine map, in both senses, restricted to `columns`."""
    found = []
    weights = dict(explainer.generator.affines.named_parameters())
    for layer in explainer.layout.layers:
        parameter = weights.get(f"{layer.name.replace('.', '_')}.weight")
        if parameter is None:  # components and attributes have none: each is a group of its own
            continue
        weight = parameter.detach().cpu().double().numpy()
        first = explainer.layout.offsets[layer.name]
        allowed = np.isin(np.arange(first, first + layer.channels), columns)
        if allowed.sum() < 2:
            continue
        left = np.linalg.svd(weight[allowed], full_matrices=False)[0]
        for vector in left.T[:per_layer]:
            group = StyleGroup(np.flatnonzero(allowed) + first, vector / np.abs(vector).max())
            found += [group, group.opposite]
    return found


def group_effects(
    probe: StyleProbe,
    groups: list[StyleGroup],
    photographs: NDArray[np.int64],
    target: int,
    *,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Mean change of the target's margin by each group moved whole: (G,). Cost: G x P forward passes."""
    who = torch.from_numpy(photographs).to(probe.explainer.device)
    before = probe.starts[photographs][:, target]
    found = np.zeros(len(groups))
    with torch.inference_mode():
        for number, group in enumerate(groups):
            columns = torch.from_numpy(group.columns).to(who.device)
            loadings = torch.from_numpy(group.loadings).to(who.device, torch.float32)
            ends = (loadings > 0).long()
            codes = probe.reference.codes[who].clone()
            codes[:, columns] += probe.steps[ends, :, columns].T[who] * loadings.abs()
            after = [
                probe.margins_of(codes[i : i + probe.batch], who[i : i + probe.batch])
                for i in range(0, len(who), probe.batch)
            ]
            found[number] = (np.concatenate(after)[:, target] - before).mean()
            progress("Moving groups of styles", (number + 1) / len(groups))
    return found
