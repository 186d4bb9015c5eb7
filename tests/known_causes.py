"""A made-up model whose causes are known: each style coordinate paints a patch, and the classifier looks at some patches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_latent_explain.explain.reference import ReferenceSet
from napari_latent_explain.latent import reconstruct
from napari_latent_explain.model.explainer import StyleStatistics
from napari_latent_explain.model.style_space import StyleLayer, StyleLayout

LAYOUT = StyleLayout((StyleLayer("b4.conv1", 12), StyleLayer("b8.conv0", 20), StyleLayer("attributes", 3)))
STRUCTURE = 4  # numbers behind the styles, the first of which paints the last patch; never edited
LINEAR = LAYOUT.column("b4.conv1", 3)
SATURATED = LAYOUT.column("b8.conv0", 5)
ATTRIBUTE = LAYOUT.column("attributes", 1)
TWIN = LAYOUT.column("b8.conv0", 9)  # paints LINEAR's patch, fainter
CAUSES = {(LINEAR, 1), (SATURATED, 1), (ATTRIBUTE, 0)}  # what raises class 1: the attribute does so at its low end
SIDE, PATCH = 6, 4


class Painter:
    """Code (N, 39) to picture (N, 3, 24, 24)."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(5)
        self.config = SimpleNamespace(attribute_names=())
        self.affines = nn.ModuleDict()
        for layer in LAYOUT.layers[:2]:
            affine = nn.Linear(6, layer.channels)
            with torch.no_grad():
                affine.weight.copy_(torch.randn(affine.weight.shape, generator=generator))
            self.affines[layer.name.replace(".", "_")] = affine

    def synthesise(self, code: Tensor) -> Tensor:
        level = 0.12 * code[:, : LAYOUT.size]
        level = level * torch.ones(LAYOUT.size).index_fill(0, torch.tensor([TWIN]), 0.0)
        shown = torch.zeros(len(code), SIDE * SIDE)
        shown[:, : LAYOUT.size] = level
        shown[:, LAYOUT.size] = 0.12 * code[:, LAYOUT.size]
        plateau = 0.5 * (code[:, SATURATED] - 0.5).clamp_min(0)
        shown = torch.cat([shown[:, :SATURATED], plateau[:, None], shown[:, SATURATED + 1 :]], dim=1)
        twin = torch.zeros_like(shown)
        twin[:, LINEAR] = 0.05 * code[:, TWIN]
        patches = (shown + twin).reshape(-1, 1, SIDE, SIDE)
        picture = functional.interpolate(patches, scale_factor=PATCH, mode="nearest")
        return picture.expand(-1, 3, -1, -1)


class PatchClassifier(nn.Module):
    """Mean of every patch, and a linear layer that looks at the causes' patches."""

    def __init__(self, threshold: float = 2.0) -> None:
        super().__init__()
        self.head = nn.Linear(SIDE * SIDE, 2)
        with torch.no_grad():
            self.head.weight.zero_()
            self.head.bias.copy_(torch.tensor([threshold, 0.0]))
            self.head.weight[1, LINEAR] = 20.0
            self.head.weight[1, SATURATED] = 12.0
            self.head.weight[1, ATTRIBUTE] = -10.0
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        features = functional.avg_pool2d(x.mean(dim=1, keepdim=True), PATCH).flatten(1)
        logits: Tensor = self.head(features)
        return logits


def make_explainer(classifier: Any = None) -> Any:
    """Statistics: every style is standard normal over the reference photographs, as attributes are over counterfactuals."""
    codes = torch.randn(400, LAYOUT.size + STRUCTURE, generator=torch.Generator().manual_seed(1))
    return SimpleNamespace(
        layout=LAYOUT, device=torch.device("cpu"), classes=("no", "yes"), statistics=StyleStatistics.of(codes),
        generator=Painter(), classifier=classifier or PatchClassifier(), identity=SimpleNamespace(sha256="causes"),
        resolution=SIDE * PATCH,
    )  # fmt: skip


def make_reference(explainer: Any, count: int = 60, seed: int = 2) -> ReferenceSet:
    """Photographs whose attributes are 0 and whose SATURATED coordinate lies on the plateau, where no gradient is."""
    codes = torch.randn(count, LAYOUT.size + STRUCTURE, generator=torch.Generator().manual_seed(seed))
    codes[:, LAYOUT.size - 3 : LAYOUT.size] = 0
    codes[:, SATURATED] = codes[:, SATURATED].clamp(-1.0, 0.0)
    masks = torch.ones(count, 1, SIDE * PATCH, SIDE * PATCH)
    bases = reconstruct(explainer, codes, masks)
    names = tuple(f"eye_{i}.png" for i in range(count))
    return ReferenceSet(bases, masks, codes, bases, explainer.classifier(bases), names)
