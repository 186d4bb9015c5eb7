from __future__ import annotations

from pathlib import Path

import pytest

from napari_latent_explain.explain.verification import best_first
from napari_latent_explain.model import load_explainer
from small_model import write_small_bundle


@pytest.mark.parametrize("named", [True, False])
def test_directions_are_named_by_rank_and_by_what_was_taught(tmp_path: Path, named: bool) -> None:
    explainer = load_explainer(write_small_bundle(tmp_path, attributes=2), "cpu")
    generator = explainer.generator
    if named:
        generator.config = generator.config.replace(attribute_names=("fewer exudates", "more haemorrhages"))
    first, second = explainer.atlas.directions[:2]
    weak = first.replace(layer="attributes", channel=1, sign=1, effect_logit=0.5)
    strong = second.replace(layer="attributes", channel=0, sign=-1, effect_logit=1.5)
    other = second.replace(effect_logit=1.0)
    names = [d.name for d in best_first(explainer, (weak, other, strong), 1)]
    towards = f" towards {explainer.classes[1]}"
    taught = [": the reverse of fewer exudates", ": more haemorrhages"] if named else [towards, towards]
    assert names == [f"direction 1{taught[0]}", f"direction 2{towards}", f"direction 3{taught[1]}"]
