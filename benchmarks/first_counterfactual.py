"""How long a person waits for the first counterfactual of a sample: `python benchmarks/first_counterfactual.py [--json]`.

In a process of its own, in which napari and torch were imported and nothing of this package ran before: the model is loaded as
the window loads it, the sample read and explained, and the smallest change searched for. Seconds of each, and in all. What the
window does early, while a person chooses a photograph (loading, imports), counts here.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import napari  # noqa: F401 - its import is not what is measured
import torch
from rich.console import Console
from rich.table import Table


def measured(sample: int) -> dict[str, float | int | bool]:
    """Seconds of each part, and in all."""
    began = time.perf_counter()
    from napari_latent_explain._qt import verbs
    from napari_latent_explain.domain import silent
    from napari_latent_explain.fundus.samples import sample_photographs

    explainer = verbs.load(None, "cpu")
    loaded = time.perf_counter()
    photograph = verbs.read(Path(sample_photographs()[sample]))
    explanation = verbs.explain(explainer, photograph, progress=silent)
    explained = time.perf_counter()
    frame = explanation.find_counterfactual()
    found = time.perf_counter()
    return {
        "load_s": loaded - began,
        "explain_s": explained - loaded,
        "search_s": found - explained,
        "first_counterfactual_s": found - began,
        "flipped": frame.flipped,
        "threads": torch.get_num_threads(),
        "processors": os.cpu_count() or 1,
    }


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--sample", type=int, default=0, help="which of the samples")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measured(arguments.sample)
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    table = Table("part", "seconds", title="From an open window to the first counterfactual")
    for name, value in found.items():
        table.add_row(name, f"{value:.1f}" if isinstance(value, float) else str(value))
    Console().print(table)


if __name__ == "__main__":
    main()
