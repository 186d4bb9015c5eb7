"""The augmentation of StyleGAN2-ADA (Karras et al., NeurIPS 2020, appendix B), plainly: what a discriminator may not memorise."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["augment"]


def augment(x: Tensor, p: float) -> Tensor:
    """Change each picture by each operation with probability `p` (ADA, appendix B: pixel, geometric and colour transforms).

    Mirroring, quarter turns, integer translation, isotropic scale and rotation, as one resampling with reflected borders;
    brightness, contrast, luma flip, hue and saturation, as one matrix. Differentiable in x (N, 3, R, R).
    """
    n, device = len(x), x.device
    grid = functional.affine_grid(_placing(n, p, x.shape[-1], device), list(x.shape), align_corners=False)
    moved = functional.grid_sample(x.float(), grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    matrix = _colouring(n, p, device)
    return torch.einsum("nij,njhw->nihw", matrix[:, :3, :3], moved) + matrix[:, :3, 3, None, None]


def _chosen(values: Tensor, p: float, neutral: float) -> Tensor:
    return torch.where(torch.rand_like(values) < p, values, torch.full_like(values, neutral))


def _placing(n: int, p: float, size: int, device: torch.device) -> Tensor:
    """Where each pixel comes from: (N, 2, 3), in units of half the picture."""
    mirror = _chosen(torch.randint(2, (n,), device=device) * -2.0 + 1, p, 1.0)
    turns = _chosen(torch.randint(4, (n,), device=device) * (torch.pi / 2), p, 0.0)
    either = 1 - math.sqrt(1 - min(p, 1.0))  # the paper turns twice, before and after scaling
    angle = turns + _chosen((torch.rand(n, device=device) * 2 - 1) * torch.pi, either, 0.0)
    scale = _chosen(2 ** (0.2 * torch.randn(n, device=device)), p, 1.0)
    moves = (torch.rand(2, n, device=device) * 2 - 1) * 0.125 * size
    shift = [_chosen(move.round() * 2 / size, p, 0.0) for move in moves]
    cos, sin = angle.cos() / scale, angle.sin() / scale
    rows = [torch.stack([cos * mirror, -sin, shift[0]], 1), torch.stack([sin * mirror, cos, shift[1]], 1)]
    return torch.stack(rows, 1)


def _colouring(n: int, p: float, device: torch.device) -> Tensor:
    """One homogeneous matrix for each picture: (N, 4, 4)."""
    eye, keep, cross = _axes(device)
    grey = keep.clone()
    grey[3, 3] = 0
    shifted, contrast = eye.repeat(n, 1, 1), eye.repeat(n, 1, 1)
    shifted[:, :3, 3] = _chosen(0.2 * torch.randn(n, device=device), p, 0.0)[:, None]
    contrast[:, range(3), range(3)] = _chosen(2 ** (0.5 * torch.randn(n, device=device)), p, 1.0)[:, None]
    flip = eye - 2 * grey * _chosen(torch.randint(2, (n,), device=device).float(), p, 0.0)[:, None, None]
    angle = _chosen((torch.rand(n, device=device) * 2 - 1) * torch.pi, p, 0.0)[:, None, None]
    hue = eye + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)  # Rodrigues, about the grey axis
    saturation = keep + (eye - keep) * _chosen(2 ** torch.randn(n, device=device), p, 1.0)[:, None, None]
    return saturation @ hue @ flip @ contrast @ shifted


@lru_cache
def _axes(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The unit matrix, the projection onto grey (and the homogeneous coordinate), the cross product with grey: (4, 4) each."""
    a = 1 / math.sqrt(3)
    axis = torch.tensor([a, a, a, 0.0])
    keep = torch.outer(axis, axis) + torch.diag(torch.tensor([0.0, 0.0, 0.0, 1.0]))
    cross = torch.tensor([[0.0, -a, a, 0.0], [a, 0.0, -a, 0.0], [-a, a, 0.0, 0.0], [0.0] * 4])
    return torch.eye(4, device=device), keep.to(device), cross.to(device)
