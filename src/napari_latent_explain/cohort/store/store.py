"""What a cohort's photographs gave, in a folder of shards that is there whole after every interruption."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from filelock import FileLock, Timeout

from napari_latent_explain.cohort.store.parts import Parts
from napari_latent_explain.cohort.store.shards import (
    code_bytes,
    count_rows,
    read_codes,
    read_rows,
    require_cohort,
    table_bytes,
)
from napari_latent_explain.cohort.store.store_state import StoreState
from napari_latent_explain.domain import LatentExplainError, ProjectError
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.kept_json import read_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["FAILED", "CohortStore"]

_NAME = "store.json"
FAILED = ("error", "killed", "unread")
"""Outcomes that another try may change; ``refused`` is an answer, as ``done`` is."""


class CohortStore:
    """A folder of shards, each of the photographs whose SHA-256 begins alike; one program at a time writes to it.

    ::

        store.json                       version, model, settings of each stage
        photographs/<shard>.parquet      SHA-256, and the only table with names: the path within the data, frame, label
        photographs/unread.parquet       files that could not be read to be hashed
        codes/<shard>.zarr.zip           sha256 (N, 32) uint8, codes (N, n) float32
        results/<stage>/<shard>.parquet  one row a photograph: its outcome, and what was measured
        failures/<stage>.parquet         photographs that are not done, and why
        pictures/<shard>/                only if they were asked for
        parts/                           chunks of shards that are not complete yet

    The names are there so that a person can find a file again; leave ``photographs/`` out of what you give away. Which shard a
    photograph is in depends on its hash alone, and a shard's bytes on its photographs alone: neither on chunks, nor on the
    number of workers, nor on interruptions. A shard has 128 to 256 photographs as the store is begun, and may grow.

    Results of photographs that are no longer in the data stay, and are not counted.

    Parameters
    ----------
    folder : pathlib.Path
        Made by `open`, or looked at by `read`.
    """

    def __init__(self, folder: Path, state: StoreState, lock: FileLock | None = None) -> None:
        self.folder, self.state, self._lock = folder, state, lock
        self._parts = Parts(folder / "parts")

    @classmethod
    def open(cls, folder: Path, wanted: StoreState) -> Self:
        """Open a store to write to it, or begin it if there is none.

        Parameters
        ----------
        folder : pathlib.Path
            Where it lies.
        wanted : StoreState
            What it is to be if there is none (`StoreState.fitting` makes it); the model must be that of one that is there.

        Raises
        ------
        ProjectError
            If another program writes to it, it is damaged, of a newer version or of another model, or can't be written.
        """
        require_cohort()
        folder = folder.absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / "store.lock", timeout=0, thread_local=False)
            lock.acquire()
        except Timeout as error:
            msg = f"Another run writes to {folder}; wait until it has ended, or name another folder."
            raise ProjectError(msg) from error
        except OSError as error:
            msg = f"The folder {folder} can't be written ({error.strerror}); choose another one for the store."
            raise ProjectError(msg) from error
        try:
            _sweep(folder)
            if not (folder / _NAME).exists():
                found = cls(folder, wanted, lock)
                found._write()
                return found
            found = cls(folder, cls.read(folder).state, lock)
            found.refuse_other(wanted.name, wanted.model)
        except LatentExplainError:
            lock.release()
            raise
        return found

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Open a store to look at it, perhaps while another program writes to it.

        Raises
        ------
        ProjectError
            If there is none, or it is damaged or of a newer version.
        """
        require_cohort()
        path = folder / _NAME
        if not path.is_file():
            msg = f"There is no store in {folder}; make one with 'latent-explain cohort invert DATA --output {folder}'."
            raise ProjectError(msg)
        try:
            return cls(folder, read_kept(path, StoreState, ProjectError, "copy it from a backup"))
        except OSError as error:
            msg = f"{path} can't be read ({error.strerror}); check that you may read it."
            raise ProjectError(msg) from error

    def close(self) -> None:
        """Let another program write to it."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def refuse_other(self, name: str, model: str) -> None:
        """See that a model is the store's.

        Raises
        ------
        ProjectError
            If it is another one.
        """
        if model != self.state.model:
            msg = (
                f"{self.folder} was made with the model {self.state.name} {self.state.model[:12]}, and this is {name} "
                f"{model[:12]}: name another folder for this model."
            )
            raise ProjectError(msg)

    # -- where things are -------------------------------------------------------------------------------------------

    @property
    def shards(self) -> list[str]:
        """Names of all shards, in order; some may have no photographs."""
        return self.state.shards

    def shard_of(self, sha256: str) -> str:
        """The shard of a photograph."""
        return self.state.shard_of(sha256)

    def path(self, kind: str, shard: str) -> Path:
        """The file of a shard of ``photographs``, ``codes``, or a stage."""
        if kind == "codes":
            return self.folder / "codes" / f"{shard}.zarr.zip"
        if kind == "photographs":
            return self.folder / "photographs" / f"{shard}.parquet"
        return self.folder / "results" / kind / f"{shard}.parquet"

    @property
    def _about(self) -> dict[str, str]:
        return {"format": "1", "model": self.state.model}

    # -- settings ---------------------------------------------------------------------------------------------------

    def settle(self, stage: str, settings: Mapping[str, str | int | bool]) -> None:
        """Say with which settings a stage is run.

        Raises
        ------
        ProjectError
            If it was begun with others.
        """
        before = self.state.stages.get(stage)
        if before is None:
            stages = dict(sorted({**self.state.stages, stage: dict(settings)}.items()))
            self.state = self.state.replace(stages=stages)
            self._write()
        elif before != dict(settings):
            other = [key for key in {**before, **settings} if before.get(key) != settings.get(key)]
            said = ", ".join(f"{key} {_shown(before.get(key))}, not {_shown(settings.get(key))}" for key in other)
            msg = f"The results of '{stage}' in {self.folder} were made with {said}: use the same, or another folder."
            raise ProjectError(msg)

    def _write(self) -> None:
        write_atomically(self.folder / _NAME, (self.state.model_dump_json(indent=1) + "\n").encode())

    # -- the list of photographs ------------------------------------------------------------------------------------

    def photographs(self, shard: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Rows of the list, by hash and name; a photograph that lies in two files has two."""
        path = self.path("photographs", shard)
        return read_rows(path, columns) if path.exists() else []

    def list_photographs(self, rows: Iterable[Mapping[str, Any]], unread: Iterable[Mapping[str, Any]]) -> None:
        """Put a list of photographs in place of the one that is there; shards that stay the same are not written."""
        by_shard: dict[str, list[Mapping[str, Any]]] = {shard: [] for shard in self.shards}
        for row in rows:
            by_shard[self.shard_of(row["sha256"])].append(row)
        for shard, members in by_shard.items():
            members.sort(key=lambda row: (row["sha256"], row["name"]))
            self._put(self.path("photographs", shard), "photographs", members)
        self._put(self.folder / "photographs" / "unread.parquet", "unread", sorted(unread, key=lambda row: row["name"]))
        self._parts.drop("photographs", "all")

    def unread(self) -> list[dict[str, Any]]:
        """Files that could not be read to be hashed: name and why."""
        path = self.folder / "photographs" / "unread.parquet"
        return read_rows(path) if path.exists() else []

    def _put(self, path: Path, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a table; none where there are no rows, and nothing where it is there already."""
        if not rows:
            path.unlink(missing_ok=True)
            return
        content = table_bytes(kind, rows, {"format": "1"})
        if not path.exists() or hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(content).digest():
            write_atomically(path, content)

    # -- results ----------------------------------------------------------------------------------------------------

    def results(self, stage: str, shard: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Rows of a finished shard, by hash; parts of it that are not collected yet are left out."""
        path = self.path(stage, shard)
        return read_rows(path, columns, model=self.state.model) if path.exists() else []

    def outcomes(self, stage: str, shard: str) -> dict[str, str]:
        """The outcome of each photograph so far, by hash."""
        columns = ["sha256", "outcome"]
        found = {row["sha256"]: row["outcome"] for row in self.results(stage, shard, columns)}
        if stage == "invert" and not self.path("codes", shard).exists():  # a damaged file that was deleted
            found = {key: outcome for key, outcome in found.items() if outcome != "done"}
        for path in self._parts.files(stage, shard):
            found |= {row["sha256"]: row["outcome"] for row in read_rows(path, columns, model=self.state.model)}
        return found

    def count(self, stage: str) -> int:
        """How many rows the finished shards of a stage have."""
        return sum(count_rows(path) for path in (self.folder / "results" / stage).glob("*.parquet"))

    def codes(self, shard: str, only: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """The codes (n,) float32 of some photographs of a shard, by hash."""
        path = self.path("codes", shard)
        if not path.exists():
            return {}
        hashes, codes = read_codes(path, model=self.state.model, only=frozenset(only))
        return dict(zip(hashes, codes, strict=True))

    def keep(self, stage: str, shard: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep what a chunk of a shard gave, until `collect` finds the shard complete.

        Raises
        ------
        ExportError
            If it can't be written; then nothing of it is there.
        """
        self._parts.add(stage, shard, table_bytes(stage, rows, self._about))

    def parts(self, stage: str, shard: str) -> Iterator[dict[str, Any]]:
        """Rows that `keep` wrote and nothing collected yet."""
        for path in self._parts.files(stage, shard):
            yield from read_rows(path)

    def collect(self, stage: str, shard: str) -> None:
        """Bring the parts of a shard together with what it held: its codes first, so that no row is without its code.

        Raises
        ------
        ExportError
            If it can't be written; then the shard is as it was, and its parts are there.
        """
        parts = self._parts.files(stage, shard)
        if not parts:
            return
        rows = {row["sha256"]: row for row in self.results(stage, shard)}
        new: dict[str, NDArray[np.float32]] = {}
        for path in parts:
            for row in read_rows(path, model=self.state.model):
                code = row.pop("code", None)
                if code is not None:
                    new[row["sha256"]] = np.frombuffer(code, np.float32)
                rows[row["sha256"]] = row
        done = {key for key, row in rows.items() if row["outcome"] == "done"}
        if stage == "invert":
            codes = self.codes(shard, done) | new
            order = sorted(codes)
            stacked = (
                np.stack([codes[key] for key in order]) if order else np.zeros((0, self.state.code_size), np.float32)
            )
            write_atomically(self.path("codes", shard), code_bytes(order, stacked, self._about))
        write_atomically(self.path(stage, shard), table_bytes(stage, (rows[key] for key in sorted(rows)), self._about))
        self._parts.drop(stage, shard)

    def list_failures(self, stage: str) -> int:
        """Write ``failures/<stage>.parquet`` anew, of the photographs that are listed; return how many there are."""
        found: list[dict[str, Any]] = []
        for shard in self.shards:
            listed = {row["sha256"] for row in self.photographs(shard, ["sha256"])}
            rows = self.results(stage, shard, ["sha256", "outcome", "why"])
            found += [row for row in rows if row["outcome"] != "done" and row["sha256"] in listed]
        self._put(self.folder / "failures" / f"{stage}.parquet", "failures", found)
        return len(found)

    def failures(self, stage: str) -> list[dict[str, Any]]:
        """Photographs that are not done: sha256, outcome (refused, unread, error or killed) and why."""
        path = self.folder / "failures" / f"{stage}.parquet"
        return read_rows(path) if path.exists() else []


def _sweep(folder: Path) -> None:
    """Remove what a killed run was writing."""
    for path in folder.rglob(".*.part"):
        path.unlink(missing_ok=True)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:12] or "none"
