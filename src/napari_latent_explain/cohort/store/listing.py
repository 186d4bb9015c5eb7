"""Which photographs the data hold: every file hashed once, and again only if its size or date has changed."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cohort.store.assignment import Answer
from napari_latent_explain.domain import PhotographError, WrongUseError
from napari_latent_explain.fundus.photograph_bytes import photograph_bytes
from napari_latent_explain.fundus.sources import (
    FileSource,
    PhotographSource,
    ZipArchive,
    ZipSource,
    every_frame,
    photograph_sources,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Listed", "hash_files", "list_files", "source_at"]


@dataclass(frozen=True)
class Listed:
    """A file in the data: its name there, what a table says of it, its size and date (of the archive, within one)."""

    name: str
    label: str
    size: int
    modified: int

    @property
    def key(self) -> str:
        """What it is called in a list of chunks."""
        return self.name


def list_files(data: Path) -> list[Listed]:
    """List the files of a folder, zip archive, DICOMDIR or CSV file; none is read yet.

    Raises
    ------
    WrongUseError
        If there is no such thing, or no photograph in it.
    PhotographError
        If its list can't be read.
    """
    if not data.exists():
        msg = f"There is no {data}; name a folder, a zip archive, a DICOMDIR, or a CSV file with the columns file and label."
        raise WrongUseError(msg)
    found = [Listed(source.name, source.label, *_stamp(source.path)) for source in photograph_sources(data)]
    if not found:
        msg = f"There is no photograph in {data}: name one with JPEG, PNG, TIFF or DICOM files."
        raise WrongUseError(msg)
    return list({one.name: one for one in found}.values())


def _stamp(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError:
        return -1, -1  # it is listed; reading it says what is wrong
    return state.st_size, state.st_mtime_ns


def source_at(data: Path, name: str, frame: int = 0) -> PhotographSource:
    """Find a photograph again by its name in the data (without ``#`` and the frame).

    Raises
    ------
    PhotographError
        If the data are an archive that can't be opened.
    """
    if data.suffix.lower() == ".zip" and data.is_file():
        first: PhotographSource = ZipSource(name, data, archive=_archive(data, _stamp(data)), member=name)
    else:
        folder = data if data.is_dir() else data.parent
        first = FileSource(name, folder / name)
    return first.at(frame) if frame else first


@lru_cache(maxsize=2)
def _archive(path: Path, _stamped: tuple[int, int]) -> ZipArchive:
    return ZipArchive(path)


def hash_files(data: Path, files: Sequence[Listed]) -> Answer:
    """Hash files as `Photograph.sha256` does: a row for each photograph in them, or one without a hash that says why not."""
    began, rows = time.perf_counter(), []
    for file in files:
        known = {"name": file.name, "label": file.label, "size": file.size, "modified": file.modified}
        try:
            source = source_at(data, file.name)
            content = (
                source.archive.read(source.member) if isinstance(source, ZipSource) else photograph_bytes(source.path)
            )
            frames: Sequence[PhotographSource] = every_frame(source)
        except PhotographError as error:
            rows.append(known | {"sha256": "", "frame": 0, "why": str(error)})
            continue
        for one in frames:
            mark = f"#{one.frame}".encode() if one.frame else b""
            rows.append(known | {"sha256": hashlib.sha256(content + mark).hexdigest(), "frame": one.frame, "why": ""})
    return Answer([dict[str, Any](row) for row in rows], time.perf_counter() - began)
