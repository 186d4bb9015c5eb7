"""Small random changes that leave a fundus a fundus: rotation, zoom, and, where asked for, mirror and brightness."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["jitter"]


def jitter(
    x: Tensor,
    generator: torch.Generator,
    *,
    degrees: float = 12.0,
    zoom: float = 0.06,
    flip: bool = False,
    colour: float = 0.0,
) -> Tensor:
    """Change each picture of a batch at random.

    Parameters
    ----------
    x : torch.Tensor
        (N, C, R, R); black is -1 (outside comes in as -1, also for extra channels).
    generator : torch.Generator
        Source of randomness, on the CPU.
    degrees, zoom : float
        Largest rotation, and largest relative change of size.
    flip : bool
        Mirror half of the pictures left-right.
    colour : float
        Largest relative change of brightness and of contrast; hue is left alone, it is diagnostic.
    """
    n = x.shape[0]

    def draw() -> Tensor:
        return torch.rand(n, generator=generator) * 2 - 1

    angle = draw() * degrees * torch.pi / 180
    scale = 1 + draw() * zoom
    sign = torch.where(draw() > 0, -1.0, 1.0) if flip else torch.ones(n)
    cos, sin, zero = torch.cos(angle) * scale, torch.sin(angle) * scale, torch.zeros(n)
    theta = torch.stack([torch.stack([cos * sign, -sin, zero], 1), torch.stack([sin * sign, cos, zero], 1)], 1)
    grid = functional.affine_grid(theta, list(x.shape), align_corners=False).to(x.device)
    out = functional.grid_sample(x + 1, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    if colour:
        gain = (1 + draw() * colour)[:, None, None, None].to(x.device)
        power = (1 + draw() * colour)[:, None, None, None].to(x.device)
        out = ((out / 2).clamp(1e-4, 1) ** power * gain * 2).clamp(0, 2)
    return out - 1
