"""Photographs from an archive into a folder, one by one; a stopped fetch goes on there."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from napari_latent_explain.cohort.dicomweb.errors import AnswerError
from napari_latent_explain.cohort.dicomweb.fetched_table import (
    MANIFEST,
    REFUSED,
    FetchedRow,
    RefusedRow,
    read_rows,
    write_rows,
)
from napari_latent_explain.cohort.dicomweb.instance import read_instance, retrieve, uids_of
from napari_latent_explain.domain import ExportError, PhotographError, silent
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.fundus.reader import decode_photograph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from napari_latent_explain.cohort.dicomweb.archive import Archive
    from napari_latent_explain.cohort.dicomweb.listing import ArchivedPhotograph
    from napari_latent_explain.domain import Progress

__all__ = ["Fetched", "fetch"]

_Key = tuple[str, str, str]

_SECONDS_BETWEEN_TABLES = 1.0


@dataclass
class Fetched:
    """What became of a fetch.

    Parameters
    ----------
    new, kept : list of FetchedRow
        Fetched now, and there already.
    refused : list of RefusedRow
        No photographs of a fundus that can be read, now or before; they are not asked for again.
    failed : list of RefusedRow
        Not to be had this time; they are asked for again.
    """

    new: list[FetchedRow] = field(default_factory=list)
    kept: list[FetchedRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    failed: list[RefusedRow] = field(default_factory=list)


def fetch(
    archive: Archive, photographs: Iterable[ArchivedPhotograph], folder: Path, *, progress: Progress = silent
) -> Fetched:
    """Fetch photographs into a folder.

    Files are named by the hash of their UIDs, and are there whole or not at all. ``manifest.csv`` ties them to study, series and
    instance; it is what a folder's photographs are known by, so that `explain` can be given the folder. What is no photograph of
    a fundus is refused by what it is, written to ``refused.csv``, and the rest goes on.

    Parameters
    ----------
    photographs : iterable of ArchivedPhotograph
        From `search`. They are listed to the end before the first is fetched.
    folder : pathlib.Path
        Made if it isn't there, for its owner alone: photographs name their patients. What an earlier fetch left there is
        checked by its hash and not fetched again.
    progress : Progress
        Called ten times a second; may raise `Cancelled`.

    Raises
    ------
    ArchiveError
        If the archive can't be used any more; what was fetched stays.
    ExportError
        If the folder can't be written.
    """
    wanted = dict.fromkeys((one.study, one.series, one.instance) for one in photographs)
    _make_private(folder)
    tables = _Tables(folder)
    done = Fetched()
    try:
        for number, key in enumerate(wanted):
            what = f"photograph {number + 1} of {len(wanted)}"
            share = number / len(wanted)
            progress(what, share)
            if row := tables.there(key):
                done.kept.append(row)
            elif key in tables.refused:
                done.refused.append(tables.refused[key])
            else:
                _fetch_one(archive, key, tables, done, partial(progress, what, share))
            tables.keep()
    finally:
        tables.keep(now=True)
    progress(f"{len(wanted)} photographs", 1.0)
    return done


def _make_private(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        msg = f"{folder} can't be made ({error.strerror}); choose another folder."
        raise ExportError(msg) from error


def _fetch_one(archive: Archive, key: _Key, tables: _Tables, done: Fetched, still_wanted: Callable[[], None]) -> None:
    study, series, instance = key
    try:
        data = retrieve(archive, study, series, instance, still_wanted)
    except AnswerError as error:
        done.failed.append(RefusedRow(study=study, series=series, instance=instance, why=str(error)))
        return
    if data is None:
        why = "The archive lists it and doesn't have it."
        done.failed.append(RefusedRow(study=study, series=series, instance=instance, why=why))
        return
    try:
        decode_photograph(data, _file_name(key), progress=lambda *_: still_wanted())
    except PhotographError as error:
        done.refused.append(RefusedRow(study=study, series=series, instance=instance, why=str(error)))
        tables.refused[key] = done.refused[-1]
        return
    done.new.append(tables.add(key, data))


class _Tables:
    """What a folder has, and the two tables that say so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = {row.key: row for row in read_rows(folder / MANIFEST, FetchedRow)}
        self.refused = {row.key: row for row in read_rows(folder / REFUSED, RefusedRow)}
        self._next = 0.0

    def there(self, key: _Key) -> FetchedRow | None:
        """The row of an instance whose file is there, and is what was fetched."""
        path = self._folder / _file_name(key)
        if not path.is_file():
            return None
        data = path.read_bytes()
        row = self._rows.get(key)
        if row is not None:
            return row if row.sha256 == hashlib.sha256(data).hexdigest() else None
        try:  # a fetch was killed between the file and its row
            whole = uids_of(read_instance(data)) == key
        except AnswerError:
            return None
        return self._note(key, data) if whole else None

    def add(self, key: _Key, data: bytes) -> FetchedRow:
        """Write a file."""
        write_atomically(self._folder / _file_name(key), data)
        return self._note(key, data)

    def keep(self, *, now: bool = False) -> None:
        """Write the tables, though not at every photograph of thousands."""
        if now or time.monotonic() >= self._next:
            write_rows(self._folder / MANIFEST, FetchedRow, self._rows.values())
            if self.refused:
                write_rows(self._folder / REFUSED, RefusedRow, self.refused.values())
            self._next = time.monotonic() + _SECONDS_BETWEEN_TABLES

    def _note(self, key: _Key, data: bytes) -> FetchedRow:
        study, series, instance = key
        sha256 = hashlib.sha256(data).hexdigest()
        row = FetchedRow(study=study, series=series, instance=instance, file=_file_name(key), sha256=sha256)
        self._rows[key] = row
        return row


def _file_name(key: _Key) -> str:
    return f"{hashlib.sha256('|'.join(key).encode()).hexdigest()[:32]}.dcm"
