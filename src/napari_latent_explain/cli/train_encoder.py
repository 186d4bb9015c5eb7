"""Train what an imported generator lacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from napari_latent_explain.cli.adapt import own_photographs
from napari_latent_explain.cli.report import message, out, say_left_out, show_progress
from napari_latent_explain.domain import portion

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_train_encoder"]


def run_train_encoder(
    imported: Path,
    output: Path,
    *,
    base: Path | None,
    data: Path | None,
    labels: Path | None,
    steps: int,
    batch: int,
    components: int,
    device: str,
    seed: int,
    as_json: bool,
) -> None:
    """Read the photographs, train the encoder, write the bundle; print its folder and scores."""
    from napari_latent_explain.model import default_bundle, load_explainer
    from napari_latent_explain.model.importing import read_imported
    from napari_latent_explain.train.imported_bundle import complete_imported
    from napari_latent_explain.train.imported_encoder import EncoderRecipe

    resolution = read_imported(imported)[0].resolution
    recipe = EncoderRecipe(steps=steps, batch=batch, seed=seed)
    with show_progress("Training") as progress:
        train, validation = own_photographs(
            data, labels, resolution, seed, portion(progress, 0.0, 0.05), same_question=base is None
        )
        bundle = complete_imported(
            imported, base if base is not None else default_bundle(), train, validation, output, recipe,
            components=components, device=device, progress=portion(progress, 0.05, 1.0),
        )  # fmt: skip
    say_left_out(train.refused)
    explainer = load_explainer(bundle, "cpu")
    if as_json:
        atlas = [d.model_dump(mode="json") for d in explainer.atlas.directions]
        out(json.dumps({"bundle": str(bundle), "scores": explainer.scores, "directions": atlas}))
        return
    out(f"Bundle: {bundle}")
    scores = explainer.scores["validation"]
    out(
        f"{len(validation)} photographs that were not trained on: reconstructed at "
        f"{scores['reconstruction']['psnr_db_refined']:.1f} dB in the field of view, decision kept in "
        f"{100 * scores['agreement']['decision']:.0f} %, {len(explainer.atlas.directions)} directions"
    )
    message(f"Explain with it: latent-explain explain PHOTO --model {bundle} --output results")
