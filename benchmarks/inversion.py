"""How inversion's steps and rates trade time for likeness: `python benchmarks/inversion.py [--json]`.

On photographs that the shipped model's training held out (no test split): for each choice of steps and rates, means of PSNR
and fine detail inside the field, how far the classifier's probability and log odds move from photograph to reconstruction, the
share of decisions that stay, the loss that is refined, and seconds a photograph. Cost: about three forward passes of
generator and classifier a step and photograph.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from napari_latent_explain.domain import silent
from napari_latent_explain.latent import invert, mask_tensor, to_pixels, to_tensor
from napari_latent_explain.model import Explainer, load_explainer
from napari_latent_explain.train.config import TrainConfig
from napari_latent_explain.train.fidelity import field_psnr, fine_detail
from napari_latent_explain.train.photographs import PhotographSet, split_validation
from napari_latent_explain.train.run import cached_photographs


def measured(explainer: Explainer, eyes: PhotographSet, steps: int, rate: float, structure: float) -> dict[str, float]:
    """Means over the photographs, by name."""
    x, masks = to_tensor(eyes.pictures), mask_tensor(eyes.masks)
    began, pictures, losses = time.perf_counter(), [], []
    for k in range(len(eyes)):
        found = invert(explainer, x[k : k + 1], masks[k : k + 1], steps=steps, rate=rate, structure_rate=structure)
        pictures.append(found.picture)
        losses.append(found.loss_refined)
    seconds, made = time.perf_counter() - began, torch.cat(pictures)
    with torch.inference_mode():
        before, after = (explainer.classifier(whole).double() for whole in (x, made))
    p, q = before.softmax(1)[:, 1], after.softmax(1)[:, 1]
    return {
        "steps": steps,
        "rate": rate,
        "structure_rate": structure,
        "psnr_db": float(field_psnr(made, x, masks).mean()),
        "fine_detail": float(np.mean(fine_detail(to_pixels(made), to_pixels(x), masks[:, 0].bool().numpy()))),
        "mean_abs_dp": float((p - q).abs().mean()),
        "mean_abs_log_odds": float(((before[:, 1] - before[:, 0]) - (after[:, 1] - after[:, 0])).abs().mean()),
        "decision": float(((p > 0.5) == (q > 0.5)).double().mean()),
        "loss": float(np.mean(losses)),
        "seconds": seconds / len(eyes),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="one JSON list")
    parser.add_argument("--run", type=Path, help="a training's folder, whose photographs are read again")
    parser.add_argument("--photographs", type=int, default=16)
    parser.add_argument(
        "--choice", action="append", help="STEPS,RATE,STRUCTURE_RATE; may be repeated", metavar="CHOICE"
    )
    options = parser.parse_args()
    choices = options.choice or ["0,0.05,0.15", "30,0.05,1", "60,0.05,1", "15,0.05,0.15", "30,0.05,0.15"]
    explainer = load_explainer(device="cpu")
    config = TrainConfig(resolution=explainer.resolution)
    run = options.run or Path(tempfile.mkdtemp())
    everything = cached_photographs(config, run, "train", silent)
    data = explainer.recipe["config"]["data"]
    _, held_out = split_validation(everything, data["validation_share"], data["seed"])
    eyes = held_out.take(np.linspace(0, len(held_out) - 1, options.photographs).astype(int))
    rows = []
    for choice in choices:
        steps, rate, structure = choice.split(",")
        rows.append(measured(explainer, eyes, int(steps), float(rate), float(structure)))
        sys.stderr.write(f"{choice}: done\n")
    if options.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    table = Table(*rows[0], title=f"Inversion of {len(eyes)} photographs that were held out")
    for row in rows:
        table.add_row(*(f"{value:.4g}" for value in row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
