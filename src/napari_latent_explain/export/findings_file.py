"""Findings of raters as a JSON file: a list of {"rater", "verdict", "marks": [{"x", "y", "width", "height", "note"}]}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.exhibit import RaterFindings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_findings"]


def read_findings(path: Path) -> tuple[RaterFindings, ...]:
    """Read findings.

    Raises
    ------
    ExportError
        If the file can't be read or is no list of findings.
    """
    try:
        return TypeAdapter(tuple[RaterFindings, ...]).validate_json(path.read_bytes())
    except OSError as error:
        msg = f"{path} can't be read ({error.strerror})."
        raise ExportError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its beginning"
        msg = f"{path} is no list of findings: at '{where}', {first['msg']}."
        raise ExportError(msg) from error
