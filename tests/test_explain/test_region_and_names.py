"""A region keeps everything outside it as it was; names that people give stay with their directions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import Edit, Naming, Region, WrongUseError
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.explain.explanation import Explanation
from napari_latent_explain.explain.pivot import Pivot
from napari_latent_explain.fundus import read_photograph, region_weights, simulate
from napari_latent_explain.latent import Composite
from napari_latent_explain.model import Explainer

SQUARE = Region(outlines=(((80.0, 80.0), (80.0, 170.0), (170.0, 170.0), (170.0, 80.0)),))


@pytest.fixture
def explanation(small_explainer: Explainer, tmp_path: Path) -> Explanation:
    Image.fromarray(simulate(seed=3, size=256).picture).save(tmp_path / "eye.png")
    return explain_photograph(small_explainer, read_photograph(tmp_path / "eye.png"), steps=3, display_size=256)


def test_an_edit_changes_pixels_inside_the_region_alone(explanation: Explanation) -> None:
    explanation.set_edit(Edit(strengths={explanation.directions[0].id: 3.0}))
    everywhere = (explanation.frame.counterfactual != explanation.original).any(axis=-1)
    heard = []
    with_region = explanation.region_changed.connect(heard.append)
    explanation.set_region(SQUARE)
    inside = np.zeros(explanation.original.shape[:2], bool)
    left, top, right, _ = explanation.field.box
    scale = len(inside) / (right - left)
    rows, columns = (slice(int((80 - edge) * scale), int((171 - edge) * scale) + 1) for edge in (top, left))
    inside[rows, columns] = True
    changed = (explanation.frame.counterfactual != explanation.original).any(axis=-1)
    assert changed.any()
    assert not (changed & ~inside).any()
    assert (everywhere & ~inside).any()
    assert heard == [SQUARE]
    assert with_region is not None
    strip = explanation.strip(explanation.directions[0].id, Edit(), frames=3, size=256)
    assert not ((strip.pictures[-1] != explanation.original).any(axis=-1) & ~inside).any()
    assert explanation.record().region == SQUARE
    explanation.set_region(None)
    again = (explanation.frame.counterfactual != explanation.original).any(axis=-1)
    assert np.array_equal(again, everywhere)


def test_inside_the_region_the_change_is_what_it_would_be_without(explanation: Explanation) -> None:
    edit = Edit(strengths={explanation.directions[0].id: 3.0})
    free = explanation.render(edit).difference
    explanation.set_region(SQUARE)
    weights = region_weights(SQUARE, explanation.field, explanation.explainer.resolution)
    weights = weights[:, ::-1] if explanation.field.mirrored else weights
    assert np.allclose(explanation.render(edit).difference, free * weights[..., None], atol=1e-6)


def test_the_search_asks_only_for_what_stays_within_the_region(
    explanation: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[np.ndarray] = []
    real = Pivot.composites

    def watched(self: Pivot, edits: Sequence[Edit]) -> Composite:
        made = real(self, edits)
        tried.extend(made.difference.numpy())
        return made

    monkeypatch.setattr(Pivot, "composites", watched)
    explanation.set_region(SQUARE)
    found = explanation.find_counterfactual()
    allowed = region_weights(SQUARE, explanation.field, explanation.explainer.resolution) > 0
    assert max(np.abs(one[:, allowed]).max() for one in tried) > 0
    assert not any(one[:, ~allowed].any() for one in tried)
    assert "outside the drawn outline" in explanation.record(found).note


def test_a_region_beside_the_eye_is_refused_and_changes_nothing(explanation: Explanation) -> None:
    with pytest.raises(WrongUseError, match="outside the field of view, or is too small"):
        explanation.set_region(Region(outlines=(((0.0, 0.0), (0.0, 4.0), (4.0, 0.0)),)))
    assert explanation.region is None


def test_a_name_goes_with_its_direction(explanation: Explanation, small_explainer: Explainer) -> None:
    first = explanation.directions[0]
    heard = []
    explanation.names_changed.connect(heard.append)
    naming = Naming.now("drusen", "A. B.")
    explanation.rename({first.id: naming, "of another model": naming})
    assert explanation.directions[0].name == "drusen"
    assert explanation.directions[0].naming == naming
    assert explanation.record().directions[0].name == "drusen"
    assert heard == [explanation.atlas]
    assert small_explainer.atlas[first.id].name == first.name  # other photographs of the program keep theirs
