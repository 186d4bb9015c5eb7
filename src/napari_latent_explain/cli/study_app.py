"""The commands under ``study`` and their options."""

from pathlib import Path
from typing import Annotated

import typer

from napari_latent_explain.cli.options import Device, Json, Model

__all__ = ["study"]

study = typer.Typer(
    no_args_is_help=True, help="Reading studies: make one, review it, and see what raters agree on. For research."
)

Folder = Annotated[Path, typer.Argument(help="Folder of the study.", metavar="STUDY")]
Database = Annotated[
    str | None,
    typer.Option(help="Keep or take answers in a site's database: postgresql+pg8000://user@host/name.", metavar="URL"),
]


@study.command("create")
def create(
    folder: Annotated[Path, typer.Argument(help="Folder of the new study.", metavar="STUDY")],
    photographs: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them.", metavar="PHOTO...")],
    protocol: Annotated[
        str, typer.Option(help="attribute-review, realism-2afc, identity, free-review, or a JSON file of your own.")
    ] = "attribute-review",
    title: Annotated[str, typer.Option(help="What raters read above the trials.")] = "",
    raters: Annotated[str, typer.Option(help="Pseudonyms, with commas; anyone may take part if empty.")] = "",
    directions: Annotated[int, typer.Option(min=1, help="Directions a photograph, the strongest first.")] = 5,
    direction: Annotated[
        list[str] | None, typer.Option(help="Show this direction (its id); may be given more than once.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Class to ask for (default: each photograph's other one).")] = None,
    size: Annotated[int, typer.Option(min=128, max=4096, help="Largest side of the pictures in pixels.")] = 1024,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the raters' orders.")] = 0,
    as_json: Json = False,
) -> None:
    """Make a study: explain photographs and render all pictures ahead; reviewing then needs no model."""
    from napari_latent_explain.cli.study import run_create

    run_create(
        folder, photographs, protocol=protocol, title=title, raters=raters, directions=directions,
        chosen=tuple(direction or ()), target=target, size=size, model=model, device=device, seed=seed, as_json=as_json,
    )  # fmt: skip


@study.command("review")
def review(
    folder: Folder,
    rater: Annotated[str, typer.Option(help="Your pseudonym: letters, digits, - and _.")],
    database: Database = None,
) -> None:
    """Judge the trials in a window; it goes on where it was left."""
    from napari_latent_explain.cli.study import run_review

    run_review(folder, rater, database)
