"""Write the shipped model's scores into README.md, between its two marks; ``--check`` only compares.

.venv/bin/python tools/readme_scores.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = ROOT / "src" / "napari_latent_explain" / "bundles" / "referable_dr"
START, END = "<!-- scores -->\n", "<!-- /scores -->"


def paragraph(metadata: dict, directions: list[dict]) -> str:
    """The scores as Markdown: a table and the directions in one sentence."""
    rows = ["| photographs | measure | value |", "|---|---|---|"]
    words = {
        ("classifier", "auc"): "classifier: area under the ROC curve",
        ("classifier", "accuracy"): "classifier: accuracy",
        ("classifier", "brier"): "classifier: Brier score (0 is best)",
        ("classifier", "ece"): "classifier: expected calibration error (0 is best)",
        ("reconstruction", "psnr_db_encoder"): "reconstruction by the encoder alone, PSNR in dB inside the field",
        ("reconstruction", "psnr_db_refined"): "reconstruction after refinement, PSNR in dB inside the field",
        ("agreement", "decision"): "same decision on reconstruction and photograph, share",
        ("agreement", "median_abs_dp"): "change of the probability by reconstruction, median",
    }
    for split, groups in metadata["scores"].items():
        n = groups["classifier"]["n"]
        for (group, name), text in words.items():
            rows.append(f"| {split}, n = {n} | {text} | {groups[group][name]:.3g} |")
    strongest = max(directions, key=lambda d: d["effect_logit"])
    low, high = strongest["effect_logit_interval"]
    towards = metadata["classes"][strongest["target"]]
    said = (
        f"{len(directions)} directions have an effect whose 95 % interval excludes 0. The strongest, {strongest['id']} towards "
        f"*{towards}*,\nmoves the classifier by {strongest['effect_logit']:.2f} log odds [{low:.2f}, {high:.2f}] and flips "
        f"{100 * strongest['flip_share']:.0f} % of {strongest['held_out']} held-out photographs alone."
    )
    return "\n".join([*rows, "", said, ""])


def main() -> int:
    """Write or compare; 1 if README.md says something else."""
    metadata = json.loads((BUNDLE / "configs" / "metadata.json").read_text(encoding="utf-8"))
    directions = json.loads((BUNDLE / "configs" / "directions.json").read_text(encoding="utf-8"))["directions"]
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(START)
    new = before + START + paragraph(metadata, directions) + END + rest.split(END)[1]
    if "--check" in sys.argv[1:]:
        if new != text:
            print("README.md has other scores than the shipped model: run tools/readme_scores.py", file=sys.stderr)
        return int(new != text)
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
