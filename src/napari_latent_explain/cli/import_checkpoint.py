"""Import a generator that another program trained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

from napari_latent_explain.cli.report import message, out, show_progress
from napari_latent_explain.domain import BundleError, WrongUseError, portion

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_import"]


def run_import(file: Path, output: Path, *, noise: str, as_json: bool) -> None:
    """Read the file without running anything in it, write the generator, and say what it lacks and how to go on."""
    from napari_latent_explain.model.importing import import_generator, write_imported
    from napari_latent_explain.model.importing.checkpoint import NoiseChoice

    choices: tuple[NoiseChoice, ...] = get_args(NoiseChoice)
    chosen = next((choice for choice in choices if choice == noise), None)
    if chosen is None:
        msg = f"--noise takes const or none, not '{noise}'."
        raise WrongUseError(msg)
    if output.exists():
        msg = f"{output} exists already; name a new folder for the imported generator."
        raise BundleError(msg)
    with show_progress("Import") as progress:
        imported = import_generator(file, noise=chosen, progress=portion(progress, 0.0, 0.8))
        progress("Writing", 0.8)
        metadata = write_imported(output, imported)
    command = f"latent-explain train-encoder {output} --output RUN"
    config = metadata.generator
    if as_json:
        tree = metadata.model_dump(mode="json") | {"output": str(output), "next": command}
        out(json.dumps(tree | {"style_coordinates": imported.generator.code_size}))
        return
    out(f"Imported generator: {output}")
    out(
        f"{metadata.source.family}, {metadata.resolution} px, {len(config.mapping_widths)} mapping layers, "
        f"{imported.generator.code_size} style coordinates, {'constant noise maps' if config.noise else 'no noise'}; nothing in "
        f"{file.name} was run."
    )
    message(
        f"It lacks {', '.join(metadata.lacks)}: nothing can be explained with it yet. Train them on your photographs: {command}"
    )
