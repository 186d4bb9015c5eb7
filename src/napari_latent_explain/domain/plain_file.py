"""The bytes of an ordinary file: never of a device or a pipe, and never more than can be of use."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["plain_file"]


def plain_file(path: Path, most: int) -> bytes:
    """Read a file whole; kind and size are those of what is open, whatever takes its name meanwhile.

    Parameters
    ----------
    path : pathlib.Path
        Links are followed.
    most : int
        Bytes; nothing of a larger file is read.

    Raises
    ------
    OSError
        If it can't be opened, is larger, or is no ordinary file (a pipe or a device could keep the reader waiting for ever).
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        told = os.fstat(handle)
        if not stat.S_ISREG(told.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        if told.st_size > most:
            raise OSError(errno.EFBIG, f"it is larger than {most / 2**20:.0f} MiB", str(path))
        with os.fdopen(os.dup(handle), "rb") as stream:
            content = stream.read(told.st_size + 1)
    finally:
        os.close(handle)
    if len(content) > told.st_size:
        raise OSError(errno.EAGAIN, "it is being written to", str(path))
    return content
