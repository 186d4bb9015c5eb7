"""The tables in a folder of fetched photographs: which file is which instance, and what was refused."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from napari_latent_explain.cohort.dicomweb.answers import is_uid
from napari_latent_explain.cohort.dicomweb.errors import ArchiveError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TypeVar

    R = TypeVar("R", bound="_Row")

__all__ = ["MANIFEST", "REFUSED", "FetchedRow", "RefusedRow", "read_rows", "write_rows"]

MANIFEST, REFUSED = "manifest.csv", "refused.csv"
_MOST_BYTES = 256 * 2**20


class _Row(FrozenModel):
    study: str
    series: str
    instance: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Which instance it is of."""
        return self.study, self.series, self.instance


class FetchedRow(_Row):
    """One line of ``manifest.csv``, which `fundus.sources` reads as a list of photographs.

    Parameters
    ----------
    file, sha256 : str
        Name in the folder, and hash of its bytes: what `explain` names results by.
    study, series, instance : str
        UIDs.
    """

    file: str
    sha256: str


class RefusedRow(_Row):
    """One line of ``refused.csv``: an instance that is no photograph of a fundus that can be read, and why."""

    why: str


def read_rows(path: Path, kind: type[R]) -> list[R]:
    """Read a table that `write_rows` wrote; none if there is no file.

    Raises
    ------
    ArchiveError
        If it is another table, or damaged.
    """
    if not path.exists():
        return []
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        wanted = list(kind.model_fields)
        found = [kind.model_validate({name: row[name] for name in wanted}) for row in reader]
        if not all(is_uid(uid) for row in found for uid in row.key):
            raise ValueError
        if found or set(wanted) <= set(reader.fieldnames or ()):
            return found
        raise ValueError
    except (OSError, ValueError, KeyError, csv.Error) as error:
        msg = f"{path} was not written by fetching from an archive, or is damaged; choose another folder."
        raise ArchiveError(msg) from error


def write_rows(path: Path, kind: type[R], rows: Iterable[R]) -> None:
    """Write a table, whole or not at all.

    Raises
    ------
    ExportError
        If it can't be written.
    """
    stream = io.StringIO(newline="")
    columns = list(kind.model_fields)
    if "file" in columns:  # first, as people look for it
        columns = ["file", *(name for name in columns if name != "file")]
    writer = csv.DictWriter(stream, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(row.model_dump() for row in rows)
    write_atomically(path, stream.getvalue().encode())
