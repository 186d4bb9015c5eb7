from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.fundus import simulate
from napari_latent_explain.fundus.factors import FundusFactors
from napari_latent_explain.fundus.interventions import INTERVENTIONS, Intervention

BY_NAME = {one.name: one for one in INTERVENTIONS}


@pytest.fixture(scope="module")
def eye() -> tuple[np.ndarray, np.ndarray]:
    drawn = simulate(seed=1, factors=FundusFactors(), size=128)
    return drawn.picture * drawn.masks["field"][..., None], drawn.masks["field"]


@pytest.mark.parametrize("one", INTERVENTIONS, ids=lambda one: one.name)
def test_each_changes_the_photograph_inside_its_field_alone(
    one: Intervention, eye: tuple[np.ndarray, np.ndarray]
) -> None:
    picture, mask = eye
    kept = picture.copy()
    after = one.change(picture, mask)
    assert after.dtype == np.uint8
    assert after.shape == picture.shape
    assert (picture == kept).all()
    assert np.abs(after.astype(int) - picture).max() > 5
    outside = ~mask if one.name != "mirrored" else ~mask[:, ::-1]
    assert after[outside].max() == 0
    assert (one.change(picture, mask) == after).all()


def test_they_do_what_they_say(eye: tuple[np.ndarray, np.ndarray]) -> None:
    picture, mask = eye
    mean = picture[mask].astype(float).mean(axis=0)

    def after(name: str) -> np.ndarray:
        return BY_NAME[name].change(picture, mask).astype(float)

    np.testing.assert_allclose(after("darker")[mask].mean(axis=0), 0.8 * mean, rtol=0.02)
    assert after("brighter")[mask].mean() > 1.1 * mean.mean()
    assert 0.001 < (after("notch").max(axis=-1) == 0)[mask].mean() < 0.03
    assert 0.05 < (after("cut field").max(axis=-1) == 0)[mask].mean() < 0.3
    assert (after("mirrored")[:, ::-1] == picture).all()
    detail = np.abs(np.diff(picture[40:90, 40:90, 1].astype(float))).mean()
    assert np.abs(np.diff(after("blurred")[40:90, 40:90, 1])).mean() < 0.9 * detail
    assert np.abs(np.diff(after("noisy")[40:90, 40:90, 1])).mean() > 1.3 * detail
    light = after("uneven light")[mask] / np.maximum(picture[mask], 1)
    x = np.argwhere(mask)[:, 1]
    assert light[x > 100].mean() > light[x < 28].mean() + 0.15


def test_the_notch_is_the_simulators() -> None:
    whole = slice(8, 504)  # the field's square: its radius is 0.97 of half the picture
    mask, notched = (
        simulate(seed=1, factors=FundusFactors(notch=notch), size=512).masks["field"][whole, whole]
        for notch in (False, True)
    )
    cut = mask & ~(BY_NAME["notch"].change(np.full((*mask.shape, 3), 200, np.uint8), mask).max(axis=-1) > 0)
    drawn = mask & ~notched
    assert (cut & drawn).sum() > 0.9 * (cut | drawn).sum()
