"""Images per second and peak memory of a training step, against the StyleGAN2-ADA recipe at the same resolution.

    python benchmarks/train_throughput.py [--resolution 256] [--batch 8] [--rounds 5] [--json]

Both sides train on the same random pictures, with the same batch, device and precision, in one process and in turns; what
counts is the median over the rounds. One image is one photograph of the batch: each side draws several pictures for it.

This project is timed in its first phase (reconstruction), in its last one (with counterfactuals, and a discriminator where the
recipe has one), and as `recipe`: both, each for as many steps as the recipe has of it. The other side is timed at the paper's
size for 256 px (`paper256`), at this project's channel widths (`own_widths`), and at those with a transposed convolution in
place of upsample-then-convolve (`own_widths_transposed`, the hardest to beat). Terms that are due every few steps count by
their share.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from stylegan2_ada_reference import StyleGan2Ada

    from napari_latent_explain.train.config import TrainConfig
    from napari_latent_explain.train.stylex import StylexTrainer

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "referable_dr_256.toml"
PHASES = ("first_phase", "last_phase")
REFERENCES = ("paper256", "own_widths", "own_widths_transposed")


# -- this project -------------------------------------------------------------------------------------------------------


def resized(config: TrainConfig, resolution: int, batch: int, device: str, precision: str) -> TrainConfig:
    """The recipe at another resolution: sides that are tied to it scale along, and so does the encoder's depth."""
    recipe, factor = config.stylex, resolution / config.resolution
    encoder = max(round(recipe.encoder_size * factor), 16)
    deepest = max(len(recipe.encoder_channels) + round(math.log2(factor)), 2)
    changes = {
        "batch": batch,
        "encoder_size": encoder,
        "encoder_channels": recipe.encoder_channels[:deepest],
        "structure_size": max(round(recipe.structure_size * factor), 4) if recipe.structure_size else 0,
        "counterfactuals": min(recipe.counterfactuals, batch),
        "noise_batch": min(recipe.noise_batch, batch),
    }
    update = {
        "resolution": resolution,
        "device": device,
        "precision": precision,
        "stylex": recipe.model_copy(update=changes),
    }
    return config.model_copy(update=update)


def make_trainer(config: TrainConfig, folder: Path) -> StylexTrainer:
    """A trainer on random pictures with an untrained classifier: the cost is that of any others."""
    import torch

    from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
    from napari_latent_explain.train.lesions import KINDS, OutlinedLesions
    from napari_latent_explain.train.photographs import PhotographSet
    from napari_latent_explain.train.stylex import StylexTrainer

    rng = np.random.default_rng(0)
    count, side = 2 * config.stylex.batch, config.resolution * config.stylex.oversampling
    pictures = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    files = tuple(f"{i}.png" for i in range(count))
    data = PhotographSet(files, pictures, np.ones((count, side, side), dtype=bool), np.arange(count) % 2)
    torch.manual_seed(0)
    seen_at = max(32, config.classifier.input_size if config.resolution >= 256 else config.resolution)
    classifier = FundusClassifier(ClassifierConfig(input_size=seen_at)).eval().requires_grad_(False)
    spots = rng.integers(-50, 50, (2, len(KINDS), side, side, 3), dtype=np.int16)
    return StylexTrainer(config, data, classifier, folder, OutlinedLesions(np.array([1, 3]), spots))


def period(config: TrainConfig) -> int:
    """After how many steps the same terms are due again."""
    return math.lcm(config.stylex.classifier_every, config.stylex.latent_every)


def start_of(config: TrainConfig, phase: str) -> int:
    """First step of a phase, a multiple of the period (beyond step 0, where rates warm up)."""
    if phase == PHASES[0]:
        return 0
    starts = (config.stylex.adversarial_from, config.stylex.agreement_from)
    latest = max((start for start in starts if start < config.stylex.steps), default=0)
    return period(config) * math.ceil(latest / period(config))


