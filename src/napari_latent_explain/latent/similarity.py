"""How alike two pictures are: the terms that training and inversion share, inside the field of view."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["detail_weight", "gradient_l1", "perceptual_distance", "weighted_l1"]


def detail_weight(x: Tensor, strength: float) -> Tensor:
    """Weight of every pixel, higher where the picture has fine detail (vessels, lesions): (N, 1, R, R), mean about 1.

    Fine detail is the distance of the green channel to its blurred self at two scales.
    """
    green = x[:, 1:2]
    detail = torch.zeros_like(green)
    for size in (5, 11):
        blurred = functional.avg_pool2d(green, size, stride=1, padding=size // 2, count_include_pad=False)
        detail = torch.maximum(detail, (green - blurred).abs())
    detail = detail / detail.mean(dim=(2, 3), keepdim=True).clamp_min(1e-4)
    weight = 1 + strength * detail.clamp_max(6.0)
    return weight / weight.mean(dim=(2, 3), keepdim=True)


def weighted_l1(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute difference, weighted: a scalar."""
    return ((a - b).abs() * weight).mean()


def gradient_l1(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute difference of horizontal and vertical finite differences, weighted: a scalar."""
    total = torch.zeros((), device=a.device)
    for dim in (2, 3):
        w = weight.narrow(dim, 1, weight.shape[dim] - 1)
        total = total + ((a.diff(dim=dim) - b.diff(dim=dim)).abs() * w).mean()
    return total


def perceptual_distance(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """Mean squared distance of channel-normalised features, summed over maps (Zhang et al., CVPR 2018, eq. 1): (N,)."""
    total = torch.zeros(a[0].shape[0], device=a[0].device)
    for x, y in zip(a, b, strict=True):
        difference = functional.normalize(x, dim=1, eps=1e-6) - functional.normalize(y, dim=1, eps=1e-6)
        total = total + difference.square().sum(dim=1).mean(dim=(1, 2))
    return total
