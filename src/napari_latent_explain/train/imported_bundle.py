"""From an imported generator to a whole bundle: an encoder is trained, the classifier is another bundle's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_latent_explain.domain import TrainingError, portion
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.batches import in_batches
from napari_latent_explain.model.bundle import BundleMetadata, read_bundle
from napari_latent_explain.model.explainer import build_generator, load_explainer
from napari_latent_explain.model.importing import read_imported
from napari_latent_explain.train.assembly import assemble_bundle
from napari_latent_explain.train.code_version import code_commit
from napari_latent_explain.train.component_fitting import FEWEST
from napari_latent_explain.train.imported_encoder import EncoderRecipe, train_encoder
from napari_latent_explain.train.photographs import manifest_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["complete_imported"]


def complete_imported(
    imported: Path,
    base: Path,
    train: PhotographSet,
    validation: PhotographSet,
    run: Path,
    recipe: EncoderRecipe,
    *,
    components: int = 16,
    device: str = "auto",
    progress: Progress,
) -> Path:
    """Train what an imported generator lacks and write the bundle.

    Parameters
    ----------
    imported : pathlib.Path
        Folder of an imported generator.
    base : pathlib.Path
        Bundle whose classifier will be explained.
    train, validation : PhotographSet
        Of the generator's resolution. Encoder, statistics and the choice of directions come from the first, evidence and scores
        from the second. Labels, where there are any, only score the classifier.
    run : pathlib.Path
        Folder of the run: ``checkpoint/`` and, in the end, ``bundle/``. A stopped run goes on there.
    recipe : EncoderRecipe
        How the encoder learns.
    components : int
        Independent components of the photographs' styles that are coordinates too; fewer where there are less than eight
        photographs for each.
    device : str
        As `load_explainer` takes it.
    progress : Progress
        Told at every step; may raise `Cancelled`.

    Returns
    -------
    pathlib.Path
        The bundle's folder.

    Raises
    ------
    BundleError
        If the imported generator or the base is damaged.
    TrainingError
        If the classifier gives one answer for all photographs, or the run's folder holds another training.
    """
    told, generator = read_imported(imported)
    explainer = load_explainer(base, device)
    with torch.no_grad():
        x = to_tensor(train.pictures[:64], explainer.device)
        answers = in_batches(explainer.classifier, x).softmax(dim=1)
    if float(answers.std(dim=0, correction=0).max()) < 1e-4:
        msg = f"The classifier of {base} gives the same answer for all these photographs; name photographs that it is for."
        raise TrainingError(msg)
    encoder, history = train_encoder(
        explainer, generator, told.files["models/generator.safetensors"], train, run, recipe,
        progress=portion(progress, 0.0, 0.8),
    )  # fmt: skip
    shape = told.generator.replace(components=min(components, len(train) // FEWEST))
    whole = build_generator(shape)
    # Components are fitted when the encoder's codes are known.
    whole.load_state_dict(whole.state_dict() | generator.state_dict())
    metadata, networks, _, _ = read_bundle(base)
    notes = {
        "imported": told.source.model_dump(mode="json"),
        "base": {"name": metadata.name, "sha256": explainer.identity.sha256},
        "encoder": recipe.model_dump(mode="json") | {"history": history},
        "components": {"asked": components, "fitted": shape.components},
        "photographs": len(train),
        "photographs_sha256": manifest_sha256(train),
        "commit": code_commit(),
    }

    def describe(scores: dict[str, Any]) -> BundleMetadata:
        return BundleMetadata(
            name=told.name, title=f"{metadata.title}, drawn by the imported generator {told.name}",
            classes=metadata.classes, resolution=told.resolution, generator=shape, encoder=encoder.config,
            classifier=metadata.classifier, scores=scores, recipe=notes,
        )  # fmt: skip

    parts = {"generator": whole.state_dict(), "encoder": encoder.state_dict(), "classifier": networks["classifier"]}
    if metadata.foreign:
        parts["perception"] = networks["perception"]
    seed = int(np.random.default_rng(recipe.seed).integers(2**31))
    return assemble_bundle(
        run / "bundle", describe, parts, train, validation, seed, device, portion(progress, 0.8, 1.0)
    )
