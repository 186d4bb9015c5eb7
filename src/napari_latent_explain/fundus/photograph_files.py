"""Which files of a folder may be photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ENDINGS", "photograph_files"]

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})
"""Endings of the files that `read_photograph` takes, in small letters."""


def photograph_files(folder: Path) -> list[Path]:
    """Return the JPEG, PNG and TIFF files in a folder and below it, sorted; hidden ones are left out."""
    found = (p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and not p.name.startswith("."))
    return sorted(p for p in found if p.is_file())
