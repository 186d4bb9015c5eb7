"""How long generator and classifier take for a picture, by how many are computed together.

python benchmarks/batch_size.py [--model FOLDER] [--rounds 5] [--json]

The same 16 pictures in batches of each size, in turns; the fastest round counts. Loading a bundle puts channels innermost;
the same networks with channels outermost are timed beside it.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path

import torch

from napari_latent_explain.model import load_explainer
from napari_latent_explain.model.batches import pictures_at_once

SIZES = (1, 2, 4, 8, 16)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a bundle's folder; the shipped one if not given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    explainer = load_explainer(options.model, "cpu")
    inner = (explainer.generator, explainer.classifier)
    outer = tuple(copy.deepcopy(network).to(memory_format=torch.contiguous_format) for network in inner)
    codes = explainer.statistics.mean.expand(max(SIZES), -1).contiguous()
    kinds = {(name, size): float("inf") for name in ("channels_last", "channels_first") for size in SIZES}
    with torch.inference_mode():
        for _ in range(options.rounds):
            for name, size in kinds:
                generator, classifier = inner if name == "channels_last" else outer
                began = time.perf_counter()
                for part in codes.split(size):
                    classifier(generator.synthesise(part).clamp(-1, 1))
                taken = 1000 * (time.perf_counter() - began) / len(codes)
                kinds[name, size] = min(kinds[name, size], taken)
    chosen = pictures_at_once(explainer.device, explainer.resolution)
    tree = {name: {size: round(kinds[name, size], 2) for size in SIZES} for name in ("channels_last", "channels_first")}
    tree |= {
        "chosen": chosen, "threads": torch.get_num_threads(),
        "ratio_16_channels_first_over_chosen": kinds["channels_first", 16] / kinds["channels_last", chosen],
    }  # fmt: skip
    if options.json:
        print(json.dumps(tree))
        return
    for name in ("channels_last", "channels_first"):
        print(f"{name}, ms a picture:", "  ".join(f"{size}: {tree[name][size]:.1f}" for size in SIZES))
    print(
        f"chosen: {chosen}; 16 with channels first take {tree['ratio_16_channels_first_over_chosen']:.2f} times as long"
    )


if __name__ == "__main__":
    main()
