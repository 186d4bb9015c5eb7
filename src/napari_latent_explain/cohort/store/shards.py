"""The files of a store, as bytes: Parquet tables of rows, and codes as a zipped Zarr group.

The same rows give the same bytes: rows are sorted, columns have a fixed order, and no file holds a date.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_latent_explain.domain import ProjectError, WrongUseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["COLUMNS", "code_bytes", "count_rows", "read_codes", "read_rows", "require_cohort", "table_bytes"]

_OUTCOME = {"sha256": "string", "outcome": "string", "why": "string"}
COLUMNS: dict[str, dict[str, str]] = {
    "photographs": {
        "sha256": "string", "name": "string", "frame": "int32", "label": "string", "size": "int64", "modified": "int64",
    },
    "unread": {"name": "string", "why": "string"},
    "invert": _OUTCOME | {
        "width": "int32", "height": "int32", "simulated": "bool",
        "eye": "string", "eye_source": "string", "eye_confidence": "double", "mirrored": "bool",
        "quality": "strings", "brightness": "double", "sharpness": "double", "saturated": "double",
        "l1": "double", "loss_encoder": "double", "loss_refined": "double",
        "probabilities": "doubles", "reconstructed": "doubles",
        "decision": "string", "reconstructed_decision": "string", "gap": "double",
    },
    "counterfactual": _OUTCOME | {
        "decision": "string", "target": "string", "reached": "bool", "flipped": "bool",
        "directions": "strings", "strengths": "doubles",
        "probabilities": "doubles", "reconstructed": "doubles", "counterfactual": "doubles",
        "changed_area": "double", "second_before": "double", "second_after": "double",
        "controls_failed": "strings", "effect": "double", "random_share": "double", "reversal": "double",
    },
    "failures": _OUTCOME,
}  # fmt: skip
"""Columns of each kind of table, and what is in them; of a photograph that failed, all but the first three are null."""

CODE = {"code": "binary"}
"""One more column in the unfinished parts of the stage ``invert``: the code's float32."""


def require_cohort(package: str = "pyarrow") -> None:
    """Say what to install, if the packages for cohorts are missing.

    Raises
    ------
    WrongUseError
        If `package` can't be imported.
    """
    from importlib.util import find_spec

    if find_spec(package) is None:
        msg = "Cohorts need more packages: pip install 'napari-latent-explain[cohort]'."
        raise WrongUseError(msg)


def table_bytes(kind: str, rows: Iterable[Mapping[str, Any]], about: Mapping[str, str]) -> bytes:
    """Write rows of one kind (a key of `COLUMNS`) as Parquet.

    Parameters
    ----------
    kind, rows : str, iterable of mapping
        What they are, in the order in which they are to stand; what a row lacks is null, and what it has too much is left out.
        Rows with a ``code`` keep it.
    about : mapping
        Carried in the file: the model's hash and so on.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        "string": pa.string(), "int32": pa.int32(), "int64": pa.int64(), "bool": pa.bool_(), "double": pa.float64(),
        "strings": pa.list_(pa.string()), "doubles": pa.list_(pa.float64()), "binary": pa.binary(),
    }  # fmt: skip
    rows = list(rows)
    columns = COLUMNS[kind] | (CODE if any("code" in row for row in rows) else {})
    schema = pa.schema([(name, kinds[what]) for name, what in columns.items()], metadata=dict(sorted(about.items())))
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), stream, compression="zstd")
    return stream.getvalue()


def read_rows(path: Path, columns: Sequence[str] | None = None, *, model: str = "") -> list[dict[str, Any]]:
    """Read the rows of a table, of some columns if they are named.

    Raises
    ------
    ProjectError
        If it is damaged, or of another model than the one with the hash `model`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            about = {k.decode(): v.decode() for k, v in (file.schema_arrow.metadata or {}).items()}
            rows: list[dict[str, Any]] = file.read(columns=columns).to_pylist()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _damaged(path, error) from error
    _check(path, about.get("model", ""), model)
    return rows


def count_rows(path: Path) -> int:
    """How many rows a table has, without reading them.

    Raises
    ------
    ProjectError
        If it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def code_bytes(hashes: Sequence[str], codes: NDArray[np.float32], about: Mapping[str, str]) -> bytes:
    """Write codes (N, n) float32, by photograph, as a zipped Zarr group: ``sha256`` (N, 32) uint8 and ``codes`` (N, n).

    A Zarr chunk holds 16 codes, so that some can be read without the others.
    """
    import zarr
    from zarr.storage import MemoryStore

    written: dict[str, Any] = {}
    group = zarr.open_group(MemoryStore(written), mode="w", zarr_format=3, attributes=dict(sorted(about.items())))
    keys = np.frombuffer(b"".join(bytes.fromhex(one) for one in hashes), np.uint8).reshape(-1, 32)
    for name, values, rows in (("sha256", keys, max(1, len(keys))), ("codes", codes, 16)):
        array = group.create_array(name, shape=values.shape, dtype=values.dtype, chunks=(rows, max(1, values.shape[1])))
        if len(values):
            array[:] = values
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for key in sorted(written):
            archive.writestr(zipfile.ZipInfo(key, (1980, 1, 1, 0, 0, 0)), written[key].to_bytes())
    return stream.getvalue()


def read_codes(
    path: Path, *, model: str = "", only: frozenset[str] | None = None
) -> tuple[list[str], NDArray[np.float32]]:
    """Read hashes, and codes (N, n) float32, of a file that `code_bytes` wrote; of the photographs `only`, if they are given.

    Raises
    ------
    ProjectError
        If it is damaged, or of another model than the one with the hash `model`.
    """
    import zarr
    from zarr.storage import ZipStore

    try:
        with ZipStore(path, mode="r") as archive:
            group = zarr.open_group(archive, mode="r")
            about = str(group.attrs.get("model", ""))
            hashes = [bytes(row).hex() for row in np.asarray(group["sha256"])]
            wanted = np.array([i for i, key in enumerate(hashes) if only is None or key in only], np.int64)
            codes: NDArray[np.float32] = np.asarray(group["codes"].get_orthogonal_selection((wanted,)), np.float32)
    except Exception as error:  # a damaged file makes zarr and its codecs raise a dozen types
        raise _damaged(path, error) from error
    _check(path, about, model)
    return [hashes[i] for i in wanted], codes


def _check(path: Path, found: str, model: str) -> None:
    if model and found != model:
        msg = f"{path} was made with another model ({found[:12] or 'none named'}); use another folder for this model."
        raise ProjectError(msg)


def _damaged(path: Path, error: Exception) -> ProjectError:
    what = str(error).split("\n")[0].rstrip(".")[:200]
    return ProjectError(f"{path} is damaged ({what}): delete it and run the same command again, which makes it anew.")
