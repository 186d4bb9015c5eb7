"""Measure the package's own methods against a yardstick."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cli.discover import pictures_at_a_time, two_parts
from napari_latent_explain.cli.report import out, show_progress
from napari_latent_explain.domain import portion

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "run_discovery_benchmark",
    "run_ground_truth_benchmark",
    "run_overlap_benchmark",
    "run_render_benchmark",
    "run_shortcut_benchmark",
]


def _print(tree: dict[str, Any], *, as_json: bool) -> None:
    """One line of JSON, or a line for each number."""
    if as_json:
        out(json.dumps(tree))
        return
    for key, value in tree.items():
        out(f"{key}: {value:.4g}" if isinstance(value, float) else f"{key}: {value}")


def run_discovery_benchmark(
    *,
    as_json: bool,
    model: Path | None,
    device: str,
    seed: int,
    photographs: int,
    coordinates: int | None,
    data: Path | None,
    folder: Path | None,
    refinement: int,
) -> None:
    """Run fast and exhaustive search on the same photographs (simulated ones without `data`) and print the comparison.

    Two thirds of the photographs are chosen on, a third is held out.
    """
    import numpy as np

    from napari_latent_explain.explain import SearchSettings
    from napari_latent_explain.explain.discovery_benchmark import benchmark_discovery
    from napari_latent_explain.explain.photograph_folder import read_folder
    from napari_latent_explain.explain.simulated_photographs import simulate_both_ways
    from napari_latent_explain.model import load_explainer

    explainer = load_explainer(model, device)
    rng = np.random.default_rng(seed)
    size = explainer.layout.size
    columns = np.sort(rng.permutation(size)[:coordinates])
    settings = SearchSettings.fitted(len(columns), pictures_at_a_time(explainer))
    with show_progress("Benchmark") as progress:
        told = portion(progress, 0.0, 0.05)
        if data is not None:
            crops = read_folder(data, explainer.resolution, limit=photographs, progress=told)
        else:
            crops = simulate_both_ways(explainer, photographs, seed, progress=told)
        parts = two_parts(explainer, crops, 1 / 3, refinement, rng, portion(progress, 0.05, 0.1))
        result = benchmark_discovery(
            explainer, *parts, rng=rng, settings=settings, columns=columns, folder=folder,
            progress=portion(progress, 0.1, 1.0),
        )  # fmt: skip
    _print(result.model_dump(mode="json"), as_json=as_json)


def run_shortcut_benchmark(*, as_json: bool, eyes: int, classifiers: int, seed: int) -> None:
    """Plant camera notches, audit the classifiers, and print what was found."""
    from napari_latent_explain.train.shortcut_benchmark import ShortcutSettings, benchmark_shortcuts

    settings = ShortcutSettings(eyes=eyes, classifiers=classifiers)
    with show_progress("Benchmark") as progress:
        result = benchmark_shortcuts(seed, settings, progress=progress)
    _print(result.model_dump(mode="json"), as_json=as_json)


def run_ground_truth_benchmark(*, as_json: bool, generator: Path, classifiers: int, shortcuts: int, seed: int) -> None:
    """Measure directions, codes and the audit against what was planted, and print what was found."""
    from napari_latent_explain.train.ground_truth import GroundTruthSettings, benchmark_ground_truth
    from napari_latent_explain.train.shortcut_benchmark import ShortcutSettings, benchmark_shortcuts
    from napari_latent_explain.train.simulated_generator import load_simulated_generator

    drawn_by = load_simulated_generator(generator)
    with show_progress("Benchmark") as progress:
        found = benchmark_ground_truth(
            drawn_by, seed, GroundTruthSettings(classifiers=classifiers), progress=portion(progress, 0.0, 0.6)
        )
        planted = benchmark_shortcuts(
            seed, ShortcutSettings(classifiers=shortcuts), progress=portion(progress, 0.6, 1.0)
        )
    tree = found.model_dump(mode="json") | {
        "shortcut_auc": planted.shortcut_auc,
        "shortcut_false_positive_rate": planted.shortcut_false_positive_rate,
        "shortcut_detected": planted.detected,
    }
    _print(tree, as_json=as_json)


def run_overlap_benchmark(
    photographs: list[Path],
    outlines: Path,
    *,
    as_json: bool,
    model: Path | None,
    device: str,
    directions: int,
    seed: int,
) -> None:
    """Print where each of the model's best directions acts: a table, or one JSON list."""
    from rich.console import Console
    from rich.table import Table

    from napari_latent_explain.explain.overlap_benchmark import benchmark_overlap
    from napari_latent_explain.model import load_explainer

    explainer = load_explainer(model, device)
    with show_progress("Benchmark") as progress:
        found = benchmark_overlap(explainer, photographs, outlines, directions=directions, seed=seed, progress=progress)
    if as_json:
        out(json.dumps([one.model_dump(mode="json") for one in found]))
        return
    table = Table(title="How much more changes inside what was outlined (1: no more than elsewhere)")
    kinds = sorted({one.kind for one in found})
    for column in ("direction", *kinds):
        table.add_column(column, justify="right" if column in kinds else "left")
    cells = {
        (one.name, one.kind): "{:.1f} [{:.1f}, {:.1f}]".format(one.enrichment, *one.enrichment_interval)
        for one in found
    }
    for name in dict.fromkeys(one.name for one in found):
        table.add_row(name, *(cells.get((name, kind), "") for kind in kinds))
    numbers = {kind: max(one.n for one in found if one.kind == kind) for kind in kinds}
    table.caption = (
        "photographs: " + ", ".join(f"{kind} {n}" for kind, n in numbers.items()) + "; bootstrap 95 % intervals"
    )
    Console().print(table)


def run_render_benchmark(
    photograph: Path | None, *, as_json: bool, rounds: int, window: bool, model: Path | None, device: str
) -> None:
    """Time a slider's pictures, and the window's event loop while one is dragged, where there is a display."""
    from napari_latent_explain.cli.demo import has_display
    from napari_latent_explain.explain import explain_photograph
    from napari_latent_explain.explain.render_benchmark import benchmark_render
    from napari_latent_explain.fundus import read_photograph
    from napari_latent_explain.fundus.samples import sample_photographs
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.quick_change import accelerated

    explainer = accelerated(load_explainer(model, device))
    if explainer.quick is not None:
        explainer.quick.settle()
    read = read_photograph(photograph if photograph is not None else sample_photographs()[0])
    with show_progress("Benchmark") as progress:
        explanation = explain_photograph(explainer, read, progress=portion(progress, 0.0, 0.5))
        times = benchmark_render(explanation, rounds, portion(progress, 0.5, 1.0))
    if window and has_display():
        from napari_latent_explain._qt.ui_gap import measure_plain_gap, measure_ui_gap

        gap, plain = measure_ui_gap(explanation), measure_plain_gap(times.display)
        times = times.replace(ui_gap_ms_p95=gap, plain_gap_ms_p95=plain)
    _print(times.model_dump(mode="json"), as_json=as_json)
