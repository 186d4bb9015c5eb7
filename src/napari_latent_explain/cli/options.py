"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_latent_explain.model.downloads import named_bundle

__all__ = ["Device", "Json", "Model", "seed_of"]

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


def seed_of(what: str) -> Any:
    """Return the option for the seed of something: 32 bits, which every generator of random numbers takes."""
    return typer.Option(min=0, max=2**32 - 1, help=f"Seed of {what}.")
