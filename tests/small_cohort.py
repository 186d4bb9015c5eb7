"""Runs of the stages of a cohort, small enough for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_latent_explain.cohort.store import CohortStore, StoreState
from napari_latent_explain.cohort.store.assignment import Assignment
from napari_latent_explain.cohort.store.cohort_run import Tally, list_cohort, run_stage
from napari_latent_explain.cohort.store.listing import list_files
from napari_latent_explain.cohort.store.workers import Here
from napari_latent_explain.domain import Progress, silent
from napari_latent_explain.model import Explainer
from napari_latent_explain.review import atlas_hash


def assigned(explainer: Explainer, data: Path, stage: str = "invert", **settings: Any) -> Assignment:
    """What a worker is told, with two steps of inversion."""
    return Assignment(
        stage, data, explainer.bundle, explainer.identity.sha256, steps=2, atlas_sha256=atlas_hash(explainer.atlas),
        **settings,
    )  # fmt: skip


def run(
    folder: Path,
    explainer: Explainer,
    data: Path,
    stages: Sequence[str] = ("invert",),
    workers: Any = None,
    retry: bool = False,
    progress: Progress = silent,
    **settings: Any,
) -> list[Tally]:
    """List the photographs of a folder and run stages, in a store of several shards."""
    workers = workers or Here()
    wanted = StoreState.fitting(
        explainer.identity.sha256, "small", explainer.classes, explainer.generator.code_size, 1000
    )
    with CohortStore.open(folder, wanted) as store:
        list_cohort(store, list_files(data), data, workers)
        return [
            run_stage(store, assigned(explainer, data, stage, **settings), workers, retry=retry, progress=progress)
            for stage in stages
        ]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a store but the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "store.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
