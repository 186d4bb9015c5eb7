"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from napari_latent_explain.domain import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["open_atomically", "write_atomically"]


@contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open for writing beside `path`, under a name of its own; flush to the disk and put in place at the end.

    A full disk, a kill or an error before the end leaves what was there before.

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
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        msg = f"{path} can't be written ({error.strerror or error}); choose another folder or make room."
        raise ExportError(msg) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> Path:
    """Write all of it at once, as `open_atomically` does.

    Raises
    ------
    ExportError
        If the folder can't be written or the disk is full.
    """
    with open_atomically(path) as stream:
        stream.write(content)
    return path
