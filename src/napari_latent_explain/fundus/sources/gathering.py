"""What a person names, as a list of photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import PhotographError
from napari_latent_explain.fundus.photograph_files import is_dicom, photograph_files
from napari_latent_explain.fundus.sources.dicomdir import dicomdir_files
from napari_latent_explain.fundus.sources.source import FileSource, PhotographSource
from napari_latent_explain.fundus.sources.table import read_table
from napari_latent_explain.fundus.sources.zip_archive import ZipArchive, ZipSource

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["every_frame", "photograph_sources"]

_MANIFEST = "manifest.csv"


def photograph_sources(path: Path) -> list[PhotographSource]:
    """List the photographs that a path stands for; none is read yet.

    Parameters
    ----------
    path : pathlib.Path
        A folder (what its ``manifest.csv`` names, or without one, all photographs in it and below), a DICOMDIR, a zip archive, a
        CSV file with the columns ``file`` and ``label``, or one photograph.

    Returns
    -------
    list of PhotographSource
        One for each file; `every_frame` tells the frames of one apart.

    Raises
    ------
    PhotographError
        If the list can't be read, or is refused.
    """
    if path.is_dir():
        manifest = path / _MANIFEST
        if manifest.is_file():
            return _of_table(manifest)
        return [FileSource(str(file.relative_to(path)), file) for file in photograph_files(path)]
    if path.name.upper() == "DICOMDIR":
        return [FileSource(str(file.relative_to(path.parent)), file) for file in dicomdir_files(path)]
    if path.suffix.lower() == ".csv":
        return _of_table(path)
    if path.suffix.lower() == ".zip":
        archive = ZipArchive(path)
        return [ZipSource(name, path, archive=archive, member=name) for name in archive.names()]
    return [FileSource(path.name, path)]


def every_frame(source: PhotographSource) -> list[PhotographSource]:
    """Return the frames of a source's file, one after the other; itself alone if it has no others, or can't be read."""
    if isinstance(source, FileSource) and not is_dicom(source.path):
        return [source]
    try:
        return [source.at(frame) for frame in range(source.frames())]
    except PhotographError:
        return [source]  # reading it says what is wrong


def _of_table(table: Path) -> list[PhotographSource]:
    return [FileSource(row.file, row.path, row.label) for row in read_table(table)]
