"""An explanation goes on with another explainer of its model as it stood."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import Edit, Naming, Region
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.explain.explanation import Explanation
from napari_latent_explain.explain.with_explainer import enlarged, moved, with_explainer
from napari_latent_explain.fundus import read_photograph, simulate
from napari_latent_explain.model import Explainer, load_explainer

REGION = Region(outlines=(((40.0, 40.0), (40.0, 90.0), (90.0, 90.0), (90.0, 40.0)),))


@pytest.fixture
def explanation(small_explainer: Explainer, tmp_path: Path) -> Explanation:
    Image.fromarray(simulate(seed=3, size=128).picture).save(tmp_path / "eye.png")
    return explain_photograph(small_explainer, read_photograph(tmp_path / "eye.png"), steps=3, display_size=128)


def test_it_is_moved_as_it_stands(explanation: Explanation, small_bundle: Path) -> None:
    first = explanation.directions[0]
    explanation.set_region(REGION)
    explanation.rename({first.id: Naming.now("exudates", "ab")})
    explanation.accept(
        replace(explanation.render(Edit(strengths={first.id: 1.0})), note="as far as it goes", reached=True)
    )
    other = load_explainer(small_bundle, "cpu")
    again = moved(explanation, other)
    assert again is not explanation
    assert again.explainer.generator is other.generator
    assert (again.edit, again.target, again.region) == (explanation.edit, explanation.target, REGION)
    assert (again.frame.note, again.frame.reached) == ("as far as it goes", True)
    assert np.array_equal(again.frame.counterfactual, explanation.frame.counterfactual)
    assert again.directions[0].name == first.name  # as the search called it: names are given anew by who keeps them


def test_other_directions_begin_at_nothing(explanation: Explanation) -> None:
    explanation.set_edit(Edit(strengths={explanation.directions[0].id: 1.0}))
    explainer = replace(explanation.explainer, atlas=explanation.atlas.replace(directions=explanation.directions[1:]))
    made = with_explainer(explanation, explainer)
    assert not made.edit
    assert made.directions == explanation.directions[1:]
    assert made.inversion is explanation.inversion


def test_it_is_enlarged_as_it_stands(small_explainer: Explainer, tmp_path: Path) -> None:
    Image.fromarray(simulate(seed=3, size=400).picture).save(tmp_path / "eye.png")
    photograph = read_photograph(tmp_path / "eye.png")
    explanation = explain_photograph(small_explainer, photograph, steps=3, display_size=128)
    explanation.set_edit(Edit(strengths={explanation.directions[0].id: 1.0}))
    large = enlarged(explanation, 4096)
    assert len(explanation.original) == 128
    assert len(large.original) == int(2 * large.field.radius)
    assert large.frame.counterfactual.shape == large.original.shape
    assert large.edit == explanation.edit
    assert large.frame.probabilities == explanation.frame.probabilities
    left, top, *_ = large.field.box
    y, x = int(large.field.center_y), int(large.field.center_x)
    own = photograph.pixels[y - 60 : y + 60, x - 60 : x + 60].astype(int)
    v, u = round(y - top), round(x - left)
    assert np.abs(own - large.original[v - 60 : v + 60, u - 60 : u + 60]).mean() < 3
