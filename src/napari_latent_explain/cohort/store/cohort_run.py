"""The stages of a cohort: what waits of each, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cohort.store.assignment import Answer, Assignment, Waiting
from napari_latent_explain.cohort.store.listing import Listed, hash_files
from napari_latent_explain.cohort.store.running import run_chunks
from napari_latent_explain.cohort.store.store import FAILED, CohortStore
from napari_latent_explain.domain import WrongUseError, silent
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.fundus.sources import file_of_frame, name_of_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from napari_latent_explain.cohort.store.chunks import Pace
    from napari_latent_explain.cohort.store.workers import Workers
    from napari_latent_explain.domain import Progress

__all__ = ["Tally", "list_cohort", "run_stage", "settings_of"]

_KILLED = "Its worker ended each time this photograph was worked on (3 times): it may take more memory than there is."


@dataclass(frozen=True)
class Tally:
    """How many photographs a stage was to do, did now, and lists as failed in the end."""

    listed: int
    worked_on: int
    failures: int


def list_cohort(
    store: CohortStore,
    files: Sequence[Listed],
    data: Path,
    workers: Workers,
    *,
    progress: Progress = silent,
    pace: Pace | None = None,
) -> int:
    """Bring the store's list of photographs up to date with the data; return how many files had to be hashed.

    A file is taken for the same while its size and date are; its label is what the data say now.
    """
    named = {one.name: one for one in files}
    known: dict[str, list[dict[str, Any]]] = {}
    for row in chain(chain.from_iterable(map(store.photographs, store.shards)), store.parts("photographs", "all")):
        known.setdefault(file_of_frame(row["name"], row["frame"]), []).append(row)
    rows: list[dict[str, Any]] = []
    unread: list[dict[str, Any]] = []
    for name, found in known.items():
        one = named.get(name)
        if one is not None and all((row["size"], row["modified"]) == (one.size, one.modified) for row in found):
            rows += [row | {"label": one.label} for row in found]
            del named[name]
    waiting = list(named.values())

    def keep(_chunk: Sequence[Listed], answer: Answer) -> int:
        read = [row | {"name": name_of_frame(row["name"], row["frame"])} for row in answer.rows if row["sha256"]]
        failed = [row for row in answer.rows if not row["sha256"]]
        if read:
            store.keep("photographs", "all", read)
        rows.extend(read)
        unread.extend(failed)
        return len(failed)

    def give_up(one: Listed) -> None:
        unread.append({"name": one.name, "why": _KILLED})

    run_chunks(
        workers, partial(hash_files, data), [waiting] if waiting else [], len(waiting),
        keep=keep, give_up=give_up, progress=progress, pace=pace,
    )  # fmt: skip
    store.list_photographs({(row["name"], row["sha256"]): row for row in rows}.values(), unread)
    return len(waiting)


class _Stage:
    """What one stage still has to do, shard by shard."""

    def __init__(self, store: CohortStore, assignment: Assignment, *, retry: bool) -> None:
        self.store, self.assignment, self.retry = store, assignment, retry
        self.stage = assignment.stage
        self._left: dict[str, int] = {}

    def missing(self, shard: str) -> list[dict[str, Any]]:
        """Rows of the photographs of a shard that are to be done, each photograph once."""
        listed = {row["sha256"]: row for row in reversed(self.store.photographs(shard, ["sha256", "name", "frame"]))}
        had = self.store.outcomes(self.stage, shard)
        again = FAILED if self.retry else ()
        wanted = [key for key in sorted(listed) if key not in had or had[key] in again]
        if self.stage != "invert" and wanted:
            inverted = self.store.results("invert", shard, ["sha256", "outcome", "decision"])
            ready = {
                row["sha256"]
                for row in inverted
                if row["outcome"] == "done" and row["decision"] != self.assignment.target
            }
            wanted = [key for key in wanted if key in ready]
        return [listed[key] for key in wanted]

    def groups(self) -> Iterator[list[Waiting]]:
        """What waits, a shard at a time; shards that were complete but for being collected are collected on the way."""
        for shard in self.store.shards:
            rows = self.missing(shard)
            if not rows:
                self.store.collect(self.stage, shard)
                continue
            codes = {} if self.stage == "invert" else self.store.codes(shard, {row["sha256"] for row in rows})
            waiting = [
                Waiting(
                    row["sha256"], file_of_frame(row["name"], row["frame"]), row["frame"],
                    codes[row["sha256"]].tobytes() if codes else b"",
                )
                for row in rows
            ]  # fmt: skip
            self._left[shard] = len(waiting)
            yield waiting

    def keep(self, chunk: Sequence[Waiting], answer: Answer) -> int:
        shard = self.store.shard_of(chunk[0].sha256)
        for key, picture in answer.pictures.items():
            write_atomically(self.store.folder / "pictures" / shard / f"{key[:16]}.png", picture)
        self.store.keep(self.stage, shard, answer.rows)
        self._left[shard] -= len(chunk)
        if not self._left[shard]:
            self.store.collect(self.stage, shard)
            del self._left[shard]
        return sum(row["outcome"] != "done" for row in answer.rows)

    def give_up(self, one: Waiting) -> None:
        self.keep([one], Answer([{"sha256": one.sha256, "outcome": "killed", "why": _KILLED}], 0.0))


def run_stage(
    store: CohortStore,
    assignment: Assignment,
    workers: Workers,
    *,
    retry: bool = False,
    progress: Progress = silent,
    pace: Pace | None = None,
) -> Tally:
    """Do a stage for all photographs of the store's list that lack it.

    Parameters
    ----------
    store, assignment : CohortStore, Assignment
        Where results go, and what is to be done; its settings must be those that the stage was begun with.
    workers : Workers
        Who does it.
    retry : bool
        Whether photographs that failed are tried again; those that were refused are not.
    progress, pace : Progress, Pace
        As for `run_chunks`.

    Raises
    ------
    ProjectError
        If the stage was begun with other settings.
    WrongUseError
        If nothing was inverted before a later stage.
    ExportError
        If the disk is full; all that is there is whole, and the same call goes on.
    """
    stage = assignment.stage
    if stage != "invert" and not store.count("invert"):
        msg = f"No photograph of {store.folder} was inverted; run 'latent-explain cohort invert' first."
        raise WrongUseError(msg)
    store.settle(stage, settings_of(assignment))
    jobs = _Stage(store, assignment, retry=retry)
    progress("counting what is left", 0.0)
    total = sum(len(jobs.missing(shard)) for shard in store.shards)
    from napari_latent_explain.cohort.store.work import work_on

    run_chunks(
        workers, partial(work_on, assignment), jobs.groups(), total,
        keep=jobs.keep, give_up=jobs.give_up, progress=progress, pace=pace,
    )  # fmt: skip
    failures = store.list_failures(stage)
    return Tally(store.count(stage), total, failures)


def settings_of(assignment: Assignment) -> dict[str, str | int | bool]:
    """What results of a stage depend on, beside photograph and model."""
    if assignment.stage == "invert":
        return {"steps": assignment.steps, "seed": assignment.seed}
    return {
        "atlas": assignment.atlas_sha256, "target": assignment.target, "checks": assignment.checks, "seed": assignment.seed,
    }  # fmt: skip
