from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import napari_latent_explain
from napari_latent_explain.domain import ActivityMap, DirectionAtlas, ExamplePair, OffTargetEffects, TargetSearch


def test_a_map_is_kept_in_256_levels() -> None:
    values = np.random.default_rng(0).random((32, 32)) * 0.3
    stored = ActivityMap.of(values)
    assert np.abs(stored.values() - values).max() <= stored.peak / 255 / 2 + 1e-12
    assert len(stored.model_dump_json()) < 1500
    assert ActivityMap.of(np.zeros((4, 4))).values().tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize("cells", ["not base64!", "AAAA"])
def test_a_damaged_map_is_refused(cells: str) -> None:
    with pytest.raises(ValidationError, match="activity map"):
        ActivityMap(side=2, peak=1.0, cells=cells)


def test_atlases_of_before_still_load_and_all_evidence_survives_a_file() -> None:
    bundle = Path(napari_latent_explain.__file__).parent / "bundles" / "referable_dr"
    text = (bundle / "configs" / "directions.json").read_text()
    tree = json.loads(text)
    for name in ("searches", "forwards"):
        tree.pop(name, None)
    tree["directions"] = [
        {
            key: value
            for key, value in d.items()
            if key not in {"where", "off_target", "examples", "merged", "stability"}
        }
        for d in tree["directions"]
    ]
    atlas = DirectionAtlas.model_validate_json(json.dumps(tree))
    assert atlas.directions
    assert atlas.directions[0].where is None
    full = atlas.directions[0].replace(
        where=ActivityMap.of(np.eye(8)),
        off_target=OffTargetEffects(margins=(("x", -1.0),), brightness=0.1),
        examples=(ExamplePair(photograph="eye.png", before=0.1, after=0.9),),
        stability=0.9,
        false_discovery_rate=0.25,
    )
    search = TargetSearch(target=1, selection=10, held_out=5, screened=20, tested=8, false_discovery_rate=0.25)
    whole = atlas.replace(directions=(full,), searches=(search,), forwards=(("halving", 12),))
    assert DirectionAtlas.model_validate_json(whole.model_dump_json()) == whole


def test_intervals_from_few_photographs_come_with_a_caution() -> None:
    search = TargetSearch(target=1, selection=10, held_out=10, screened=20, tested=8)
    assert search.caution == ""
    few = search.replace(held_out=2).caution
    assert few.startswith("Only 2 held-out photographs")
    assert "\n" not in few
    assert "caution" not in search.model_dump()  # older programs refuse what they don't know