# -- measuring ----------------------------------------------------------------------------------------------------------


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Wall time of some work, with what it left to do on the device."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def time_ours(trainer: StylexTrainer, phase: str) -> float:
    """Seconds a step of a phase, over one period."""
    trainer.step = start_of(trainer.config, phase)
    steps = period(trainer.config)

    def work() -> None:
        for _ in range(steps):
            trainer.advance()

    return seconds(work, trainer.fabric.device) / steps


def time_reference(model: StyleGan2Ada, real: torch.Tensor) -> float:
    """Seconds a step with the lazy terms by their share."""
    from stylegan2_ada_reference import PATH_EVERY, R1_EVERY

    return (
        seconds(lambda: model.main(real), model.device)
        + seconds(model.regularise_paths, model.device) / PATH_EVERY
        + seconds(lambda: model.regularise_scores(real), model.device) / R1_EVERY
    )


def make_reference(name: str, config: TrainConfig, device: torch.device) -> StyleGan2Ada:
    """The other side at one of its sizes."""
    import torch
    from stylegan2_ada_reference import Sizes, StyleGan2Ada

    recipe, sizes = config.stylex, Sizes(config.resolution)
    if name != "paper256":
        sizes = Sizes(
            config.resolution, recipe.channel_base, recipe.channel_max, recipe.w_dim, mapping_layers=4,
            transposed=name == "own_widths_transposed",
        )  # fmt: skip
    torch.manual_seed(0)
    return StyleGan2Ada(sizes, recipe.batch, device, half=config.precision == "bf16-mixed")


def random_pictures(config: TrainConfig, device: torch.device) -> torch.Tensor:
    """Real pictures for the other side: (batch, 3, R, R) in [-1, 1]."""
    import torch

    generator = torch.Generator().manual_seed(0)
    shape = (config.stylex.batch, 3, config.resolution, config.resolution)
    return (torch.rand(shape, generator=generator) * 2 - 1).to(device)


def peak_megabytes(side: str, config: TrainConfig, folder: Path) -> float:
    """Train one side for the steps that need most memory; return this process's peak (of the device, where there is one)."""
    import torch

    if side in PHASES:
        trainer = make_trainer(config, folder)
        for _ in range(2):  # the first step makes the optimiser's state; all terms are due in both
            trainer.step = start_of(config, side)
            trainer.advance()
        device = trainer.fabric.device
    else:
        device = torch.device(config.device)
        model, real = make_reference(side, config, device), random_pictures(config, device)
        for _ in range(2):
            model.main(real)
            model.regularise_paths()
            model.regularise_scores(real)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return _peak_resident()


