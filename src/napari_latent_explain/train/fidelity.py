"""How close a reconstruction is to its photograph, inside the field of view, one number a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["DETAIL_RADII", "field_ms_ssim", "field_psnr", "fine_detail"]

DETAIL_RADII = (2, 4, 8)  # pixels at 256 px: vessels and small lesions up to large exudates
_MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al., Asilomar 2003, section 3.2


def field_psnr(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB inside the field, pictures (N, 3, R, R) in [-1, 1]: (N,)."""
    squared = ((a - b).square() * mask).sum(dim=(1, 2, 3)) / (3 * mask.sum(dim=(1, 2, 3)))
    return 10 * torch.log10(4 / squared)


def field_ms_ssim(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Multi-scale structural similarity (Wang et al., Asilomar 2003), pictures (N, 3, R, R) in [-1, 1]: (N,).

    Outside, both count as black; windows weigh by the share of them that lies in the field. Pictures of less than 176 px
    have fewer scales, with the weights of those scaled to add up to 1.
    """
    from monai.metrics.regression import compute_ssim_and_cs

    scales = min(len(_MS_SSIM_WEIGHTS), int(np.log2(a.shape[-1] / 11)) + 1)
    weights = np.array(_MS_SSIM_WEIGHTS[:scales]) / sum(_MS_SSIM_WEIGHTS[:scales])
    a, b = ((x + 1) / 2 * mask for x in (a, b))
    total = torch.ones(len(a), device=a.device)
    for scale, weight in enumerate(weights):
        if scale:
            a, b, mask = (functional.avg_pool2d(x, 2) for x in (a, b, mask))
        ssim, contrast = compute_ssim_and_cs(a, b, 2, kernel_size=(11, 11), kernel_sigma=(1.5, 1.5))
        inside = functional.avg_pool2d(mask, 11, stride=1)
        value = (ssim if scale == scales - 1 else contrast) * inside
        mean = value.sum(dim=(1, 2, 3)) / (a.shape[1] * inside.sum(dim=(1, 2, 3)).clamp_min(1e-6))
        total = total * mean.clamp_min(0) ** float(weight)
    return total


def _detail_maps(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bright and dark top-hat of the green channel at each of `DETAIL_RADII` (scaled to the size): (2 * n, R, R)."""
    from skimage.morphology import black_tophat, disk, white_tophat

    green = picture[..., 1]
    maps = []
    for radius in DETAIL_RADII:
        element = disk(max(1, round(radius * len(green) / 256)))
        maps += [white_tophat(green, element), black_tophat(green, element)]
    return np.stack(maps).astype(np.float32)


def fine_detail(a: NDArray[np.uint8], b: NDArray[np.uint8], masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How well vessels and lesions agree, pictures (N, R, R, 3) uint8 and fields (N, R, R): (N,) in [-1, 1].

    The mean over scales of the correlation, inside the field but its outermost 4 %, of bright and of dark top-hat maps of
    the green channel. Blur takes small structures away and lowers it, which PSNR hardly notices.
    """
    from scipy.ndimage import binary_erosion

    found = []
    for x, y, mask in zip(a, b, masks, strict=True):
        rim = max(1, round(0.04 * len(mask)))
        inside = binary_erosion(mask, iterations=rim, border_value=0)
        pairs = zip(_detail_maps(x), _detail_maps(y), strict=True)
        found.append(np.mean([_correlation(m[inside], n[inside]) for m, n in pairs]))
    return np.array(found)


def _correlation(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Pearson's, 0 where one of them is flat."""
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 0 else 0.0
