"""Write the shipped model's scores into README.md, between its two marks; ``--check`` only compares.

.venv/bin/python tools/readme_scores.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from napari_latent_explain.model.bundle import BundleMetadata, bundle_sha256

ROOT = Path(__file__).resolve().parents[1]
SCOREBOARD = ROOT / "docs" / "scoreboard-referable_dr.json"  # what `latent-explain scoreboard` wrote for this bundle
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


def test_split(board: dict) -> str:
    """The scoreboard as Markdown, with its intervals."""
    wanted = [
        ("classifier: area under the ROC curve", board["classifier"], "auc"),
        ("classifier: expected calibration error (0 is best)", board["classifier"], "ece"),
        ("reconstruction, encoder alone: PSNR in dB", board["reconstruction"]["encoder"], "psnr_db"),
        ("reconstruction, refined: PSNR in dB", board["reconstruction"]["refined"], "psnr_db"),
        ("reconstruction, refined: MS-SSIM", board["reconstruction"]["refined"], "ms_ssim"),
        ("reconstruction, refined: fine detail (1 is best)", board["reconstruction"]["refined"], "fine_detail"),
        ("same decision on reconstruction and photograph, share", board["agreement"], "decision"),
        ("change of the probability by reconstruction, median", board["agreement"], "median_abs_dp"),
        ("counterfactual found, share of photographs", board["counterfactual"], "flip_rate"),
        ("... that an independent classifier agrees with, share", board["counterfactual"], "oracle_flip_rate"),
        ("directions moved, mean", board["counterfactual"], "directions_used"),
        ("counterfactual of which the classifier is sure (0.9), share", board["sure_counterfactual"], "flip_rate"),
        ("... that an independent classifier agrees with, share", board["sure_counterfactual"], "oracle_flip_rate"),
        ("composites told from photographs, AUC (0.5 is best)", board["realism"], "detectability_auc"),
        ("KID of generated eyes", board["realism"], "kid"),
        ("KID of real eyes of other cameras, for comparison", board["realism"], "kid_other_camera"),
        (
            "distance to the nearest training eye, against the photograph's",
            board["memorisation"],
            "nearest_train_ratio",
        ),
    ]
    rows = [f"| IDRiD test split, n = {board['n']} | value | 95 % interval |", "|---|---|---|"]
    for text, group, name in wanted:
        ends = group.get(f"{name}_interval")
        shown = f"{ends[0]:.3g} to {ends[1]:.3g}" if ends else ""
        of = f" (of {board['counterfactual']['oracle_n']})" if name == "oracle_flip_rate" else ""
        rows.append(f"| {text} | {group[name]:.3g}{of} | {shown} |")
    return "\n".join([*rows, "", ""])


def main() -> int:
    """Write or compare; 1 if README.md says something else."""
    metadata = json.loads((BUNDLE / "configs" / "metadata.json").read_text(encoding="utf-8"))
    directions = json.loads((BUNDLE / "configs" / "directions.json").read_text(encoding="utf-8"))["directions"]
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(START)
    measured = json.loads(SCOREBOARD.read_text(encoding="utf-8")) if SCOREBOARD.is_file() else None
    parts = [paragraph(metadata, directions)]
    if measured is not None and measured["bundle"]["sha256"] == bundle_sha256(BundleMetadata.model_validate(metadata)):
        parts.insert(0, test_split(measured))
    new = before + START + "".join(parts) + END + rest.split(END)[1]
    if "--check" in sys.argv[1:]:
        if new != text:
            print("README.md has other scores than the shipped model: run tools/readme_scores.py", file=sys.stderr)
        return int(new != text)
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