def _peak_resident() -> float:
    """Largest resident size of this process in MB.

    On Linux not by getrusage: its figure survives exec, so that a child would report its parent's.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(text for text in status.read_text().splitlines() if text.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure_memory(arguments: argparse.Namespace, side: str) -> float:
    """Peak of one side, in a process of its own."""
    words = [sys.executable, __file__, "--peak-of", side, *_same(arguments)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Measuring the memory of {side} failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def _same(arguments: argparse.Namespace) -> list[str]:
    given = {k: getattr(arguments, k) for k in ("recipe", "resolution", "batch", "device", "precision")}
    return [text for key, value in given.items() if value is not None for text in (f"--{key}", str(value))]


def measure_speed(config: TrainConfig, against: list[str], rounds: int, folder: Path) -> dict[str, float]:
    """Median seconds a step of each side, measured in turns after one round that is not counted."""
    trainer = make_trainer(config, folder)
    device = trainer.fabric.device
    real = random_pictures(config, device)
    models = {name: make_reference(name, config, device) for name in against}
    work: dict[str, Callable[[], float]] = {phase: partial(time_ours, trainer, phase) for phase in PHASES}
    work |= {name: partial(time_reference, model, real) for name, model in models.items()}
    taken: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, once in work.items():
            took = once()
            if turn:
                taken[name].append(took)
            print(f"round {turn}/{rounds} {name}: {took:.3f} s a step", file=sys.stderr)
    return {name: statistics.median(times) for name, times in taken.items()}


# -- saying it ----------------------------------------------------------------------------------------------------------


def summary(config: TrainConfig, took: dict[str, float], against: list[str]) -> dict[str, Any]:
    """Images per second of each side and how many times as fast this project is."""
    batch, steps = config.stylex.batch, config.stylex.steps
    first = min(start_of(config, PHASES[1]), steps)
    whole = (first * took[PHASES[0]] + (steps - first) * took[PHASES[1]]) / steps
    ours = {phase: batch / took[phase] for phase in PHASES} | {"recipe": batch / whole}
    theirs = {name: batch / took[name] for name in against}
    ratio = {name: {phase: speed / other for phase, speed in ours.items()} for name, other in theirs.items()}
    return {"ours_images_per_s": ours, "stylegan2_ada_images_per_s": theirs, "ratio": ratio}


def show(tree: dict[str, Any]) -> None:
    """Print two tables: speed and memory of each side, and how many times as fast this project is."""
    from rich.console import Console
    from rich.table import Table

    title = (
        f"{tree['resolution']} px, batch {tree['batch']}, {tree['precision']}, {tree['device']}, torch {tree['torch']}"
    )
    sides, peaks = Table(title=title), tree["peak_mb"]
    for column in ("", "images/s", "peak MB"):
        sides.add_column(column, justify="right" if column else "left")
    for whose, speeds in (("this project", "ours_images_per_s"), ("StyleGAN2-ADA", "stylegan2_ada_images_per_s")):
        for name, speed in tree[speeds].items():
            peak = f"{peaks[name]:.0f}" if name in peaks else ""
            sides.add_row(f"{whose}, {name}", f"{speed:.3f}", peak)
    times = Table(title="This project is so many times as fast")
    for column in ("as StyleGAN2-ADA,", *tree["ours_images_per_s"]):
        times.add_column(column, justify="left" if column.startswith("as") else "right")
    for name, ratio in tree["ratio"].items():
        times.add_row(name, *(f"{value:.2f}" for value in ratio.values()))
    Console().print(sides, times)


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, default=RECIPE, help="training configuration (default: %(default)s)")
    parser.add_argument("--resolution", type=int, help="side in pixels, a power of two from 32 (default: the recipe's)")
    parser.add_argument("--batch", type=int, help="photographs in a step (default: the recipe's)")
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds, after one that is not (default: 3)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--precision", default="32-true", choices=("32-true", "bf16-mixed"), help="of both sides")
    parser.add_argument(
        "--against", nargs="+", choices=REFERENCES, default=list(REFERENCES), help="the other side's sizes"
    )
    parser.add_argument("--no-memory", action="store_true", help="leave out the processes that measure peak memory")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of a table")
    parser.add_argument("--peak-of", choices=(*PHASES, *REFERENCES), help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main() -> None:
    """Measure and print."""
    arguments = parse()
    warnings.filterwarnings("ignore", module="lightning.*")
    import torch

    from napari_latent_explain.model.device import choose_device
    from napari_latent_explain.train.config import read_config

    torch.backends.cudnn.benchmark = True
    device = choose_device(arguments.device)
    config = read_config(arguments.recipe)
    resolution, batch = arguments.resolution or config.resolution, arguments.batch or config.stylex.batch
    config = resized(config, resolution, batch, device.type, arguments.precision)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.peak_of:
            print(peak_megabytes(arguments.peak_of, config, Path(folder)))
            return
        sides = [] if arguments.no_memory else [*PHASES, *arguments.against]
        peaks = {side: measure_memory(arguments, side) for side in sides}
        took = measure_speed(config, arguments.against, arguments.rounds, Path(folder))
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{device.type}, {torch.get_num_threads()} threads"
    )
    tree = summary(config, took, arguments.against) | {
        "peak_mb": peaks,
        "resolution": resolution,
        "batch": batch,
        "rounds": arguments.rounds,
        "precision": arguments.precision,
        "device": name,
        "torch": torch.__version__,
    }
    if arguments.json:
        print(json.dumps(tree))
    else:
        show(tree)


if __name__ == "__main__":
    main()
