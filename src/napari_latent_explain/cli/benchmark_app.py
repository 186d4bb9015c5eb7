"""The commands under ``benchmark`` and their options."""

from pathlib import Path
from typing import Annotated

import typer

from napari_latent_explain.cli.options import Device, Json, Model, seed_of

__all__ = ["benchmark"]

benchmark = typer.Typer(no_args_is_help=True, help="Measure this package's methods against a yardstick.")


@benchmark.command("shortcuts")
def benchmark_shortcuts(
    as_json: Json = False,
    eyes: Annotated[int, typer.Option(min=60, help="Simulated eyes.")] = 600,
    classifiers: Annotated[int, typer.Option(min=2, help="Classifiers for each correlation.")] = 20,
    seed: Annotated[int, seed_of("everything random")] = 0,
) -> None:
    """See whether the audit tells classifiers with a planted shortcut, a camera notch, from innocent ones."""
    from napari_latent_explain.cli.benchmark import run_shortcut_benchmark

    run_shortcut_benchmark(as_json=as_json, eyes=eyes, classifiers=classifiers, seed=seed)


@benchmark.command("ground-truth")
def benchmark_ground_truth(
    as_json: Json = False,
    generator: Annotated[
        Path, typer.Option(help="Folder of the small generator of simulated eyes (make ground-truth-generator).")
    ] = Path("benchmarks/ground_truth"),
    classifiers: Annotated[int, typer.Option(min=1, help="Classifiers with planted causes.")] = 8,
    shortcuts: Annotated[
        int, typer.Option(min=2, help="Classifiers for each correlation of a planted camera notch.")
    ] = 20,
    seed: Annotated[int, seed_of("everything random")] = 0,
) -> None:
    """See whether directions, codes and the audit find what was planted in simulated eyes."""
    from napari_latent_explain.cli.benchmark import run_ground_truth_benchmark

    run_ground_truth_benchmark(
        as_json=as_json, generator=generator, classifiers=classifiers, shortcuts=shortcuts, seed=seed
    )


@benchmark.command("discovery")
def benchmark_discovery(
    as_json: Json = False,
    photographs: Annotated[
        int, typer.Option(min=6, help="Photographs: two thirds to choose on, a third held out.")
    ] = 96,
    coordinates: Annotated[int | None, typer.Option(min=2, help="Random style coordinates (default: all).")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of photographs (default: simulated eyes).")] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="The exhaustive search keeps its table here; stopped, it goes on with as many threads."),
    ] = None,
    refinement: Annotated[int, typer.Option(min=0, help="Adam steps of each held-out inversion.")] = 0,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
) -> None:
    """Compare the fast discovery with the exhaustive search (AttFind) on the same model and photographs."""
    from napari_latent_explain.cli.benchmark import run_discovery_benchmark

    run_discovery_benchmark(
        as_json=as_json,
        model=model,
        device=device,
        seed=seed,
        photographs=photographs,
        coordinates=coordinates,
        data=data,
        folder=folder,
        refinement=refinement,
    )


@benchmark.command("outlines")
def benchmark_outlines(
    photographs: Annotated[list[Path], typer.Argument(help="Photographs that were outlined.", metavar="PHOTO...")],
    outlines: Annotated[Path, typer.Option(help="Folder of masks, <photograph>_EX.png and so on.")],
    as_json: Json = False,
    directions: Annotated[int, typer.Option(min=1, help="Directions towards each class, best first.")] = 3,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("the bootstrap")] = 0,
) -> None:
    """See whether the model's directions act where experts outlined lesions."""
    from napari_latent_explain.cli.benchmark import run_overlap_benchmark

    run_overlap_benchmark(
        photographs, outlines, as_json=as_json, model=model, device=device, directions=directions, seed=seed
    )


@benchmark.command("render")
def benchmark_render(
    photograph: Annotated[Path | None, typer.Argument(help="A photograph (default: a simulated eye).")] = None,
    as_json: Json = False,
    rounds: Annotated[int, typer.Option(min=5, help="Pictures of each kind.")] = 40,
    window: Annotated[
        bool, typer.Option(help="Also drag a slider in a napari window, where there is a display.")
    ] = True,
    model: Model = None,
    device: Device = "auto",
) -> None:
    """Time a slider's pictures beside the generator as it was published."""
    from napari_latent_explain.cli.benchmark import run_render_benchmark

    run_render_benchmark(photograph, as_json=as_json, rounds=rounds, window=window, model=model, device=device)
