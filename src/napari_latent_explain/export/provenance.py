"""Where a result comes from: the numbers of one explanation as JSON, and inside exported files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PIL import Image, UnidentifiedImageError

from napari_latent_explain import __version__
from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.case_label import case_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_latent_explain.domain import CounterfactualRecord, Faithfulness
    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["KEY", "SYNTHETIC", "provenance", "provenance_of_all", "read_provenance", "record_json"]

SYNTHETIC = "Synthetic - for research, not for diagnosis"
KEY = "latent-explain"


def _controls(found: Faithfulness | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return found.model_dump(mode="json") | {"passed": found.passed, "failed": list(found.failed)}


def record_json(record: CounterfactualRecord, files: Mapping[str, Path], case: str = "") -> dict[str, Any]:
    """One explanation as plain JSON types; `files` are the paths of what was written.

    `photograph` is the case's label, see `case_label`: the file's own name stays out.
    """
    probabilities = record.probabilities
    return {
        "photograph": case_label(record.sha256, case),
        "sha256": record.sha256,
        "simulated": record.simulated,
        "field": {
            "center": [round(record.field.center_x, 2), round(record.field.center_y, 2)],
            "radius": round(record.field.radius, 2),
        },
        "laterality": record.laterality.model_dump(mode="json"),
        "quality": record.quality.model_dump(mode="json"),
        "model": record.model.model_dump(mode="json"),
        "classes": list(record.classes),
        "probabilities": probabilities.model_dump(mode="json"),
        "gap": probabilities.gap,
        "directions": [
            {
                "id": d.id,
                "name": d.name,
                "layer": d.layer,
                "channel": d.channel,
                "sign": d.sign,
                "effect_logit": d.effect_logit,
                "effect_logit_interval": list(d.effect_logit_interval),
                "effect_probability": d.effect_probability,
            }
            for d in record.directions
        ],
        "counterfactual": {
            "target": record.classes[record.target],
            "edits": dict(record.edit.strengths),
            "flipped": record.flipped,
            "changed_area_fraction": record.changed_area_fraction,
            "note": record.note,
            "region": record.region.model_dump(mode="json")["outlines"] if record.region else None,
            "dose_response": record.dose_response.model_dump(mode="json") if record.dose_response else None,
            "faithfulness": _controls(record.faithfulness),
            "lesion_overlap": [one.model_dump(mode="json") | {"enrichment": one.enrichment} for one in record.overlap],
        },
        "alternatives": [
            {
                "edits": dict(other.edit.strengths),
                "probabilities": list(other.probabilities.counterfactual),
                "flipped": other.flipped,
                "changed_area_fraction": other.changed_area_fraction,
                "note": other.note,
            }
            for other in record.alternatives
        ],
        "files": {name: str(path) for name, path in files.items()},
        "seconds": {name: round(value, 3) for name, value in record.seconds.items()},
        "disclaimer": SYNTHETIC,
    }


def provenance(exhibit: Exhibit) -> str:
    """What an exported picture carries, as JSON: named things alone, no path, no time, no name of a person or file."""
    tree = record_json(exhibit.record, {}, exhibit.case)
    tree["case"] = tree.pop("photograph")
    tree["atlas_sha256"] = exhibit.atlas_hash
    for volatile in ("files", "seconds"):
        tree.pop(volatile)
    if exhibit.reverse is not None:
        other = record_json(exhibit.reverse, {})
        tree["reverse"] = {key: other[key] for key in ("probabilities", "directions", "counterfactual")}
    if exhibit.findings:
        tree["findings"] = [found.model_dump(mode="json") for found in exhibit.findings]
    if exhibit.spacing is not None:
        tree["micrometres_per_pixel"] = exhibit.spacing
    if exhibit.audit_head:
        tree["audit_head"] = exhibit.audit_head
    return json.dumps(tree | {"software": f"napari-latent-explain {__version__}"}, sort_keys=True)


def provenance_of_all(exhibits: Sequence[Exhibit]) -> str:
    """As `provenance`; of several exhibits, a list of what each carries."""
    if len(exhibits) == 1:
        return provenance(exhibits[0])
    return json.dumps({"exhibits": [json.loads(provenance(one)) for one in exhibits]}, sort_keys=True)


def read_provenance(path: Path) -> dict[str, Any]:
    """Read back what `write_panel` or `write_record` put into a PNG.

    Raises
    ------
    ExportError
        If the file is not such a PNG.
    """
    try:
        with Image.open(path) as image:
            image.load()
            found: dict[str, Any] = json.loads(str(image.info[KEY]))
    except (OSError, UnidentifiedImageError, KeyError, ValueError) as error:
        msg = f"{path} carries no provenance of this program."
        raise ExportError(msg) from error
    return found
