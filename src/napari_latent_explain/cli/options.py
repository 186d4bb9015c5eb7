"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from napari_latent_explain.model.downloads import named_bundle

__all__ = ["Device", "Json", "Model"]

Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        callback=named_bundle,
        help="Folder of a model bundle, or its name if it was fetched (default: the shipped one).",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
