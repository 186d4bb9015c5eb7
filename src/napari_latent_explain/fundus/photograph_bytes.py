"""The bytes of a photograph's file, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import PhotographError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MOST_BYTES", "photograph_bytes"]

MOST_BYTES = 2**30
"""Larger files are no photographs."""


def photograph_bytes(path: Path) -> bytes:
    """Read a file whole.

    Raises
    ------
    PhotographError
        If there is no such file, it is no ordinary one, empty, larger than 1 GiB, or can't be opened.
    """
    if path.is_dir():
        msg = f"'{path.name}' is a folder, not a photograph: name a JPEG, PNG, TIFF or DICOM file in it."
        raise PhotographError(msg)
    if not path.exists():
        msg = f"There is no file '{path}': check the name."
        raise PhotographError(msg)
    if not path.is_file():
        msg = f"'{path.name}' is no ordinary file: name a JPEG, PNG, TIFF or DICOM file."
        raise PhotographError(msg)
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        msg = f"'{path.name}' cannot be opened ({error.strerror or error}): check that you may read it."
        raise PhotographError(msg) from error
    if len(data) > MOST_BYTES:
        msg = f"'{path.name}' is larger than {MOST_BYTES // 2**20} MiB: save a smaller copy."
        raise PhotographError(msg)
    if not data:
        msg = f"'{path.name}' is empty (0 bytes): copy it again from its source."
        raise PhotographError(msg)
    return data
