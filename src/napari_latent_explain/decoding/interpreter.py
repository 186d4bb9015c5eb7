"""Which program can run the child."""

from __future__ import annotations

import multiprocessing.spawn
import os
import re
import sys
from pathlib import Path

from napari_latent_explain.decoding.wire import Refusal

__all__ = ["python_executable"]


def python_executable() -> str:
    """Return the Python to run the child with.

    In a bundled application `sys.executable` may be the application, and starting it would open another window. So only a file
    that is called Python counts: the one that `multiprocessing` is set to (`multiprocessing.set_executable` changes it), this
    one, or the one beside the bundle's library.

    Raises
    ------
    Refusal
        If there is none.
    """
    set_one = multiprocessing.spawn.get_executable() or ""
    prefix = Path(sys.exec_prefix)
    beside = [prefix / "python.exe"] if os.name == "nt" else [prefix / "bin" / "python3", prefix / "bin" / "python"]
    for candidate in (Path(os.fsdecode(set_one)), Path(sys.executable or ""), *beside):
        if re.match(r"(python|pypy)", candidate.name, re.IGNORECASE) and candidate.is_file():
            return str(candidate)
    msg = (
        "can't be read here, since this program brings no Python to decode pictures in a process of its own: "
        "name one with multiprocessing.set_executable."
    )
    raise Refusal(msg)
