"""Photographs in a zip archive, which nobody need trust: read one at a time, never unpacked to disk."""

from __future__ import annotations

import io
import os
import stat
import threading
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from napari_latent_explain.domain import Photograph, PhotographError, Progress, silent
from napari_latent_explain.fundus.photograph_bytes import MOST_BYTES
from napari_latent_explain.fundus.photograph_files import may_be_photograph
from napari_latent_explain.fundus.reader import count_frames, decode_photograph
from napari_latent_explain.fundus.sources.source import PhotographSource

__all__ = ["ZipArchive", "ZipSource"]

_MOST_FILES = 20_000
_MOST_ALL = 64 * 2**30
_MOST_DIRECTORY = 16 * 2**20
_MOST_RATIO = 100
_SMALL = 64 * 2**10  # a few kilobytes may be as regular as they like
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error)


class _Bounded(io.FileIO):
    """A file that gives no huge piece at once: the table of contents is read in one, whatever size it claims."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            size = max(0, os.fstat(self.fileno()).st_size - self.tell())
        if size > _MOST_DIRECTORY:
            msg = "a part is too large"
            raise zipfile.BadZipFile(msg)
        return super().read(size) or b""


class ZipArchive:
    """An archive whose table of contents has been looked at; it stays open as long as it is referred to.

    Parameters
    ----------
    path : pathlib.Path
        The archive.

    Raises
    ------
    PhotographError
        If it is no zip archive, or one that no camera or person would make: absolute paths, ``..``, links, encrypted, doubled or
        nested entries, more than 20,000 files, 64 GiB or a hundredfold compression.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._order = path, threading.Lock()
        if not path.is_file():
            msg = f"There is no file '{path}': check the name."
            raise PhotographError(msg)
        try:
            with _Bounded(str(path), "rb") as bounded, zipfile.ZipFile(bounded):
                pass  # its table of contents is of a size to be read
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            msg = f"'{path.name}' is damaged, or no zip archive: copy it again from its source."
            raise PhotographError(msg) from error
        self._refuse()

    def names(self) -> list[str]:
        """Return the names of what may be photographs, sorted."""
        entries = [one for one in self._zip.infolist() if not one.is_dir()]
        seen = [
            one for one in entries if not any(part.startswith((".", "__MACOSX")) for part in one.filename.split("/"))
        ]
        return sorted(
            one.filename for one in seen if may_be_photograph(one.filename, partial(self._start, one.filename))
        )

    def read(self, name: str) -> bytes:
        """Read one entry whole.

        Raises
        ------
        PhotographError
            If it is damaged, empty, or larger than 1 GiB.
        """
        data = self._read(name, MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            msg = f"'{name}' is larger than {MOST_BYTES // 2**20} MiB: save a smaller copy."
            raise PhotographError(msg)
        if not data:
            msg = f"'{name}' is empty (0 bytes): copy it again from its source."
            raise PhotographError(msg)
        return data

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def _start(self, name: str) -> bytes:
        try:
            return self._read(name, 132)
        except PhotographError:
            return b""

    def _read(self, name: str, most: int) -> bytes:
        try:
            with self._order, self._zip.open(name) as stream:
                return stream.read(most)
        except (*_BROKEN, KeyError) as error:
            msg = f"'{name}' in '{self.path.name}' is damaged: copy the archive again from its source."
            raise PhotographError(msg) from error

    def _refuse(self) -> None:
        entries = self._zip.infolist()
        why = next(filter(None, map(_wrong, entries)), "")
        if len(entries) > _MOST_FILES:
            why = f"holds more than {_MOST_FILES} files: split it"
        elif sum(one.file_size for one in entries) > _MOST_ALL:
            why = f"holds more than {_MOST_ALL // 2**30} GiB once it is unpacked: split it"
        elif len({one.filename for one in entries}) < len(entries):
            why = "has two entries of one name: pack it again"
        if why:
            self.close()
            msg = f"'{self.path.name}' {why}."
            raise PhotographError(msg)


def _wrong(entry: zipfile.ZipInfo) -> str:
    """What is wrong with an entry, in words that go after the archive's name."""
    name = entry.filename
    outside = PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute() or PureWindowsPath(name).drive
    if outside or "\\" in name or ".." in name.split("/") or not name.isprintable():
        return "has an entry whose path leads out of it: don't trust it, and ask for another archive"
    if not name:
        return "has an entry without a name: pack it again"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "has a link or device in it: pack the photographs themselves"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted: unpack it, and name the folder"
    if entry.compress_type not in _METHODS:
        return "is compressed in a way that is not read here: pack it again as an ordinary zip"
    if name.lower().endswith(_ARCHIVES):
        return "holds another archive: unpack it, and name the folder"
    if entry.file_size > max(_SMALL, _MOST_RATIO * entry.compress_size):
        return f"unpacks to more than {_MOST_RATIO} times its size, as no photograph does: don't trust it"
    return ""


@dataclass(frozen=True)
class ZipSource(PhotographSource):
    """A photograph in a zip archive.

    Parameters
    ----------
    archive : ZipArchive
        Which holds it.
    member : str
        Its entry.
    """

    archive: ZipArchive = field(kw_only=True, repr=False)
    member: str = field(kw_only=True)

    def read(self, progress: Progress = silent) -> Photograph:
        """Read it; its `Photograph.path` is None, since it has no file of its own."""
        return decode_photograph(self.archive.read(self.member), self._file_name, self.frame, progress)

    def frames(self) -> int:
        """Count the frames."""
        return count_frames(self.archive.read(self.member), self._file_name)

    @property
    def _file_name(self) -> str:
        return PurePosixPath(self.member).name
