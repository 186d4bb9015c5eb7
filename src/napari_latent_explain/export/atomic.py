"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from napari_latent_explain.domain import ExportError

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes) -> Path:
    """Write beside, flush to the disk, then put in place: a full disk or a kill leaves what was there before.

    Raises
    ------
    ExportError
        If the folder can't be written or the disk is full.
    """
    part: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        msg = f"{path} can't be written ({error.strerror}); choose another folder or make room."
        raise ExportError(msg) from error
    return path
