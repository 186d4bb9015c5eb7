"""Which files of a folder may be photographs."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = [
    "DICOM_ENDINGS",
    "ENDINGS",
    "can_be_kept",
    "is_dicom",
    "may_be_photograph",
    "photograph_files",
    "printable",
    "start_of",
]

DICOM_ENDINGS = frozenset({".dcm", ".dicom"})
"""Endings of DICOM files, in small letters; such a file may also have none, or end in a number."""
ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".jp2", ".j2k"}) | DICOM_ENDINGS
"""Endings of the files that `read_photograph` takes, in small letters."""
_MAGIC = slice(128, 132)  # PS3.10 7.1


def photograph_files(folder: Path) -> list[Path]:
    """Return the files in a folder and below it that may be photographs, sorted; hidden ones are left out.

    They end as such files do (`ENDINGS`), or are DICOM files by what they contain, with no ending or a number for one, as cameras
    and archives write them. A DICOMDIR is none.
    """
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if may_be_photograph(path.name, partial(start_of, path)))


def may_be_photograph(name: str, start: Callable[[], bytes]) -> bool:
    """Whether a file of this name may be a photograph; `start` reads its first 132 bytes where the name does not tell."""
    path = PurePosixPath(name)
    if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
        return False
    ending = path.suffix.lower()
    if ending in ENDINGS:
        return True
    return (not ending or ending[1:].isdigit()) and start()[_MAGIC] == b"DICM"


def can_be_kept(path: Path | str) -> bool:
    """Whether a path can be written down: names of files that are no UTF-8 can't."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: Path | str) -> str:
    """A name with question marks for what is no UTF-8."""
    return str(name).encode(errors="replace").decode()


def is_dicom(path: Path) -> bool:
    """Whether a file says at its start that it is DICOM."""
    return start_of(path)[_MAGIC] == b"DICM"


def start_of(path: Path) -> bytes:
    """Return the first 132 bytes of a file, or none, if it can't be read or is no file."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return b""
        with path.open("rb") as stream:
            return stream.read(_MAGIC.stop)
    except OSError:
        return b""
