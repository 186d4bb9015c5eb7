"""Small random changes that leave a fundus a fundus: rotation, zoom, mirror, brightness, compression, a smaller field."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.latent import jpeg_round_trip

__all__ = ["jitter", "other_cameras"]

_QUALITY = (25, 90)  # of JPEG
_LEAST_FIELD = 0.85  # radius that is left, as a share of the field's


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


def other_cameras(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A share of the pictures (N, 3, R, R) compressed as JPEG, quality 25 to 90; a share cut to 0.85 to 1 of their radius."""
    compress, cut, quality, radius = torch.rand(4, len(x), generator=generator).unbind()
    chosen = compress < share
    if bool(chosen.any()):
        low, high = _QUALITY
        qualities = (low + (high - low) * quality[chosen]).round().int().tolist()
        where, x = chosen.to(x.device), x.clone()
        x[where] = jpeg_round_trip(x[where], qualities)
    axis = (torch.arange(x.shape[-1]) + 0.5) * 2 / x.shape[-1] - 1
    limit = torch.where(cut < share, _LEAST_FIELD + (1 - _LEAST_FIELD) * radius, 2.0)[:, None, None]
    inside = (torch.hypot(axis[:, None], axis[None])[None] <= limit)[:, None].to(x.device)
    return torch.where(inside, x, -1.0)
