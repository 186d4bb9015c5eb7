"""A map over its photograph."""

from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.domain import SaliencyMap, SaliencyMethod
from napari_latent_explain.export.saliency import saliency_over, scale_colours


@pytest.fixture
def disc() -> np.ndarray:
    y, x = np.mgrid[:64, :64]
    return np.where(((x - 32) ** 2 + (y - 32) ** 2 < 900)[..., None], np.uint8(120), np.uint8(0)).repeat(3, axis=2)


@pytest.mark.parametrize("method", SaliencyMethod)
def test_the_photograph_shows_where_nothing_counts(disc: np.ndarray, method: SaliencyMethod) -> None:
    values = np.zeros((16, 16), dtype=np.float32)
    values[8, 4] = 1
    shown = saliency_over(disc, SaliencyMap(method, 1, values))
    assert shown.dtype == np.uint8
    assert shown.shape == disc.shape
    assert np.array_equal(shown[:, 32:], disc[:, 32:])
    spot = shown[34, 18].astype(int)
    assert np.abs(spot - 120).max() > 40
    assert np.abs(spot - 120).max() < 120
    assert not shown[0, 0].any()


def test_equal_steps_grow_lighter_and_signs_have_their_colours() -> None:
    ramp = np.linspace(0, 1, 50, dtype=np.float32)
    light = scale_colours(ramp, signed=False) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > 0).all()
    against, nothing, speaks_for = scale_colours(np.array([-1, 0, 1], dtype=np.float32), signed=True)
    assert against[2] > against[0]
    assert speaks_for[0] > speaks_for[2]
    assert np.ptp(nothing) == 0


def test_methods_have_names() -> None:
    assert [m.label for m in SaliencyMethod] == ["Grad-CAM", "Occlusion", "Integrated gradients"]
