"""An atlas file in place of a bundle's: taken if it is this model's, refused otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from napari_latent_explain.domain import BundleError
from napari_latent_explain.model import Explainer
from napari_latent_explain.model.atlas_file import with_atlas


def _written(tmp_path: Path, explainer: Explainer, **changes: object) -> Path:
    path = tmp_path / "atlas.json"
    path.write_text(json.dumps(explainer.atlas.model_dump(mode="json") | changes), encoding="utf-8")
    return path


def test_it_takes_the_place_of_the_bundles(small_explainer: Explainer, tmp_path: Path) -> None:
    kept = small_explainer.atlas.directions[:1]
    path = _written(tmp_path, small_explainer, directions=[d.model_dump(mode="json") for d in kept])
    assert with_atlas(small_explainer, path).atlas.directions == kept
    assert len(small_explainer.atlas.directions) > 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": ["cat", "dog"]}, "another set of classes"),
        ({"generator_sha256": "1" * 64}, "another generator"),
        ({"classifier_sha256": "1" * 64}, "another classifier"),
        ({"unknown": 1}, "unknown"),
        ({"format": 2}, "newer version"),
    ],
)
def test_another_models_is_refused(small_explainer: Explainer, tmp_path: Path, changes, words) -> None:
    atlas = small_explainer.atlas.replace(generator_sha256="2" * 64, classifier_sha256="3" * 64)
    explainer = replace(small_explainer, atlas=atlas)
    assert with_atlas(explainer, _written(tmp_path, explainer)).atlas == atlas
    with pytest.raises(BundleError, match=words):
        with_atlas(explainer, _written(tmp_path, explainer, **changes))


def test_a_channel_that_there_is_not(small_explainer: Explainer, tmp_path: Path) -> None:
    direction = small_explainer.atlas.directions[0].model_dump(mode="json") | {"channel": 10**6}
    with pytest.raises(BundleError, match="no channel of this model"):
        with_atlas(small_explainer, _written(tmp_path, small_explainer, directions=[direction]))


def test_no_file(small_explainer: Explainer, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="can't be read"):
        with_atlas(small_explainer, tmp_path / "nothing.json")
