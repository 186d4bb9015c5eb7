"""Between photographs' pixels and the model's tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.fundus.interventions import compressed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["jpeg_round_trip", "mask_tensor", "to_pixels", "to_tensor"]


def to_tensor(pictures: NDArray[np.uint8], device: torch.device | None = None) -> Tensor:
    """(N, R, R, 3) or (R, R, 3) uint8 to (N, 3, R, R) float32 in [-1, 1]."""
    batch = pictures if pictures.ndim == 4 else pictures[None]
    pixels = torch.from_numpy(np.array(batch)).to(device)  # a quarter of the bytes on the way to a device
    return (pixels.permute(0, 3, 1, 2).contiguous().float() / 127.5).sub_(1)


def mask_tensor(masks: NDArray[np.bool_], device: torch.device | None = None) -> Tensor:
    """(N, R, R) or (R, R) bool to (N, 1, R, R) float32 of 0 and 1."""
    batch = masks if masks.ndim == 3 else masks[None]
    tensor = torch.from_numpy(batch.astype(np.float32))[:, None]
    return tensor.to(device) if device is not None else tensor


def to_pixels(x: Tensor) -> NDArray[np.uint8]:
    """(N, 3, R, R) in [-1, 1], clamped, to (N, R, R, 3) uint8."""
    scaled = ((x.detach().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    pixels: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).cpu().numpy()
    return pixels


def jpeg_round_trip(x: Tensor, qualities: Sequence[int]) -> Tensor:
    """N >= 1 pictures (N, 3, R, R) in [-1, 1], each as JPEG of its quality and read again."""
    pairs = zip(to_pixels(x), qualities, strict=True)
    return to_tensor(np.stack([compressed(pixels, quality) for pixels, quality in pairs]), x.device)
