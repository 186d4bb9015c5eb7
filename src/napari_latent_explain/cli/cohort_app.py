"""The commands under ``cohort`` and their options."""

from pathlib import Path
from typing import Annotated

import typer

from napari_latent_explain.cli.options import Device, Json, Model, seed_of
from napari_latent_explain.domain import REFINEMENT_STEPS

__all__ = ["cohort"]

cohort = typer.Typer(
    no_args_is_help=True,
    help="Many photographs at once, on all processors or a cluster; a stopped run goes on where it was. For research.",
)

Data = Annotated[
    Path,
    typer.Argument(help="Folder, zip archive, DICOMDIR, or CSV file with the columns file and label.", metavar="DATA"),
]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of the store.", metavar="STORE")]
Store = Annotated[Path, typer.Argument(help="Folder of the store.", metavar="STORE")]
Processes = Annotated[
    int | None,
    typer.Option(
        min=0, help="Worker processes of one thread each (default: one a processor); 0: none, and no Dask.", show_default=False
    ),
]  # fmt: skip
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Use the workers of this Dask scheduler instead, such as tcp://127.0.0.1:8786; they must see the data and the "
        "model under the same paths.",
        metavar="ADDRESS",
    ),
]
Retry = Annotated[bool, typer.Option(help="Try photographs again that failed (not those that were refused).")]


@cohort.command("invert")
def invert(
    data: Data,
    output: Output,
    processes: Processes = None,
    scheduler: Scheduler = None,
    steps: Annotated[int, typer.Option(min=0, help="Adam steps of each inversion.")] = REFINEMENT_STEPS,
    retry: Retry = False,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
    as_json: Json = False,
) -> None:
    """Find the style code of every photograph, and how far the classifier agrees about its reconstruction."""
    from napari_latent_explain.cli.cohort import CohortOptions, run_cohort_stage

    options = CohortOptions(
        processes=processes, scheduler=scheduler, retry=retry, model=model, device=device, seed=seed
    )
    raise typer.Exit(run_cohort_stage("invert", data, output, options, as_json=as_json, steps=steps))


@cohort.command("counterfactual")
def counterfactual(
    data: Data,
    output: Output,
    processes: Processes = None,
    scheduler: Scheduler = None,
    target: Annotated[
        str | None,
        typer.Option(help="Class to reach, of those decided otherwise (default: each one's most probable other)."),
    ] = None,
    atlas: Annotated[
        Path | None,
        typer.Option(help="Directions from this file, as discover wrote it (default: the model's).", metavar="FILE"),
    ] = None,
    checks: Annotated[bool, typer.Option(help="Put each answer to controls: takes several times as long.")] = False,
    pictures: Annotated[bool, typer.Option(help="Also keep a picture of each photograph beside its answer.")] = False,
    retry: Retry = False,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
    as_json: Json = False,
) -> None:
    """Search for the smallest change of every inverted photograph that changes the decision."""
    from napari_latent_explain.cli.cohort import CohortOptions, run_cohort_stage

    options = CohortOptions(
        processes=processes, scheduler=scheduler, retry=retry, model=model, device=device, seed=seed
    )
    raise typer.Exit(
        run_cohort_stage(
            "counterfactual", data, output, options, as_json=as_json, target=target or "", atlas=atlas, checks=checks,
            pictures=pictures,
        )
    )  # fmt: skip


@cohort.command("discover")
def discover(
    data: Data,
    output: Output,
    atlas: Annotated[
        Path | None,
        typer.Option(help="File for the direction atlas (default: atlas.json in the store).", metavar="FILE"),
    ] = None,
    photographs: Annotated[
        int, typer.Option(min=2, help="Photographs that are drawn, equally many of each decision.")
    ] = 250,
    held_out: Annotated[float, typer.Option(min=0.1, max=0.9, help="Share that directions are measured on.")] = 0.4,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
    as_json: Json = False,
) -> None:
    """Find what changes the classifier's mind, on a sample of the inverted photographs; only those are read again."""
    from napari_latent_explain.cli.cohort import run_cohort_discover

    run_cohort_discover(
        data, output, atlas, photographs=photographs, held_out=held_out, model=model, device=device, seed=seed,
        as_json=as_json,
    )  # fmt: skip


@cohort.command("summary")
def summary(store: Store, as_json: Json = False) -> None:
    """Agreement of reconstructions, flip rates and refusals, of all and by label."""
    from napari_latent_explain.cli.cohort_results import run_cohort_summary

    run_cohort_summary(store, as_json=as_json)


@cohort.command("failures")
def failures(
    store: Store,
    name_files: Annotated[
        bool, typer.Option(help="Name files by their path in the data, which may hold patients' names.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the photographs that are not done, and why."""
    from napari_latent_explain.cli.cohort_results import run_cohort_failures

    run_cohort_failures(store, name_files=name_files, as_json=as_json)
