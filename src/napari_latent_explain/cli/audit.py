"""Audit a model on a folder of photographs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from napari_latent_explain.cli.report import out, say_left_out, show_progress
from napari_latent_explain.domain import portion

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_audit"]


def run_audit(
    data: Path,
    output: Path,
    *,
    as_json: bool,
    model: Path | None,
    device: str,
    target: str | None,
    photographs: int | None,
    counterfactuals: bool,
    seed: int,
) -> None:
    """Read, audit, write the page, and print the concerns or the whole report as JSON."""
    import numpy as np

    from napari_latent_explain.cli.explain import target_index
    from napari_latent_explain.explain.audit import AuditedPhotographs, audit_classifier
    from napari_latent_explain.explain.photograph_folder import read_folder
    from napari_latent_explain.export.audit_page import write_audit
    from napari_latent_explain.fundus.interventions import INTERVENTIONS
    from napari_latent_explain.model import load_explainer

    explainer = load_explainer(model, device)
    wanted = target_index(explainer, target)
    with show_progress("Audit") as progress:
        crops = read_folder(data, explainer.resolution, limit=photographs, progress=portion(progress, 0.0, 0.2))
        audited = AuditedPhotographs(crops.pictures, crops.masks)
        report = audit_classifier(
            explainer, audited, np.random.default_rng(seed), target=wanted, counterfactuals=counterfactuals,
            progress=portion(progress, 0.2, 1.0),
        )  # fmt: skip
    changes = {one.name: one.change for one in INTERVENTIONS}
    pictures = {}
    for one in report.interventions:
        before, mask = crops.pictures[one.strongest], crops.masks[one.strongest]
        pictures[one.name] = (before, changes[one.name](before, mask))
    files = write_audit(report, pictures, output)
    say_left_out(crops.refused)
    if as_json:
        told = {"verdict": report.verdict, "files": {name: str(path) for name, path in files.items()}}
        out(json.dumps(report.model_dump(mode="json") | told))
        return
    name = explainer.classes[report.target]
    for one in report.interventions:
        (low, high), (least, most) = one.effect_interval, one.flips_interval
        mark = "  <- look at this" if one in report.concerns else ""
        out(
            f"{one.name} ({one.group}): log odds of '{name}' {one.effect:+.2f} [{low:+.2f}, {high:+.2f}], "
            f"decisions change in {100 * one.flips:.0f} % [{100 * least:.0f}, {100 * most:.0f}]{mark}"
        )
    out(report.verdict)
    out(f"Page: {files['page']}")
    out("For research; not a medical device.")
