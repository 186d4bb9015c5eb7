"""Directions, codes and the audit against known causes: `python benchmarks/ground_truth.py [--json]`.

The same as ``latent-explain benchmark ground-truth``. With ``--train`` it trains the small generator of simulated eyes again
that both use, into ``benchmarks/ground_truth/``; a stopped training goes on where it was.
"""

import argparse
from pathlib import Path

from napari_latent_explain.cli.benchmark import run_ground_truth_benchmark
from napari_latent_explain.cli.report import message, show_progress

GENERATOR = Path(__file__).with_name("ground_truth")


def main() -> None:
    """Train, or measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="train the generator instead")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--classifiers", type=int, default=8, help="classifiers with planted causes")
    parser.add_argument("--shortcuts", type=int, default=20, help="classifiers for each correlation of a notch")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.train:
        from napari_latent_explain.train.simulated_generator import train_simulated_generator

        with show_progress("Training") as progress:
            message(f"Written to {train_simulated_generator(GENERATOR, seed=options.seed, progress=progress)}")
        return
    run_ground_truth_benchmark(
        as_json=options.json, generator=GENERATOR, classifiers=options.classifiers, shortcuts=options.shortcuts,
        seed=options.seed,
    )  # fmt: skip


if __name__ == "__main__":
    main()
