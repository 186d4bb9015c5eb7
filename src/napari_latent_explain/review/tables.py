"""Ratings as tables that other programs read: CSV, Parquet, and a JSON schema that says what is in them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.review.judgements import participation
from napari_latent_explain.review.question import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_latent_explain.review.record import Record
    from napari_latent_explain.review.study import Study

__all__ = ["COLUMNS", "rating_rows", "write_tables"]

COLUMNS: dict[str, tuple[str, str]] = {
    "study": ("string", "SHA-256 of the study"),
    "rater": ("string", "pseudonym of the rater"),
    "trial": ("integer", "number of the trial in the rater's order, from 1"),
    "kind": ("string", "first, repeat, or catch (nothing was changed)"),
    "series": ("integer", "1, or 2 after a washout"),
    "swapped": ("boolean", "whether the pictures stood in reverse order"),
    "item": ("string", "what was shown"),
    "case": ("string", "pseudonymous id of the photograph"),
    "direction": ("string", "id of the direction, empty for whole counterfactuals"),
    "question": ("string", "id of the question"),
    "level": ("string", "nominal, ordinal, set, text or marks"),
    "answer": ("string", "the answer: a code, a number, a text, or JSON for sets and marks"),
    "locked": ("string", "when the trial was locked, ISO 8601, UTC"),
    "seconds": ("number", "how long the trial was on show, breaks left out"),
}
"""Name, JSON type and meaning of each column."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rating_rows(study: Study, chains: Mapping[str, Sequence[Record]]) -> list[dict[str, Any]]:
    """Return one row an answer of a locked trial, raters in alphabetical order, trials in theirs."""
    rows = []
    for records in chains.values():
        for one in participation(study, records).judgements if records else ():
            answer = plain(one.answer)
            text = json.dumps(answer, ensure_ascii=False) if isinstance(answer, list) else str(answer)
            rows.append(
                {
                    "study": study.sha256, "rater": one.rater, "trial": one.trial, "kind": one.kind, "series": one.series,
                    "swapped": one.swapped, "item": one.item, "case": one.case, "direction": one.direction,
                    "question": one.question, "level": study.protocol.question(one.question).level, "answer": text,
                    "locked": one.locked.isoformat(), "seconds": one.seconds,
                }
            )  # fmt: skip
    return rows


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """CSV as in RFC 4180; a text that a spreadsheet would run as a formula gets a leading quote."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                name: f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
                for name, value in row.items()
            }
        )
    return stream.getvalue().encode()


def _parquet(rows: Sequence[Mapping[str, Any]], study: Study) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        msg = "Parquet needs another package: pip install 'napari-latent-explain[tables]'."
        raise ExportError(msg) from error
    kinds = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    schema = pa.schema([pa.field(name, kinds[kind], nullable=False) for name, (kind, _) in COLUMNS.items()])
    schema = schema.with_metadata({"study": study.sha256, "protocol": study.protocol.name})
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), stream, compression="zstd")
    return stream.getvalue()


def _schema(study: Study) -> bytes:
    tree = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Ratings of the study '{study.title}'",
        "description": "One object a row of ratings.csv or ratings.parquet. For research, not for diagnosis.",
        "type": "object",
        "required": list(COLUMNS),
        "additionalProperties": False,
        "properties": {name: {"type": kind, "description": words} for name, (kind, words) in COLUMNS.items()},
        "questions": [question.model_dump(mode="json") for question in study.protocol.questions],
    }
    return (json.dumps(tree, indent=1, ensure_ascii=False) + "\n").encode()


def write_tables(
    study: Study, chains: Mapping[str, Sequence[Record]], folder: Path, *, parquet: bool = True
) -> dict[str, Path]:
    """Write ``ratings.csv``, ``ratings.schema.json`` and, if asked for, ``ratings.parquet``; returns paths by name.

    Raises
    ------
    ExportError
        If a file can't be written, or Parquet is asked for without its package.
    """
    rows = rating_rows(study, chains)
    content = {"csv": ("ratings.csv", _csv(rows)), "schema": ("ratings.schema.json", _schema(study))}
    if parquet:
        content["parquet"] = ("ratings.parquet", _parquet(rows, study))
    return {kind: write_atomically(folder / name, body) for kind, (name, body) in content.items()}
