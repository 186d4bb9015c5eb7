from __future__ import annotations

import hashlib

import numpy as np
import pytest

from napari_latent_explain.domain import Cancelled, Edit, Photograph
from napari_latent_explain.explain import Explanation, explain_photograph
from napari_latent_explain.explain.frame_strip import FrameStrip, strip_strengths
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import Explainer


@pytest.fixture
def explanation(small_explainer: Explainer) -> Explanation:
    picture = simulate(seed=3, size=256).picture
    photograph = Photograph(picture, "eye.png", hashlib.sha256(picture.tobytes()).hexdigest(), simulated=True)
    return explain_photograph(small_explainer, photograph, steps=2, display_size=128)


def test_strengths_are_even_and_hold_nothing_moved() -> None:
    assert strip_strengths(0.0, 2.0, 5) == (0.0, 0.5, 1.0, 1.5, 2.0)
    mixed = strip_strengths(-1.0, 2.2, 9)
    assert mixed[0] == -1
    assert mixed[-1] == 2.2
    assert 0.0 in mixed
    assert list(mixed) == sorted(mixed)
    assert strip_strengths(-0.01, 3.0, 5)[0] == -0.01  # the ends stay


def test_at_its_strengths_a_strip_is_what_is_rendered(explanation: Explanation) -> None:
    moved, other = (d.id for d in explanation.directions[:2])
    edit = Edit(strengths={moved: 1.0, other: 0.7})
    strip = explanation.strip(moved, edit, frames=5, size=128)
    for k, strength in enumerate(strip.strengths):
        exact = explanation.render(edit.with_strength(moved, strength)).counterfactual
        assert np.array_equal(strip.at(strength), exact)
        assert np.array_equal(strip.pictures[k], exact)
    assert strip.shows(edit.with_strength(moved, -0.3), moved)
    assert not strip.shows(edit, other)
    assert not strip.shows(Edit(strengths={moved: 1.0}), moved)


def test_between_strengths_it_is_between_the_pictures() -> None:
    pictures = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (0, 100, 200)])
    opinions = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    strip = FrameStrip("a", Edit(), (-1.0, 0.0, 2.0), pictures, opinions)
    assert strip.probabilities_at(1.0) == pytest.approx((0.4, 0.6))
    assert strip.probabilities_at(-5.0) == pytest.approx((0.9, 0.1))
    assert strip.at(-0.5).mean() == pytest.approx(50, abs=1)
    assert strip.at(1.5).mean() == pytest.approx(175, abs=1)
    assert strip.at(-7).mean() == 0
    assert strip.at(7).mean() == 200


def test_smaller_strips_and_a_strip_that_is_stopped(explanation: Explanation) -> None:
    key = explanation.directions[0].id
    assert explanation.strip(key, Edit(), frames=3, size=64).pictures.shape == (3, 64, 64, 3)
    assert explanation.strip(key, Edit(), frames=3, size=4096).pictures.shape == (3, 128, 128, 3)

    def stop(_what: str, done: float) -> None:
        if done > 0:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        explanation.strip(key, Edit(), stop)
