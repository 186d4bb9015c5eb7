"""Make somebody else's classifier explainable with the generator of a bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_latent_explain.cli.report import message, out, say_left_out, show_progress
from napari_latent_explain.domain import WrongUseError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["own_photographs", "run_adapt"]


def _three(text: str | None, option: str) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in {1, 3}:
        msg = f"{option} takes three numbers between commas (red, green, blue), not '{text}'."
        raise WrongUseError(msg)
    return numbers * (3 // len(numbers))


def _arguments(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        msg = f"--arguments is not JSON ({error}); write for example '{{\"spatial_dims\": 2}}'."
        raise WrongUseError(msg) from error
    if not isinstance(tree, dict):
        msg = "--arguments takes a JSON object of keyword arguments."
        raise WrongUseError(msg)
    return tree


def own_photographs(
    data: Path | None,
    labels: Path | None,
    resolution: int,
    seed: int,
    progress: Progress,
    *,
    same_question: bool = False,
) -> tuple[PhotographSet, PhotographSet]:
    """Photographs to train with, and those to measure on; the data folder's labels stay if they ask the `same_question`."""
    from dataclasses import replace

    from napari_latent_explain.train.photographs import (
        find_data_folder,
        load_labelled,
        load_photographs,
        split_validation,
    )

    if labels is not None:
        folder = data if data is not None else labels.parent
        return split_validation(load_labelled(folder, labels, resolution, progress), 0.15, seed)
    found = load_photographs(find_data_folder(str(data or "")), resolution, "train", progress)
    train, validation = split_validation(found, 0.15, seed)
    if same_question:
        return train, validation
    # The labels of the folder are of its own question, not of this classifier's.
    nothing = [replace(part, labels=np.full(len(part), -1, np.int64)) for part in (train, validation)]
    return nothing[0], nothing[1]


def run_adapt(
    classifier: Path,
    output: Path,
    *,
    base: Path | None,
    network: str | None,
    arguments: str | None,
    classes: str | None,
    input_size: int | None,
    mean: str | None,
    std: str | None,
    gives: str | None,
    data: Path | None,
    labels: Path | None,
    name: str,
    title: str | None,
    steps: int,
    device: str,
    seed: int,
    as_json: bool,
) -> None:
    """Open the classifier, teach the attributes, and write the bundle; print its folder and scores."""
    from napari_latent_explain.model import default_bundle, load_explainer
    from napari_latent_explain.model.foreign_files import open_foreign_classifier
    from napari_latent_explain.train.adapt import AdaptRecipe, adapt_bundle

    told = {
        "target": network,
        "arguments": _arguments(arguments),
        "classes": tuple(part.strip() for part in classes.split(",")) if classes else None,
        "input_size": input_size,
        "mean": _three(mean, "--mean"),
        "std": _three(std, "--std"),
        "output": gives,
    }
    opened = open_foreign_classifier(classifier, told)
    folder = base if base is not None else default_bundle()
    recipe = AdaptRecipe(name=name, title=title or name, steps=steps, seed=seed)
    with show_progress("Adapting") as progress:
        train, validation = own_photographs(data, labels, load_explainer(folder, "cpu").resolution, seed, progress)
        bundle = adapt_bundle(
            folder,
            opened,
            classifier,
            train,
            validation,
            output,
            recipe,
            device=device,
            progress=progress,
        )
    say_left_out(train.refused)
    explainer = load_explainer(bundle, "cpu")
    if as_json:
        atlas = [d.model_dump(mode="json") for d in explainer.atlas.directions]
        out(json.dumps({"bundle": str(bundle), "scores": explainer.scores, "directions": atlas}))
        return
    out(f"Bundle: {bundle}")
    for direction in explainer.atlas.directions:
        low, high = direction.effect_logit_interval
        towards = explainer.classes[direction.target]
        out(f"{direction.id} towards {towards}: {direction.effect_logit:.2f} log odds [{low:.2f}, {high:.2f}]")
    if not explainer.atlas.directions:
        message("No direction moved this classifier on photographs that the search never saw.")
    message(f"Explain with it: latent-explain explain PHOTO --model {bundle} --output results")
