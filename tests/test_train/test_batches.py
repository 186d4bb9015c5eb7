"""What a step of a training looks at."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_latent_explain.train.augment import jitter, toned
from napari_latent_explain.train.batches import BatchSource
from napari_latent_explain.train.config import TrainConfig
from napari_latent_explain.train.lesions import KINDS, OutlinedLesions
from napari_latent_explain.train.photographs import PhotographSet


def _photographs(n: int = 12, size: int = 32) -> PhotographSet:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    return PhotographSet(tuple(map(str, range(n))), pictures, np.ones((n, size, size), bool), np.arange(n) % 2)


def _config(**recipe: object) -> TrainConfig:
    upright = {"turn_degrees": 0.0, "zoom": 0.0, "oversampling": 1, "batch": 4, "attributes": 6, "w_dim": 8}
    return TrainConfig.model_validate({"resolution": 32, "stylex": upright | recipe})


def _lesions() -> OutlinedLesions:
    residuals = np.zeros((1, 3, 32, 32, 3), np.int16)
    residuals[:, :, 4:8, 10:20] = 20
    return OutlinedLesions(np.array([3]), residuals)


def test_photographs_are_taught_as_they_are_or_turned_and_halved() -> None:
    plain = _photographs(2)
    x, mask, *_ = BatchSource(_config(batch=2), plain, None).take(0, 0)
    levels = ((x + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    assert {picture.tobytes() for picture in levels} == {picture.tobytes() for picture in plain.pictures}
    assert mask.min() == 1

    fine = _photographs(2, size=64)
    fine.masks[:, :, :32] = False
    batch = BatchSource(_config(batch=2, oversampling=2), fine, None).take(0, 0)
    assert batch.x.shape == (2, 3, 32, 32)
    assert batch.mask[..., :16].max() == 0
    assert batch.x[..., :16].max() == -1
    means = fine.pictures[:, ::, 32:].reshape(2, 32, 2, 16, 2, 3).mean(axis=(2, 4)) / 127.5 - 1
    shown = batch.x[..., 16:].permute(0, 2, 3, 1).numpy()
    assert min(np.abs(shown[0] - mean).max() for mean in means) < 1e-3

    turned = BatchSource(_config(batch=2, turn_degrees=8.0), plain, None).take(0, 0)
    assert not torch.equal(turned.x, x)


def test_batches_drawn_ahead_are_those_of_their_steps() -> None:
    config, data = _config(mirrored=0.5, tone=0.1), _photographs()
    ahead, plain = BatchSource(config, data, _lesions(), threads=2), BatchSource(config, data, _lesions())
    try:
        for step, pairs in (
            (0, 0),
            (1, 0),
            (2, 2),
            (3, 2),
            (10, 1),
        ):  # as when lesion pairs begin, or a run goes on later
            one, two = ahead.take(step, pairs, pairs), plain.take(step, pairs)
            assert torch.equal(one.x, two.x)
            assert torch.equal(one.after, two.after)
            assert len(one.after) == len(one.moved) == pairs
            assert torch.equal(torch.rand(3, generator=one.generator), torch.rand(3, generator=two.generator))
    finally:
        ahead.close()
    assert not torch.equal(plain.take(0, 0).x, plain.take(1, 0).x)
    assert not torch.equal(plain.take(0, 0).x, BatchSource(config, data, None, rank=1).take(0, 0).x)


@pytest.mark.parametrize("mirrored", [0.0, 1.0])
def test_lesion_pairs_stand_first_and_are_mirrored_unless_lesions_come(mirrored: float) -> None:
    data = _photographs()
    source = BatchSource(_config(batch=12, mirrored=mirrored), data, _lesions())
    came = went = 0
    for step in range(4):
        batch = source.take(step, 6)
        coming = batch.moved[:, len(KINDS) :].any(dim=1)
        for row in range(6):
            upright = coming[row] or not mirrored
            changed = (batch.after[row] - batch.x[row]).abs().amax(dim=0) > 0.01
            if changed.any():
                assert changed[4:8].any() if upright else changed[24:28].any()
                assert not changed[8:24].any()
                came, went = came + bool(coming[row]), went + (not coming[row])
        levels = ((batch.x[6:] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
        own = data.pictures[:, ::-1] if mirrored else data.pictures
        assert {picture.tobytes() for picture in levels} <= {picture.tobytes() for picture in own}
    assert came
    assert went
    assert not len(source.take(0, 0).after)


def test_what_is_asked_of_a_pair_is_lit_as_the_picture_is() -> None:
    plain = BatchSource(_config(), _photographs(), _lesions()).take(0, 3)
    lit = BatchSource(_config(tone=0.2), _photographs(), _lesions()).take(0, 3)
    assert not torch.allclose(lit.x, plain.x, atol=0.05)
    same = plain.after == plain.x[:3]
    assert same.any()
    assert not same.all()
    assert torch.equal(lit.after == lit.x[:3], same)


def test_tones_change_brightness_and_contrast() -> None:
    x = torch.tensor([-1.0, -0.5, 0.5, 1.0]).expand(3, 3, 2, 4)
    changed = toned(x, torch.tensor([[0.0, 0.0], [-0.2, 0.0], [0.0, 0.3]]))
    torch.testing.assert_close(changed[0], x[0], atol=1e-3, rtol=0)
    torch.testing.assert_close((changed[1] + 1) / 2, 0.8 * (x[1] + 1) / 2, atol=1e-3, rtol=0)
    torch.testing.assert_close((changed[2] + 1) / 2, ((x[2] + 1) / 2) ** 1.3, atol=1e-3, rtol=0)
    black = jitter(torch.full((1, 3, 8, 8), -1.0), torch.Generator().manual_seed(0), colour=0.2)
    assert black.max() < -0.999
