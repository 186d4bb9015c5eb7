"""Measure a bundle and print what came out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from napari_latent_explain.cli.report import message, out, say_left_out, show_progress
from napari_latent_explain.domain import TrainingError, WrongUseError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model import Explainer
    from napari_latent_explain.train.photographs import PhotographSet
    from napari_latent_explain.train.scoreboard import Scoreboard

__all__ = ["print_scoreboard", "run_scoreboard"]


def _photographs(
    explainer: Explainer, data: Path | None, labels: Path | None, split: str, progress: Progress
) -> tuple[PhotographSet, PhotographSet | None]:
    """What to measure on, and what the bundle was trained on where that is at hand."""
    from napari_latent_explain.train.photographs import (
        find_data_folder,
        load_labelled,
        load_photographs,
        split_validation,
    )

    if split not in {"test", "validation"}:
        msg = f"There is no split '{split}'; the splits are test and validation."
        raise WrongUseError(msg)
    size = explainer.resolution
    try:
        folder = find_data_folder(str(data) if data is not None and labels is None else "")
    except TrainingError:
        if labels is None:
            raise
        message("Without the training photographs there is no oracle, no KID and no measure of memorisation.")
        return load_labelled(data if data is not None else labels.parent, labels, size, progress), None
    config = explainer.recipe.get("config", {}).get("data", {})
    share, seed = config.get("validation_share", 0.15), config.get("seed", 0)
    training, validation = split_validation(load_photographs(folder, size, "train", progress), share, seed)
    if labels is not None:
        return load_labelled(data if data is not None else labels.parent, labels, size, progress), training
    return validation if split == "validation" else load_photographs(folder, size, "test", progress), training


def run_scoreboard(
    model: Path | None,
    data: Path | None,
    labels: Path | None,
    split: str,
    output: Path,
    *,
    as_json: bool,
    device: str,
    refinement: int,
    seed: int,
) -> None:
    """Measure, write the grids and ``scoreboard.json`` to `output`, and print a table or the JSON."""
    from napari_latent_explain.export.atomic import write_atomically
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.train.failures import write_failures
    from napari_latent_explain.train.scoreboard import measure_bundle

    explainer = load_explainer(model, device)
    with show_progress("Scoreboard") as progress:
        photographs, training = _photographs(explainer, data, labels, split, progress)
        measured = measure_bundle(explainer, photographs, training, refinement=refinement, seed=seed, progress=progress)
    say_left_out(tuple(dict.fromkeys(photographs.refused + (training.refused if training is not None else ()))))
    written = write_failures(measured, output)
    tree = measured.scoreboard.model_dump(mode="json")
    write_atomically(output / "scoreboard.json", json.dumps(tree, indent=1).encode())
    if as_json:
        out(json.dumps(tree))
    else:
        print_scoreboard(measured.scoreboard)
    message("Look at what it does worst: " + ", ".join(str(path) for path in written))


def print_scoreboard(board: Scoreboard, console: Console | None = None) -> None:
    """Print a table of all measures."""
    table = Table(title=f"{board.n} photographs")
    for heading in ("group", "measure", "value", "95 % interval"):
        table.add_column(heading, justify="left" if heading in {"group", "measure"} else "right")
    tree = board.model_dump()
    groups = {"reconstruction, " + name: values for name, values in tree.pop("reconstruction").items()} | tree
    for group, values in groups.items():
        if not isinstance(values, dict):
            continue
        first = True
        for name, value in values.items():
            if name.endswith("_interval"):
                continue
            interval = values.get(f"{name}_interval")
            table.add_row(
                group if first else "",
                name,
                _shown(value),
                f"{_shown(interval[0])} to {_shown(interval[1])}" if interval else "",
            )
            first = False
        table.add_section()
    (console or Console()).print(table)


def _shown(value: float | str | None) -> str:
    if value is None:
        return "not measured"
    return value[:12] if isinstance(value, str) else f"{value:.4g}"
