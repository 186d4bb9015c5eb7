"""The folder of a bundle, replaced all at once: interrupted at any moment, it holds the old bundle or the new one.

New files are gathered in a hidden folder and take effect together, when that is renamed to ``.next``; what is there counts before
what it is about to replace. Then they are moved into place one by one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["bundle_file", "replace_bundle"]

_NEXT = ".next"
_FOLDERS = ("configs", "models", "docs")


def bundle_file(folder: Path, name: str) -> Path:
    """Where a file of a bundle lies now."""
    path = folder / _NEXT / name
    return path if os.path.lexists(path) else folder / name


def replace_bundle(folder: Path, content: Mapping[str, bytes]) -> Path:
    """Write the files of a bundle.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it does not exist; other files in it stay.
    content : mapping
        By path in the folder, such as ``models/generator.safetensors``.

    Raises
    ------
    ExportError
        If it can't be written, or somebody else writes there at this moment.
    """
    part: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".bundle.", suffix=".part", dir=folder))
        for name, data in content.items():
            write_atomically(part / name, data)
        _settle(folder)
        os.rename(part, folder / _NEXT)  # noqa: PTH104 - fails where another's files have appeared meanwhile
        _settle(folder)
    except OSError as error:
        msg = f"The bundle {folder} can't be written ({error.strerror or error}); choose another folder or make room."
        raise ExportError(msg) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _settle(folder: Path) -> None:
    """Move what has taken effect into place; another program may be at it too."""
    new = folder / _NEXT
    for name in _FOLDERS:
        for path in sorted((new / name).glob("*")):
            (folder / name).mkdir(exist_ok=True)
            try:
                path.replace(folder / name / path.name)
            except FileNotFoundError:
                continue
    for path in (*(new / name for name in _FOLDERS), new):
        try:
            path.rmdir()
        except FileNotFoundError:
            continue
