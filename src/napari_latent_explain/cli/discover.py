"""Find the directions of a model on photographs without labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cli.report import out, say_left_out, show_progress
from napari_latent_explain.domain import portion

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from napari_latent_explain.domain import DirectionAtlas, Progress
    from napari_latent_explain.explain import ReferenceSet
    from napari_latent_explain.explain.photograph_folder import PhotographCrops
    from napari_latent_explain.model import Explainer

__all__ = ["pictures_at_a_time", "print_atlas", "run_discover", "two_parts"]


def pictures_at_a_time(explainer: Explainer) -> int:
    """Batch that suits the device."""
    from napari_latent_explain.model.batches import pictures_at_once

    return pictures_at_once(explainer.device, explainer.resolution)


def two_parts(
    explainer: Explainer,
    crops: PhotographCrops,
    held_out: float,
    refinement: int,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[ReferenceSet, ReferenceSet]:
    """Encode photographs and split them by the classifier's own decisions; only the held-out codes are refined."""
    from napari_latent_explain.explain import encode_reference
    from napari_latent_explain.explain.reference import split_reference

    pictures, masks = crops.tensors(explainer.device)
    told = portion(progress, 0.0, 0.3)
    everyone = encode_reference(explainer, pictures, masks, names=crops.names, progress=told)
    selection, held = split_reference(everyone, held_out, rng)
    if refinement and len(held):
        held = encode_reference(
            explainer, held.pictures, held.masks, steps=refinement, names=held.names,
            progress=portion(progress, 0.3, 1.0),
        )  # fmt: skip
    return selection, held


def _warnings(atlas: DirectionAtlas) -> list[str]:
    return [
        f"Towards '{atlas.classes[search.target]}': {search.caution}" for search in atlas.searches if search.caution
    ]


def _summary(atlas: DirectionAtlas, crops: PhotographCrops, output: Path) -> dict[str, Any]:
    keys = (
        "id", "name", "effect_logit", "effect_logit_interval", "held_out", "flip_share", "false_discovery_rate", "stability",
        "merged",
    )  # fmt: skip
    return {
        "output": str(output),
        "photographs": len(crops),
        "refused": list(crops.refused),
        "directions": [{key: getattr(d, key) for key in keys} for d in atlas.directions],
        "warnings": _warnings(atlas),
        "searches": [search.model_dump(mode="json") for search in atlas.searches],
        "forwards": dict(atlas.forwards),
    }


def print_atlas(atlas: DirectionAtlas, output: Path) -> None:
    """Print what was found, with what its numbers mean and, where there are few photographs, what they are worth."""
    for search in atlas.searches:
        towards = atlas.towards(search.target)
        rate = search.false_discovery_rate
        out(
            f"Towards '{atlas.classes[search.target]}': {len(towards)} directions; together they change the decision for "
            f"{100 * search.explained:.0f} % of {search.held_out} held-out photographs. Missed: about {search.missed:.0f} of "
            f"{search.screened} moves ({search.missed_interval[0]:.0f} to {search.missed_interval[1]:.0f}); "
            f"false-discovery rate {'not measured' if rate is None else f'{rate:.2f}'}."
        )
        for d in towards:
            low, high = d.effect_logit_interval
            share = "" if d.false_discovery_rate is None else f", false-discovery rate {d.false_discovery_rate:.2f}"
            out(
                f"  {d.id}: log odds {d.effect_logit:+.2f} [{low:+.2f}, {high:+.2f}], n = {d.held_out}, "
                f"flips {100 * d.flip_share:.0f} %{share}"
            )
    if any(search.false_discovery_rate is not None for search in atlas.searches):
        out(
            "False-discovery rate: how many moves of a classifier that has learned nothing are as strong as a direction, over "
            "how many directions are (of a class: as the weakest of them). Near 1, any classifier would give such a list."
        )
    for warning in _warnings(atlas):
        out(warning)
    out(f"Atlas: {output} ({sum(count for _, count in atlas.forwards)} forward passes)")


def run_discover(
    data: Path,
    output: Path,
    *,
    as_json: bool,
    model: Path | None,
    device: str,
    seed: int,
    photographs: int | None,
    held_out: float,
    refinement: int,
) -> None:
    """Read, encode, search, and write the atlas; print a summary or its JSON."""
    import numpy as np

    from napari_latent_explain.explain import SearchSettings, discover
    from napari_latent_explain.explain.photograph_folder import read_folder
    from napari_latent_explain.export.atomic import write_atomically
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.bundle import read_bundle

    explainer = load_explainer(model, device)
    rng = np.random.default_rng(seed)
    with show_progress("Discovery") as progress:
        crops = read_folder(data, explainer.resolution, limit=photographs, progress=portion(progress, 0.0, 0.2))
        parts = two_parts(explainer, crops, held_out, refinement, rng, portion(progress, 0.2, 0.4))
        settings = SearchSettings.fitted(explainer.layout.size, pictures_at_a_time(explainer))
        atlas = discover(explainer, *parts, rng=rng, settings=settings, progress=portion(progress, 0.4, 1.0))
    files = read_bundle(explainer.bundle)[0].files
    atlas = atlas.replace(
        generator_sha256=files["models/generator.safetensors"], classifier_sha256=files["models/classifier.safetensors"]
    )
    write_atomically(output, (atlas.model_dump_json(indent=1) + "\n").encode())
    say_left_out(crops.refused)
    if as_json:
        out(json.dumps(_summary(atlas, crops, output)))
    else:
        print_atlas(atlas, output)
