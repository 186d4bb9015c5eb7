"""The commands and their options."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from napari_latent_explain.cli.archive_app import archive
from napari_latent_explain.cli.benchmark_app import benchmark
from napari_latent_explain.cli.cohort_app import cohort
from napari_latent_explain.cli.options import Device, Json, Model, seed_of
from napari_latent_explain.cli.report import message, out, say_left_out, show_progress
from napari_latent_explain.cli.study_app import study
from napari_latent_explain.domain import REFINEMENT_STEPS, LatentExplainError, WrongUseError

__all__ = ["app", "main"]

STOPPED = 130


class _Commands(TyperGroup):
    """The commands, of which a person may stop each: typer alone ends without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            message("Stopped; what was finished is kept.")
            raise typer.Exit(STOPPED) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ask a retinal image classifier what would have to look different for it to change its mind. "
    "For research; not a medical device.",
)

app.add_typer(archive, name="archive")
app.add_typer(benchmark, name="benchmark")
app.add_typer(cohort, name="cohort")
app.add_typer(study, name="study")


def _say_version(wanted: bool) -> None:
    from napari_latent_explain import __version__

    if wanted:
        out(f"napari-latent-explain {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """Options of no command."""


@app.command()
def explain(
    photographs: Annotated[
        list[Path],
        typer.Argument(help="Files, folders, zip archives, DICOMDIRs or CSV lists (file,label).", metavar="PHOTO..."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    as_json: Json = False,
    target: Annotated[str | None, typer.Option(help="Class to reach (default: the most probable other).")] = None,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
    full_size: Annotated[bool, typer.Option(help="Also write the composite in the whole photograph.")] = True,
    saliency: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD,...",
            help="Also map where the photograph speaks for the target (where, not what would have to be different): "
            "gradcam, occlusion, integrated-gradients.",
        ),
    ] = None,
    probability: Annotated[
        float | None, typer.Option(help="Probability of the target to reach (default: just change the decision).")
    ] = None,
    answers: Annotated[int, typer.Option(min=1, max=10, help="Look for so many different answers.")] = 1,
    checks: Annotated[
        bool, typer.Option(help="Put the answer to controls: random moves, disturbances, reversal.")
    ] = True,
    outlines: Annotated[
        Path | None,
        typer.Option(help="Folder of masks, <photograph>_EX.png and so on: does the answer act where lesions are?"),
    ] = None,
    atlas: Annotated[
        Path | None,
        typer.Option(help="Directions from this file, as discover or study summary wrote it.", metavar="FILE"),
    ] = None,
    strip: Annotated[bool, typer.Option(help="Also draw the way to the answer and back, for moving pictures.")] = False,
    keep_surround: Annotated[
        bool,
        typer.Option(help="Keep what lies outside the field of view (names may be burned in) in the whole photograph."),
    ] = False,
    name_files: Annotated[
        bool, typer.Option(help="Name refused files by their file names, which may hold patients' names.")
    ] = False,
) -> None:
    """Explain photographs: pictures, an annotated panel and a record for each.

    Results are named by the SHA-256 of the photograph's file (sha256sum tells it), never by its name.
    """
    from napari_latent_explain.cli.explain import ExplainOptions, explain_photographs

    raise typer.Exit(
        explain_photographs(
            photographs, output, as_json=as_json, model=model, device=device, target=target, saliency=saliency, atlas=atlas,
            options=ExplainOptions(
                seed=seed, full_size=full_size, probability=probability, answers=answers, checks=checks,
                outlines=outlines, strip=strip, keep_surround=keep_surround, name_files=name_files,
            ),
        )
    )  # fmt: skip


@app.command()
def export(
    records: Annotated[list[Path], typer.Argument(help="Folders that `explain` wrote.", metavar="RECORD_FOLDER...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")],
    style: Annotated[
        str, typer.Option(help="slide, figure (journal, 180 mm) or sheet (all records together).")
    ] = "slide",
    format_: Annotated[
        str, typer.Option("--format", help="png, tiff, pdf, apng, webp, mp4, dicom (panel) or sr (findings).")
    ] = "png",
    as_json: Json = False,
    case: Annotated[str, typer.Option(help="Label of the case (default: from the photograph's hash).")] = "",
    reverse: Annotated[
        Path | None, typer.Option(help="Record of the same photograph towards the other class: both ways in one panel.")
    ] = None,
    findings: Annotated[Path | None, typer.Option(help="JSON file with raters' marks and verdicts.")] = None,
    spacing: Annotated[
        float | None, typer.Option(help="Micrometres per pixel of the photograph: draws a scale bar.")
    ] = None,
    audit_head: Annotated[str, typer.Option(help="Last hash of a study's log, to be printed.")] = "",
    date: Annotated[str, typer.Option(help="Date for DICOM, such as 2026-11-25; sr needs one.")] = "",
    reference: Annotated[
        Path | None, typer.Option(help="The photograph's own DICOM file: exports join its study and name it.")
    ] = None,
    keep_patient: Annotated[
        bool, typer.Option(help="Write the reference's patient instead of the case label.")
    ] = False,
    certificate: Annotated[Path | None, typer.Option(help="PEM chain to sign pictures with (C2PA).")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM private key of the chain's first certificate.")] = None,
) -> None:
    """Export explained photographs as panels, moving pictures or DICOM; no model is needed."""
    from napari_latent_explain.cli.export import ExportOptions, export_records

    options = ExportOptions(
        style=style, format=format_, case=case, reverse=reverse, findings=findings, spacing=spacing,
        audit_head=audit_head, date=date, reference=reference, keep_patient=keep_patient,
        certificate=certificate, key=key,
    )  # fmt: skip
    raise typer.Exit(export_records(records, output, options, as_json=as_json))


@app.command()
def demo(
    photograph: Annotated[Path | None, typer.Argument(help="A fundus photograph (default: one that is found).")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")] = Path("demo_output"),
    window: Annotated[bool, typer.Option(help="Open the napari window where there is a display.")] = True,
) -> None:
    """Do the main job once: in a window, or to files where there is no display."""
    from napari_latent_explain.cli.demo import run_demo

    raise typer.Exit(run_demo(photograph, output, window=window))


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="TOML file, such as recipes/referable_dr_128.toml.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; a stopped run goes on there.")],
    override: Annotated[list[str] | None, typer.Option("--set", help="key=value, e.g. stylex.steps=100.")] = None,
) -> None:
    """Train a model bundle, or go on with a stopped training."""
    from napari_latent_explain.train import train_from_config

    with show_progress("Training") as progress:
        bundle = train_from_config(config, override or [], output, progress=progress, left_out=say_left_out)
    if bundle is not None:
        out(f"Bundle: {bundle}")


@app.command()
def adapt(
    classifier: Annotated[Path, typer.Argument(help="A state dict (.safetensors, .pt), a MONAI bundle, or .onnx.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new bundle.")],
    network: Annotated[
        str | None, typer.Option(help="What a state dict is of, such as monai.networks.nets.DenseNet121.")
    ] = None,
    arguments: Annotated[
        str | None, typer.Option(help="Its arguments as JSON, such as '{\"spatial_dims\": 2}'.")
    ] = None,
    classes: Annotated[str | None, typer.Option(help="Names of the outputs, between commas.")] = None,
    input_size: Annotated[int | None, typer.Option(help="Side in pixels that it takes (default 224).")] = None,
    mean: Annotated[str | None, typer.Option(help="Subtracted from RGB in [0, 1] (default: ImageNet's).")] = None,
    std: Annotated[str | None, typer.Option(help="Divides RGB (default: ImageNet's).")] = None,
    gives: Annotated[str | None, typer.Option(help="logits (default) or probabilities.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of photographs (default: the data folder).")] = None,
    labels: Annotated[Path | None, typer.Option(help="CSV file with the columns file and label (0 or 1).")] = None,
    base: Annotated[
        Path | None, typer.Option(help="Bundle whose generator is used (default: the shipped one).")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the new bundle.")] = "adapted",
    title: Annotated[str | None, typer.Option(help="What it explains, in words.")] = None,
    steps: Annotated[int, typer.Option(min=0, help="Steps in which the attributes learn the classifier.")] = 300,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
    as_json: Json = False,
) -> None:
    """Make your own classifier explainable with the generator of a bundle."""
    from napari_latent_explain.cli.adapt import run_adapt

    run_adapt(
        classifier,
        output,
        base=base,
        network=network,
        arguments=arguments,
        classes=classes,
        input_size=input_size,
        mean=mean,
        std=std,
        gives=gives,
        data=data,
        labels=labels,
        name=name,
        title=title,
        steps=steps,
        device=device,
        seed=seed,
        as_json=as_json,
    )


@app.command("import")
def import_checkpoint(
    file: Annotated[
        Path, typer.Argument(help="A .pkl of stylegan2-ada-pytorch, or a .pt of rosinality's stylegan2-pytorch.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder for the imported generator.")],
    noise: Annotated[
        str, typer.Option(help="const (the noise maps in the file, as its own program draws) or none.")
    ] = "const",
    as_json: Json = False,
) -> None:
    """Import a StyleGAN2 generator that another program trained; nothing in its file is run."""
    from napari_latent_explain.cli.import_checkpoint import run_import

    run_import(file, output, noise=noise, as_json=as_json)


@app.command("train-encoder")
def train_encoder(
    imported: Annotated[Path, typer.Argument(help="Folder of an imported generator.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; a stopped run goes on there.")],
    base: Annotated[
        Path | None, typer.Option(help="Bundle whose classifier is explained (default: the shipped one).")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of photographs (default: the data folder).")] = None,
    labels: Annotated[Path | None, typer.Option(help="CSV file with the columns file and label (0 or 1).")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps in which the encoder learns.")] = 4000,
    batch: Annotated[int, typer.Option(min=1, help="Photographs in each step.")] = 4,
    components: Annotated[
        int, typer.Option(min=0, max=64, help="Independent components of the styles that are directions too, at most.")
    ] = 16,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
    as_json: Json = False,
) -> None:
    """Train the encoder that an imported generator lacks, and write a whole bundle."""
    from napari_latent_explain.cli.train_encoder import run_train_encoder

    run_train_encoder(
        imported,
        output,
        base=base,
        data=data,
        labels=labels,
        steps=steps,
        batch=batch,
        components=components,
        device=device,
        seed=seed,
        as_json=as_json,
    )


@app.command()
def scoreboard(
    data: Annotated[Path | None, typer.Option(help="Folder of photographs (default: the data folder).")] = None,
    labels: Annotated[Path | None, typer.Option(help="CSV file with the columns file and label (0 or 1).")] = None,
    split: Annotated[str, typer.Option(help="test or validation, of the data folder.")] = "test",
    as_json: Json = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for grids of the worst cases.")] = Path(
        "scoreboard"
    ),
    refinement: Annotated[int, typer.Option(min=1, help="Adam steps of each inversion.")] = REFINEMENT_STEPS,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("bootstrap and cross-validation")] = 0,
) -> None:
    """Measure a model on photographs that it never saw."""
    from napari_latent_explain.cli.scoreboard import run_scoreboard

    run_scoreboard(
        model,
        data,
        labels,
        split,
        output,
        as_json=as_json,
        device=device,
        refinement=refinement,
        seed=seed,
    )


@app.command()
def discover(
    data: Annotated[Path, typer.Argument(help="Folder of photographs, perhaps with a manifest.csv; no labels needed.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File for the direction atlas (JSON).")],
    as_json: Json = False,
    photographs: Annotated[int | None, typer.Option(min=2, help="Photographs at most (default: all).")] = None,
    held_out: Annotated[float, typer.Option(min=0.1, max=0.9, help="Share that directions are measured on.")] = 0.4,
    refinement: Annotated[int, typer.Option(min=0, help="Adam steps of each held-out inversion.")] = 20,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("everything random")] = 0,
) -> None:
    """Find what changes the classifier's mind, with the evidence for each direction."""
    from napari_latent_explain.cli.discover import run_discover

    run_discover(
        data,
        output,
        as_json=as_json,
        model=model,
        device=device,
        seed=seed,
        photographs=photographs,
        held_out=held_out,
        refinement=refinement,
    )


@app.command()
def audit(
    data: Annotated[Path, typer.Argument(help="Folder of photographs, perhaps with a manifest.csv; no labels needed.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the page and its numbers.")],
    as_json: Json = False,
    target: Annotated[str | None, typer.Option(help="Class whose log odds are followed (default: the last).")] = None,
    photographs: Annotated[int | None, typer.Option(min=8, help="Photographs at most (default: all).")] = None,
    counterfactuals: Annotated[
        bool, typer.Option(help="Compare subgroups by their counterfactuals too: about a second a photograph.")
    ] = True,
    model: Model = None,
    device: Device = "auto",
    seed: Annotated[int, seed_of("the bootstrap")] = 0,
) -> None:
    """See whether the classifier uses what it should not: camera, field shape, light, pigmentation, side, quality."""
    from napari_latent_explain.cli.audit import run_audit

    run_audit(
        data,
        output,
        as_json=as_json,
        model=model,
        device=device,
        target=target,
        photographs=photographs,
        counterfactuals=counterfactuals,
        seed=seed,
    )


@app.command()
def fetch(
    name: Annotated[str | None, typer.Argument(help="Which model (without it: a list).")] = None, as_json: Json = False
) -> None:
    """Download a larger model than the one that ships with the package, once."""
    from napari_latent_explain.cli.fetch import run_fetch

    run_fetch(name, as_json=as_json)


@app.command()
def info(model: Model = None, as_json: Json = False) -> None:
    """Say what the model is, how it scored, and what this machine has."""
    from napari_latent_explain import __version__
    from napari_latent_explain.model import available_devices, load_explainer

    explainer = load_explainer(model, "cpu")
    tree = {
        "name": explainer.identity.name,
        "title": explainer.title,
        "sha256": explainer.identity.sha256,
        "resolution": explainer.resolution,
        "classes": list(explainer.classes),
        "style_coordinates": explainer.layout.size,
        "directions": len(explainer.atlas.directions),
        "scores": explainer.scores,
        "devices": list(available_devices()),
        "version": __version__,
    }
    if as_json:
        out(json.dumps(tree))
        return
    for key, value in tree.items():
        out(f"{key}: {json.dumps(value) if isinstance(value, dict) else value}")
    out("For research; not a medical device.")


def main() -> None:
    """Run the command; every foreseen error is one sentence."""
    try:
        app()
    except WrongUseError as error:
        message(str(error))
        sys.exit(2)
    except LatentExplainError as error:
        message(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        message("Stopped; what was finished is kept.")
        sys.exit(STOPPED)
    except OSError as error:
        message(f"{error.filename or 'A file'}: {error.strerror or error}.")
        sys.exit(2)


if __name__ == "__main__":
    main()
