"""KID, detectability and memorisation on vectors whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_latent_explain.train.logistic import fit_logistic
from napari_latent_explain.train.realism import detectability, kernel_distance, nearest_ratio


def _cloud(n: int, seed: int, shift: float = 0.0, size: int = 16) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed)) + shift


def test_kid_is_about_nothing_within_one_population_and_grows_with_the_distance() -> None:
    b = _cloud(80, 0)
    same = [kernel_distance(_cloud(80, seed), b) for seed in range(1, 9)]
    near, far = kernel_distance(_cloud(80, 1, 0.5), b), kernel_distance(_cloud(80, 1, 1.0), b)
    assert abs(np.mean(same)) < 0.3 * near
    assert min(same) < 0  # unbiased: below 0 as often as above
    assert far > 2 * near


def test_composites_that_differ_are_told_apart_and_equal_ones_are_not() -> None:
    real, rng = _cloud(60, 0), np.random.default_rng
    assert detectability(real, real + 0.02 * _cloud(60, 1), rng(0)) == pytest.approx(0.5, abs=0.15)
    assert detectability(real, real + torch.nn.functional.one_hot(torch.tensor(3), 16) * 4.0, rng(0)) > 0.9


def test_training_eyes_handed_out_again_are_noticed() -> None:
    training, photographs = _cloud(50, 0), _cloud(20, 1)
    assert nearest_ratio(photographs, photographs, training) == 1
    assert nearest_ratio(training[:20] + 1e-3, photographs, training) < 0.01


def test_logistic_regression_finds_the_feature_that_matters() -> None:
    x = _cloud(200, 0, size=5)
    model = fit_logistic(x, (x[:, 2] > 0).long(), 1e-3)
    assert int(model.weight.abs().argmax()) == 2
    assert float(((model(x) > 0) == (x[:, 2] > 0)).float().mean()) > 0.95
