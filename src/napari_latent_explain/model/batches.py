"""How many pictures are computed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

__all__ = ["in_batches", "pictures_at_once"]

_PIXELS = 4 * 256**2


def pictures_at_once(device: torch.device, resolution: int) -> int:
    """How many pictures of R x R pixels one batch should have, where nothing is learned.

    On the CPU so few that a layer's maps stay below 32 MB: larger blocks of memory are given back to the system after each
    operation and fetched anew (glibc's ``M_MMAP_THRESHOLD``), which takes longer than the arithmetic
    (``python benchmarks/batch_size.py``).
    """
    if device.type != "cpu":
        return 64
    return min(16, max(1, _PIXELS // resolution**2))


def in_batches(function: Callable[..., Tensor], *pictures: Tensor) -> Tensor:
    """Results of a function of N pictures (N, C, R, R), and of whatever else has N rows, side by side."""
    size = pictures_at_once(pictures[0].device, pictures[0].shape[-1])
    parts = zip(*(one.split(size) for one in pictures), strict=True)
    return torch.cat([function(*part) for part in parts])
