"""Small random changes that leave a fundus a fundus: rotation, zoom, mirror, brightness; and what another camera would do."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.latent import jpeg_round_trip

__all__ = ["jitter", "other_cameras", "toned"]

_QUALITY = (25, 90)  # of JPEG
_LEAST_FIELD = 0.85  # radius that is left, as a share of the field's
_BLUR = (0.001, 0.01)  # standard deviation of the Gaussian, as a share of the side
_NOTCH_DEPTH = (0.05, 0.15)  # from the rim inward, as a share of the field's radius
_NOTCH_WIDTH = (0.03, 0.08)  # half of it, along the rim, in the same unit
_BLACK = -1 + 1 / 255  # what rounds to level 0; `jitter` leaves black a little above -1


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
    return toned(out - 1, torch.stack([draw(), draw()], dim=1).to(x.device) * colour) if colour else out - 1


def toned(x: Tensor, change: Tensor) -> Tensor:
    """Pictures (N, C, R, R) with brightness times 1 + `change[:, 0]` and the contrast's power 1 + `change[:, 1]` (N, 2).

    Hue is left alone, it is diagnostic.
    """
    gain, power = (1 + change)[:, :, None, None, None].unbind(dim=1)
    return (((x + 1) / 2).clamp(1e-4, 1) ** power * gain * 2).clamp(0, 2) - 1


def other_cameras(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Change each picture of a batch as another camera might have taken it.

    Four changes, each in a `share` of the pictures and independent of the others: out of focus (Gaussian blur of 0.001 to 0.01
    of the side, within the field), compressed as JPEG of quality 25 to 90, a field of 0.85 to 1 of the radius, and a notch
    somewhere at the field's rim.

    Parameters
    ----------
    x : torch.Tensor
        (N, 3, R, R) in [-1, 1]; the field's circle touches the sides, outside is black.
    share : float
        From 0 (nothing changes) to 1.
    generator : torch.Generator
        Source of randomness, on the CPU.
    """
    blur, compress, cut, notch = torch.rand(4, len(x), generator=generator) < share
    sigma, quality, radius, angle, depth, width = torch.rand(6, len(x), generator=generator)
    side, x = x.shape[-1], x.clone()
    if bool(blur.any()):
        where = blur.to(x.device)
        x[where] = _blurred(x[where], _between(_BLUR, sigma[blur]).to(x.device) * side)
    if bool(compress.any()):
        where = compress.to(x.device)
        x[where] = jpeg_round_trip(x[where], _between(_QUALITY, quality[compress]).round().int().tolist())
    rim = torch.where(cut, _between((_LEAST_FIELD, 1.0), radius), 1.0)
    axis = (torch.arange(side) + 0.5) * 2 / side - 1
    inside = (torch.hypot(axis[:, None], axis)[None] <= rim[:, None, None]) | ~cut[:, None, None]
    if bool(notch.any()):
        depths, widths = _between(_NOTCH_DEPTH, depth[notch]), _between(_NOTCH_WIDTH, width[notch])
        inside[notch] &= ~_notches(axis, angle[notch] * 2 * torch.pi, rim[notch] - depths, widths)
    return torch.where(inside[:, None].to(x.device), x, -1.0)


def _between(limits: tuple[float, float], share: Tensor) -> Tensor:
    low, high = limits
    return low + (high - low) * share


def _notches(axis: Tensor, angle: Tensor, bottom: Tensor, width: Tensor) -> Tensor:
    """(N, R, R) bool on the square of `axis` (R,): from `bottom` (N,) outward at `angle` (N,), `width` (N,) to either side."""
    angle, bottom, width = (t[:, None, None] for t in (angle, bottom, width))
    cos, sin = torch.cos(angle), torch.sin(angle)
    outward, along = cos * axis + sin * axis[:, None], cos * axis[:, None] - sin * axis
    return (outward >= bottom) & (along.abs() <= width)


def _blurred(x: Tensor, sigma: Tensor) -> Tensor:
    """Pictures (N, 3, R, R), each blurred by its `sigma` (N,) in pixels; black around them neither takes nor gives light."""
    n, _, side, _ = x.shape
    reach = math.ceil(3 * float(sigma.max()))
    steps = torch.arange(-reach, reach + 1, device=x.device)
    kernel = torch.exp(-0.5 * (steps / sigma[:, None]).square())
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(4, dim=0)
    inside = (x > _BLACK).any(dim=1, keepdim=True)
    light = torch.cat([(x + 1) * inside, inside.to(x.dtype)], dim=1).reshape(1, 4 * n, side, side)
    light = functional.conv2d(light, kernel[:, None, None, :], padding=(0, reach), groups=4 * n)
    light = functional.conv2d(light, kernel[:, None, :, None], padding=(reach, 0), groups=4 * n)
    colours, weight = light.reshape(n, 4, side, side).split([3, 1], dim=1)
    return torch.where(inside, colours / weight.clamp_min(1e-3) - 1, x)
