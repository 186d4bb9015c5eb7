"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Device", "Json", "Model"]

Model = Annotated[Path | None, typer.Option("--model", help="Folder of a model bundle (default: the shipped one).")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
