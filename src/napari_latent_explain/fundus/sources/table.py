"""Tables of photographs: CSV files with the columns ``file`` and, if there is one, ``label``."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_latent_explain.domain import PhotographError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TableRow", "read_table"]

_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class TableRow:
    """One row.

    Parameters
    ----------
    line : int
        Where it ends in the table, from 1.
    file : str
        As it is written there.
    path : pathlib.Path
        The file, in the table's folder.
    label : str
        As it is written there; empty if there is none.
    """

    line: int
    file: str
    path: Path
    label: str = ""


def read_table(table: Path, folder: Path | None = None) -> list[TableRow]:
    """Read a table, in its order; empty rows are left out. Commas or semicolons lie between the columns.

    Parameters
    ----------
    table : pathlib.Path
        In UTF-8.
    folder : pathlib.Path, optional
        Where paths begin; the table's own folder, if not given.

    Raises
    ------
    PhotographError
        If it can't be read, has no column ``file``, a label has no file, or a path leads out of the folder.
    """
    folder = folder if folder is not None else table.parent
    inside = folder.resolve()
    found = []
    try:
        reader = csv.DictReader(io.StringIO(_text(table), newline=""), delimiter=_delimiter(table))
        if "file" not in (reader.fieldnames or ()):
            msg = f"{table} has no column file; it should be a CSV file with the columns file and label."
            raise PhotographError(msg)
        for row in reader:
            name = (row.get("file") or "").strip()
            if not name:
                if (row.get("label") or "").strip():
                    msg = f"Line {reader.line_num} of {table} has a label and no file; give it one."
                    raise PhotographError(msg)
                continue
            if not (folder / name).resolve().is_relative_to(inside):
                msg = (
                    f"Line {reader.line_num} of {table} names {ascii(name)[:100]}, which is not in the folder {folder}."
                )
                raise PhotographError(msg)
            found.append(TableRow(reader.line_num, name, folder / name, (row.get("label") or "").strip()))
    except (OSError, ValueError, csv.Error) as error:
        msg = f"{table} can't be read ({error}); it should be a CSV file with the columns file and label."
        raise PhotographError(msg) from error
    return found


def _text(table: Path) -> str:
    if not table.is_file():
        msg = f"There is no file '{table}': check the name."
        raise PhotographError(msg)
    if table.stat().st_size > _MOST_BYTES:
        msg = f"{table} is larger than {_MOST_BYTES // 2**20} MiB, as no list of photographs is: split it."
        raise PhotographError(msg)
    return table.read_text(encoding="utf-8-sig")


def _delimiter(table: Path) -> str:
    """A semicolon where the first line has no comma, as spreadsheets write it in much of Europe."""
    with table.open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline(_MOST_BYTES)
    return ";" if ";" in first and "," not in first else ","
