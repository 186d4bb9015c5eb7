"""A record on disk, whole, so that it can be exported again without the model: arrays and numbers in one safetensors file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from napari_latent_explain.domain import (
    Alternative,
    CounterfactualRecord,
    DoseResponse,
    Edit,
    ExportError,
    Faithfulness,
    Field,
    LateralityReading,
    LesionOverlap,
    ModelIdentity,
    Probabilities,
    QualityReport,
    Region,
    StyleDirection,
)
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.plain_file import plain_file
from napari_latent_explain.export.case_label import case_label
from napari_latent_explain.export.kept_json import beside_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["KEPT", "KeptRecord", "read_record", "record_bytes"]

KEPT = "record.safetensors"
_SAYS = "Synthetic pictures without a mark in their pixels: for exporting, not for showing"
_LARGEST = 2**30


class KeptRecord(FrozenModel):
    """A `CounterfactualRecord` but for its arrays; it has no file name, and no names of other photographs or of people.

    Parameters
    ----------
    format : int
        Version of this layout; a newer one is refused.
    case : str
        What the photograph is called.
    """

    format: Literal[1] = 1
    says: str = _SAYS
    case: str
    sha256: str
    field: Field
    laterality: LateralityReading
    quality: QualityReport
    model: ModelIdentity
    classes: tuple[str, ...]
    target: int
    probabilities: Probabilities
    edit: Edit
    directions: tuple[StyleDirection, ...]
    flipped: bool
    changed_area_fraction: float
    note: str = ""
    simulated: bool = False
    dose_response: DoseResponse | None = None
    faithfulness: Faithfulness | None = None
    alternatives: tuple[Alternative, ...] = ()
    overlap: tuple[LesionOverlap, ...] = ()
    region: Region | None = None


_PICTURES: dict[str, type] = {
    "original": np.uint8,
    "reconstruction": np.uint8,
    "counterfactual": np.uint8,
    "difference": np.float32,
}


_SAME = tuple(name for name in KeptRecord.model_fields if name not in ("format", "says", "case"))


def _nameless(direction: StyleDirection) -> StyleDirection:
    """Without examples, which are file names, and without who gave the name."""
    return direction.replace(examples=(), reverse_examples=(), where=None, naming=None)


def record_bytes(record: CounterfactualRecord, case: str = "") -> bytes:
    """Encode a record; the same record gives the same bytes.

    Parameters
    ----------
    record : CounterfactualRecord
        Its pictures are kept without the mark that shown pictures carry.
    case : str
        A label of one's own, see `case_label`.
    """
    said = {name: getattr(record, name) for name in _SAME}
    said["directions"] = tuple(_nameless(one) for one in record.directions)
    kept = KeptRecord(case=case_label(record.sha256, case), **said)
    arrays: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(getattr(record, name), kind) for name, kind in _PICTURES.items()
    }
    # One key: safetensors does not keep the order of several.
    return bytes(save(arrays, {"record": kept.model_dump_json()}))


def read_record(folder: Path) -> CounterfactualRecord:
    """Read back what `write_record` kept in a folder; its `name` is the case's label.

    Raises
    ------
    ExportError
        If there is nothing, or it is damaged or of a newer version.
    """
    path = folder / KEPT
    try:
        content = plain_file(path, _LARGEST)
    except OSError as error:
        raise ExportError(_why_unread(folder, error)) from error
    try:
        arrays = load(content)
        tree = beside_tensors(content, "record")
        if tree.get("format") != 1:
            msg = f"{path} was written by a newer version; update napari-latent-explain to open it."
            raise ExportError(msg)
        kept = KeptRecord.model_validate(tree)
        pictures = {name: _picture(arrays[name], name, kind) for name, kind in _PICTURES.items()}
        if pictures["original"].shape != pictures["counterfactual"].shape or not 0 <= kept.target < len(kept.classes):
            raise ValueError
    except (SafetensorError, ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path} is damaged; explain the photograph again."
        raise ExportError(msg) from error
    said: dict[str, Any] = {name: getattr(kept, name) for name in _SAME}
    return CounterfactualRecord(name=kept.case, **said, **pictures)


def _why_unread(folder: Path, error: OSError) -> str:
    """What is wrong with a folder whose record can't be read, and what to do."""
    if not os.path.lexists(folder):
        return f"There is no folder {folder}: check the name."
    if not folder.is_dir():
        return f"{folder} is no folder; name the one of a case that 'latent-explain explain' wrote."
    if os.path.lexists(folder / KEPT):
        return f"{folder / KEPT} can't be read ({error.strerror})."
    cases = sorted(path.parent for path in folder.glob(f"*/{KEPT}"))
    if cases:
        more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
        return f"{folder} holds the folders of cases; name those: {' '.join(map(str, cases[:3]))}{more}."
    if (folder / "record.json").exists():
        return f"There is no {KEPT} in {folder}; explain the photograph again with this version."
    return f"There is no {KEPT} in {folder}; name the folder of a case that 'latent-explain explain' wrote."


def _picture(found: NDArray[Any], name: str, kind: type) -> Any:
    """A square picture (P, P, 3) of the right type, finite.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    square = found.ndim == 3 and found.shape[0] == found.shape[1] > 0 and found.shape[2] == 3
    if not square or found.dtype != kind or not np.isfinite(found).all():
        raise ValueError(name)
    return found
