"""What a counterfactual is asked to be: other opinions of the classifier, and small disturbances that they must survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.train.augment import jitter

if TYPE_CHECKING:
    from napari_latent_explain.model.generator import StyleGenerator

__all__ = ["disturbed", "moving_styles", "other_opinions", "some_attributes"]


def other_opinions(probabilities: Tensor, generator: torch.Generator) -> Tensor:
    """For each photograph, probabilities (N, C) that decide for another class, by 0.6 to 0.97.

    The other classes keep their proportions.
    """
    n, classes = probabilities.shape
    step = torch.randint(1, classes, (n,), generator=generator).to(probabilities.device)
    share = (0.6 + 0.37 * torch.rand(n, generator=generator)).to(probabilities.device)[:, None]
    chosen = functional.one_hot((probabilities.argmax(dim=1) + step) % classes, classes).to(probabilities.dtype)
    rest = probabilities * (1 - chosen)
    return share * chosen + (1 - share) * rest / rest.sum(dim=1, keepdim=True)


def some_attributes(n: int, count: int, generator: torch.Generator) -> Tensor:
    """For each of n counterfactuals, which of the attributes may move: (n, count) of 0 and 1, at least one 1, half of them
    on average, so that no attribute relies on all the others.
    """
    kept = torch.rand(n, count, generator=generator) < 0.5
    if count:
        kept[torch.arange(n), torch.randint(0, count, (n,), generator=generator)] = True
    return kept.float()


def moving_styles(generator: StyleGenerator) -> Tensor:
    """Which styles (S,) an attribute that an opinion teaches may move: 1 or 0. Those of the colour layers stay, they would tint
    the whole fundus.
    """
    layers = [layer for layer in generator.layout.layers if layer.name not in ("components", "attributes")]
    return torch.cat([torch.full((layer.channels,), float("torgb" not in layer.name)) for layer in layers])


def disturbed(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (N, 3, R, R) turned and zoomed a little, with noise, every second one blurred.

    A change that convinces the classifier only pixel by pixel (an adversarial perturbation) does not survive this.
    """
    if not len(x):
        return x
    shaken = jitter(x, generator, degrees=3.0, zoom=0.02)
    blurred = functional.avg_pool2d(shaken, 3, stride=1, padding=1, count_include_pad=False)
    soft = (torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5).to(x.device)
    noise = torch.randn(x.shape, generator=generator).to(x.device)
    return torch.where(soft, blurred, shaken) + 0.02 * noise
