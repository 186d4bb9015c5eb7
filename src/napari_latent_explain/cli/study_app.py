"""The commands under ``study`` and their options."""

from pathlib import Path
from typing import Annotated

import typer

from napari_latent_explain.cli.options import Device, Json, Model, seed_of

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
    atlas: Annotated[
        Path | None,
        typer.Option(help="Directions from this file, as discover or study summary wrote it.", metavar="FILE"),
    ] = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("the raters' orders")] = 0,
    as_json: Json = False,
) -> None:
    """Make a study: explain photographs and render all pictures ahead; reviewing then needs no model."""
    from napari_latent_explain.cli.study import run_create

    run_create(
        folder, photographs, protocol=protocol, title=title, raters=raters, directions=directions,
        chosen=tuple(direction or ()), target=target, size=size, model=model, atlas=atlas, device=device, seed=seed,
        as_json=as_json,
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


Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Raters' files or folders of them (default: raters/ in the study's folder).", metavar="[FILE]..."
    ),
]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where to write.")]
Seed = Annotated[int, seed_of("the bootstrap intervals")]


@study.command("merge")
def merge(
    folder: Folder, sources: Sources = None, *, output: Output, database: Database = None, as_json: Json = False
) -> None:
    """Check all raters' answers and bring them together in one file; what was merged before is kept."""
    from napari_latent_explain.cli.study_results import run_merge

    run_merge(folder, sources or [], output, database=database, as_json=as_json)


@study.command("summary")
def summary(
    folder: Folder,
    sources: Sources = None,
    *,
    database: Database = None,
    atlas: Annotated[
        Path | None,
        typer.Option(help="Write the study's atlas with what was validated to this file.", metavar="FILE"),
    ] = None,
    model: Model = None,
    made_with: Annotated[
        Path | None,
        typer.Option(
            help="The atlas file that the study was made with, if not with the model's own directions.", metavar="FILE"
        ),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Agreement, what raters did, and what they found of each direction."""
    from napari_latent_explain.cli.study_results import run_summary

    run_summary(
        folder, sources or [], database=database, atlas=atlas, model=model, made_with=made_with, seed=seed,
        as_json=as_json,
    )  # fmt: skip


@study.command("export")
def export(
    folder: Folder,
    sources: Sources = None,
    *,
    output: Output,
    database: Database = None,
    panels: Annotated[
        str, typer.Option(help="Panel of every item: png, tiff, pdf, dicom, sr; with commas; or none.")
    ] = "png",
    style: Annotated[str, typer.Option(help="Of the panels: slide, figure or sheet.")] = "slide",
    parquet: Annotated[bool, typer.Option(help="Also write ratings.parquet.")] = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Write the ratings as tables, the summary, the report, and a panel of every item."""
    from napari_latent_explain.cli.study_results import run_export

    run_export(
        folder, sources or [], output, database=database, panels=panels, style=style, parquet=parquet, seed=seed,
        as_json=as_json,
    )  # fmt: skip
