"""Measures of reconstructions: what they notice and what they ignore."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_latent_explain.train.fidelity import field_ms_ssim, field_psnr, fine_detail


def _eyes(n: int = 3, size: int = 192) -> tuple[torch.Tensor, torch.Tensor]:
    """Smooth ground with thin dark lines and small bright dots, in a disc."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    mask = np.hypot(x - size / 2, y - size / 2) < 0.48 * size
    pictures = np.full((n, 3, size, size), 0.1, dtype=np.float32)
    for k in range(n):
        for start in rng.integers(20, size - 20, 6):
            pictures[k, :, start : start + 2] -= 0.4
        for a, b in rng.integers(30, size - 30, (20, 2)):
            pictures[k, :, a : a + 3, b : b + 3] += 0.5
    masks = torch.from_numpy(mask)[None, None].float().expand(n, -1, -1, -1)
    return torch.from_numpy(pictures) * masks - (1 - masks), masks


def _uint8(x: torch.Tensor) -> np.ndarray:
    return ((x.clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()


def _detail(a: torch.Tensor, b: torch.Tensor, masks: torch.Tensor) -> np.ndarray:
    return fine_detail(_uint8(a), _uint8(b), masks[:, 0].bool().numpy())


def test_the_same_picture_scores_full_marks() -> None:
    x, masks = _eyes()
    assert torch.isinf(field_psnr(x, x, masks)).all()
    torch.testing.assert_close(field_ms_ssim(x, x, masks), torch.ones(3))
    assert _detail(x, x, masks) == pytest.approx(1)


def test_only_the_field_counts() -> None:
    x, masks = _eyes()
    spoilt = torch.where(masks > 0, x, torch.rand_like(x))
    torch.testing.assert_close(field_ms_ssim(spoilt, x, masks), torch.ones(3))
    assert torch.isinf(field_psnr(spoilt, x, masks)).all()


def test_psnr_is_the_textbook_number() -> None:
    x, masks = _eyes()
    assert field_psnr(x + 0.2, x, masks).numpy() == pytest.approx(20.0, abs=1e-3)


def test_blur_costs_detail_and_brightness_does_not() -> None:
    x, masks = _eyes()
    blurred = functional.avg_pool2d(x, 9, stride=1, padding=4, count_include_pad=False)
    brighter = (x + 0.1) * masks - (1 - masks)
    assert _detail(blurred, x, masks).max() < 0.6
    assert _detail(brighter, x, masks).min() > 0.95
    assert (field_ms_ssim(blurred, x, masks) < field_ms_ssim(brighter, x, masks)).all()
    assert _detail(torch.full_like(x, 0.1), x, masks) == pytest.approx(0)
