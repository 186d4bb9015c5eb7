"""From networks to a bundle: statistics, directions, scores, model card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_latent_explain.domain import DirectionAtlas
from napari_latent_explain.explain.discovery import find_directions
from napari_latent_explain.explain.reference import encode_reference
from napari_latent_explain.latent import mask_tensor, to_tensor
from napari_latent_explain.model.batches import in_batches
from napari_latent_explain.model.bundle import BundleMetadata, read_bundle, write_bundle
from napari_latent_explain.model.encoder import opinion
from napari_latent_explain.model.explainer import Explainer, StyleStatistics, build_generator, load_explainer
from napari_latent_explain.train.card import model_card
from napari_latent_explain.train.component_fitting import fit_components
from napari_latent_explain.train.control_fitting import fit_control_heads
from napari_latent_explain.train.oracle import fit_oracle
from napari_latent_explain.train.scores import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor

    from napari_latent_explain.domain import Progress, StyleDirection
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["assemble_bundle"]

REFINEMENT = 20


def _tensors(photographs: PhotographSet, device: torch.device) -> tuple[Tensor, Tensor]:
    return to_tensor(photographs.pictures, device), mask_tensor(photographs.masks, device)


def assemble_bundle(
    folder: Path,
    metadata: Callable[[dict[str, Any]], BundleMetadata],
    networks: dict[str, dict[str, Tensor]],
    train: PhotographSet,
    validation: PhotographSet,
    seed: int,
    device: str,
    progress: Progress,
) -> Path:
    """Measure networks, search directions, and write a bundle.

    Statistics and the choice of directions come from the training part, evidence and scores from the validation part. The
    rounded weights are written first, and all is measured with what a user will load.

    Parameters
    ----------
    folder : pathlib.Path
        Of the bundle.
    metadata : callable
        What the bundle says of itself, given its scores.
    networks : dict
        Their states by name, without the statistics.
    train, validation : PhotographSet
        Of the model's resolution. Scores of the classifier need labels of both classes in the validation part.
    seed : int
        Of the choice of photographs and the bootstrap.
    device : str
        As `load_explainer` takes it.
    progress : Progress
        Told at every step; may raise `Cancelled`.
    """
    size = build_generator(metadata({}).generator).code_size
    blank = torch.ones(size)
    atlas, empty = DirectionAtlas(), StyleStatistics(0 * blank, blank, -blank, blank)
    write_bundle(folder, metadata({}), networks | {"statistics": empty.tensors()}, atlas, "")
    explainer = load_explainer(folder, device)
    x = to_tensor(train.pictures, explainer.device)
    with torch.no_grad():
        codes = in_batches(explainer.encode, x)
        moves = in_batches(lambda part: _attribute_moves(explainer, part), x)
    if fitted := _fitted_components(explainer, codes, seed):
        networks = networks | {"generator": fitted}
        codes = explainer.generator.settled(codes)
    statistics = _with_attributes(StyleStatistics.of(codes), explainer, moves)
    networks = networks | {"statistics": statistics.tensors()}
    controls = fit_control_heads(explainer, x, train.labels, np.random.default_rng(seed))
    if controls is not None:
        networks["controls"] = controls.tensors()
    if set(train.labels[train.labels >= 0].tolist()) == {0, 1}:
        networks["second_opinion"] = fit_oracle(train, progress).state_dict()
    write_bundle(folder, metadata({}), networks, atlas, "")
    files = read_bundle(folder)[0].files
    explainer = load_explainer(folder, device)
    atlas, scores = _measure(explainer, files, train, validation, seed, progress)
    written = metadata(scores)
    card = model_card(written, atlas)
    write_bundle(folder, written, networks, atlas, card)
    read_bundle(folder)
    return folder


def _fitted_components(explainer: Explainer, codes: Tensor, seed: int) -> dict[str, Tensor]:
    """The state of the generator with components fitted to the photographs' codes; nothing if it has none or has them fitted.

    They change no picture, and are put in the explainer's generator too.
    """
    generator = explainer.generator
    if not generator.config.components or generator.components.fitted:
        return {}
    state = fit_components(codes[:, : generator.styles_count], generator.config.components, seed)
    generator.components.load_state_dict(state)
    return generator.state_dict()


def _attribute_moves(explainer: Explainer, x: Tensor) -> Tensor:
    """Attributes (N, K) of the photographs' counterfactuals: each other class in turn, at a probability of 0.97."""
    probabilities = explainer.classifier.probabilities(x)
    own, _ = explainer.encoder.describe(x)
    classes, found = len(explainer.classes), []
    for step in range(1, classes):
        wanted = torch.full_like(probabilities, 0.03 / max(1, classes - 1))
        wanted.scatter_(1, (probabilities.argmax(dim=1, keepdim=True) + step) % classes, 0.97)
        found.append(explainer.encoder.attributes(own, opinion(wanted) - opinion(probabilities)))
    return torch.cat(found)


def _with_attributes(statistics: StyleStatistics, explainer: Explainer, moves: Tensor) -> StyleStatistics:
    """The statistics with those of the attributes replaced.

    They are 0 in photographs. Those that pictures taught range over what they were taught, the others over what the
    photographs' counterfactuals ask.
    """
    count = moves.shape[1]
    if not count:
        return statistics
    columns = slice(explainer.layout.size - count, explainer.layout.size)
    told = explainer.encoder.config
    names = explainer.generator.config.attribute_names or ("",) * count
    pictures = [told.taught_range > 0 and (bool(name) or not any(names)) for name in names]
    by_pictures = torch.tensor(pictures, device=moves.device)
    taught = {"mean": 0.0, "spread": told.taught_range / 2, "low": told.taught_from, "high": told.taught_range}
    asked, replaced = StyleStatistics.of(moves).tensors(), statistics.tensors()
    for name, value in replaced.items():
        replaced[name] = value.clone()
        free = 0 * asked[name] if name == "mean" else asked[name]
        replaced[name][columns] = torch.where(by_pictures, torch.full_like(free, taught[name]), free)
    replaced["low"][columns].clamp_(max=0)
    replaced["high"][columns].clamp_(min=0)
    return StyleStatistics(**replaced)


def _measure(
    explainer: Explainer,
    files: Mapping[str, str],
    train: PhotographSet,
    validation: PhotographSet,
    seed: int,
    progress: Progress,
) -> tuple[DirectionAtlas, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    graded = np.flatnonzero(train.labels >= 0) if (train.labels >= 0).any() else np.arange(len(train))
    chosen = train.take(np.sort(rng.permutation(graded)[:96]))
    selection = encode_reference(explainer, *_tensors(chosen, explainer.device), progress=progress)
    held_out = encode_reference(explainer, *_tensors(validation, explainer.device), steps=REFINEMENT, progress=progress)
    directions: list[StyleDirection] = []
    for target in range(len(explainer.classes)):
        directions += find_directions(explainer, selection, held_out, target, rng=rng, progress=progress)
    atlas = DirectionAtlas(
        generator_sha256=files["models/generator.safetensors"], classifier_sha256=files["models/classifier.safetensors"],
        classes=explainer.classes,
        directions=tuple(directions), searched=2 * explainer.layout.size,
    )  # fmt: skip
    scores = {"validation": measure(explainer, held_out, validation.labels)}
    return atlas, scores
