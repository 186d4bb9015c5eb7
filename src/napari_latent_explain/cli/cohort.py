"""Run the stages of a cohort."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cli.explain import target_index
from napari_latent_explain.cli.report import message, out, show_progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from napari_latent_explain.cohort.store import CohortStore
    from napari_latent_explain.cohort.store.workers import Workers
    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model import Explainer

__all__ = ["CohortOptions", "run_cohort_discover", "run_cohort_stage"]

_EVERY = 30.0
_STOPPED = 130


@dataclass(frozen=True)
class CohortOptions:
    """Who does the work, and with which model: see the options of ``latent-explain cohort``."""

    processes: int | None = None
    scheduler: str | None = None
    retry: bool = False
    model: Path | None = None
    device: str = "auto"
    seed: int = 0


@contextmanager
def _told(title: str) -> Iterator[Progress]:
    """A bar where there is a terminal, else a line every half minute, as a batch system's log wants it."""
    if sys.stderr.isatty():
        with show_progress(title) as progress:
            yield progress
        return
    last = time.monotonic()

    def told(what: str, done: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            message(f"{title}: {what}")

    yield told


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let the signal with which batch systems end a job do what Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _workers(options: CohortOptions) -> AbstractContextManager[Workers]:
    from napari_latent_explain.cohort.store.workers import Here, cluster_workers, local_workers

    if options.scheduler is not None:
        return cluster_workers(options.scheduler)
    processes = options.processes if options.processes is not None else len(os.sched_getaffinity(0))
    return local_workers(processes) if processes else nullcontext(Here())


def _say_dashboard(workers: Workers) -> None:
    from napari_latent_explain.cohort.store.workers import DaskWorkers

    if isinstance(workers, DaskWorkers) and (link := workers.dashboard):
        message(f"Dashboard: {link}")


def _open(output: Path, explainer: Explainer, count: int) -> CohortStore:
    from napari_latent_explain.cohort.store import CohortStore, StoreState

    identity = explainer.identity
    wanted = StoreState.fitting(identity.sha256, identity.name, explainer.classes, explainer.generator.code_size, count)
    return CohortStore.open(output, wanted)


def run_cohort_stage(
    stage: str, data: Path, output: Path, options: CohortOptions, *, as_json: bool = False, **settings: Any
) -> int:
    """List the photographs of `data` and do a stage for those that lack it; return the exit code.

    0 if all are done, 1 if some failed, 130 if a person stopped it.

    Raises
    ------
    LatentExplainError
        If the store, the model, the data or the workers are refused, or the disk is full.
    """
    from napari_latent_explain.cohort.store.assignment import Assignment
    from napari_latent_explain.cohort.store.cohort_run import list_cohort, run_stage
    from napari_latent_explain.cohort.store.listing import list_files
    from napari_latent_explain.cohort.store.shards import require_cohort
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.atlas_file import with_atlas
    from napari_latent_explain.review import atlas_hash

    require_cohort()
    data = data.absolute()
    files = list_files(data)
    explainer = load_explainer(options.model, "cpu")
    atlas = settings.get("atlas")
    if atlas is not None:
        atlas = settings["atlas"] = atlas.absolute()
        explainer = with_atlas(explainer, atlas)
    target_index(explainer, settings.get("target") or None)
    assignment = Assignment(
        stage, data, options.model.absolute() if options.model is not None else None, explainer.identity.sha256,
        device=options.device, seed=options.seed, atlas_sha256=atlas_hash(explainer.atlas), **settings,
    )  # fmt: skip
    try:
        with _ended_by_sigterm(), _open(output, explainer, len(files)) as store, _workers(options) as workers:
            _say_dashboard(workers)
            with _told("Listing") as progress:
                list_cohort(store, files, data, workers, progress=progress)
            with _told({"invert": "Inverting", "counterfactual": "Searching"}[stage]) as progress:
                tally = run_stage(store, assignment, workers, retry=options.retry, progress=progress)
            unread = len(store.unread())
    except KeyboardInterrupt:
        message("Stopped; what is done is kept, and the same command goes on with the rest.")
        return _STOPPED
    failed = tally.failures + unread
    if as_json:
        tree = {"output": str(output), "stage": stage, "worked_on": tally.worked_on, "in_store": tally.listed}
        out(json.dumps(tree | {"failures": tally.failures, "unread": unread}))
    else:
        out(f"{tally.worked_on} photographs worked on; {tally.listed} in {output}, {failed} failed.")
        if failed:
            out(f"What failed, and why: latent-explain cohort failures {output}")
    return 1 if failed else 0


def run_cohort_discover(
    data: Path,
    output: Path,
    atlas: Path | None,
    *,
    photographs: int,
    held_out: float,
    model: Path | None,
    device: str,
    seed: int,
    as_json: bool,
) -> None:
    """Search for directions on a sample of the store, and write the atlas; print a summary or its JSON.

    Raises
    ------
    LatentExplainError
        If the store or the model is refused, or no directions can be found.
    """
    from napari_latent_explain.cli.discover import pictures_at_a_time
    from napari_latent_explain.cohort.store import CohortStore
    from napari_latent_explain.cohort.store.discovering import find_cohort_directions
    from napari_latent_explain.explain import SearchSettings
    from napari_latent_explain.export.atomic import write_atomically
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.bundle import read_bundle

    store = CohortStore.read(output)
    explainer = load_explainer(model, device)
    store.refuse_other(explainer.identity.name, explainer.identity.sha256)
    settings = SearchSettings.fitted(explainer.layout.size, pictures_at_a_time(explainer))
    with _told("Discovery") as progress:
        found = find_cohort_directions(
            store, data.absolute(), explainer, photographs=photographs, held_out=held_out, seed=seed,
            settings=settings, progress=progress,
        )  # fmt: skip
    files = read_bundle(explainer.bundle)[0].files
    found = found.replace(
        generator_sha256=files["models/generator.safetensors"], classifier_sha256=files["models/classifier.safetensors"]
    )
    path = atlas if atlas is not None else output / "atlas.json"
    write_atomically(path, (found.model_dump_json(indent=1) + "\n").encode())
    if as_json:
        keys = ("id", "target", "effect_logit", "effect_logit_interval", "flip_share")
        directions = [{key: getattr(direction, key) for key in keys} for direction in found.directions]
        out(json.dumps({"output": str(path), "directions": directions, "forwards": dict(found.forwards)}))
        return
    for search in found.searches:
        out(
            f"Towards '{found.classes[search.target]}': {len(found.towards(search.target))} directions; together they change "
            f"the decision for {100 * search.explained:.0f} % of {search.held_out} held-out photographs."
            + (f" {search.caution}" if search.caution else "")
        )
    out(f"Atlas: {path}; use it with: latent-explain cohort counterfactual {data} --output {output} --atlas {path}")
