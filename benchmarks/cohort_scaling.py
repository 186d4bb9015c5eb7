"""How a cohort's inversion scales from one process to two, and what a plan for a million photographs needs.

python benchmarks/cohort_scaling.py [--photographs 48] [--processes 1 2] [--rounds 2] [--steps 60] [--size 512] [--search]
    [--data FOLDER] [--model BUNDLE] [--json]

Simulated eyes are written as JPEG into a folder that is removed; `--data` names photographs instead. Each process has one thread.
Measured is the time from the first photograph to the last, with all workers started and the model loaded: what a run of hours is
like. The cost of a photograph is the workers' processor time, which other programs disturb little.
Rounds go through the numbers of processes in turns, so that a busy machine favours none; the best of each counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from napari_latent_explain.cohort.store import CohortStore, StoreState
from napari_latent_explain.cohort.store.assignment import Assignment
from napari_latent_explain.cohort.store.cohort_run import list_cohort, run_stage
from napari_latent_explain.cohort.store.listing import list_files
from napari_latent_explain.cohort.store.work import work_on
from napari_latent_explain.cohort.store.workers import DaskWorkers, local_workers
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import load_explainer
from napari_latent_explain.review import atlas_hash

_MILLION = 1_000_000


def _drawn(folder: Path, count: int, size: int) -> Path:
    for seed in range(count):
        Image.fromarray(simulate(seed, size=size).picture).save(folder / f"eye{seed:05d}.jpg", quality=92)
    return folder


def _peak() -> float:
    """Most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cpu(workers: DaskWorkers) -> float:
    """Seconds of processor time that all workers took so far, their decoders left out."""
    return sum(workers.client.run(time.process_time).values())


def _warm(workers: DaskWorkers, assignment: Assignment) -> None:
    """Have every worker import and load what it needs."""
    workers.client.run(partial(work_on, assignment, ()))


def _stored(folder: Path) -> dict[str, int]:
    return {
        part.name: sum(file.stat().st_size for file in part.rglob("*") if file.is_file())
        for part in sorted(folder.iterdir())
        if part.is_dir()
    }


def _once(explainer: Any, data: Path, processes: int, settings: dict[str, Any], *, search: bool) -> dict[str, Any]:
    """One run of fresh workers on a fresh store: seconds of each stage, memory of the workers, bytes that it stored."""
    began = time.perf_counter()
    files = list_files(data)
    with tempfile.TemporaryDirectory() as store_folder, local_workers(processes) as workers:
        wanted = StoreState.fitting(
            explainer.identity.sha256, "benchmark", explainer.classes, explainer.generator.code_size, len(files)
        )
        assignment = Assignment(
            "invert", data, explainer.bundle, explainer.identity.sha256, atlas_sha256=atlas_hash(explainer.atlas), **settings
        )  # fmt: skip
        _warm(workers, assignment)
        started = time.perf_counter() - began
        with CohortStore.open(Path(store_folder), wanted) as store:
            laps, cpu, stages = {}, {}, ["list", "invert"] + (["counterfactual"] if search else [])
            for stage in stages:
                lap, busy = time.perf_counter(), _cpu(workers)
                if stage == "list":
                    list_cohort(store, files, data, workers)
                else:
                    run_stage(store, Assignment(**(vars(assignment) | {"stage": stage})), workers)
                laps[stage] = time.perf_counter() - lap
                cpu[stage] = _cpu(workers) - busy
            done = sum(
                row["outcome"] == "done"
                for shard in store.shards
                for row in store.results("invert", shard, ["outcome"])
            )
        return {
            "processes": processes, "photographs": len(files), "done": done, "start_s": started, "seconds": laps,
            "cpu_s": cpu,
            "worker_mib": max(workers.client.run(_peak).values()), "client_mib": _peak(),
            "stored": _stored(Path(store_folder)), "load": os.getloadavg()[0],
        }  # fmt: skip


def _report(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The best run of each number of processes, how much faster each is than the first, and the plan."""
    best: dict[int, dict[str, Any]] = {}
    for run in runs:
        known = best.get(run["processes"])
        if known is None or run["seconds"]["invert"] < known["seconds"]["invert"]:
            best[run["processes"]] = run
    first = best[min(best)]
    each = {stage: seconds / first["photographs"] for stage, seconds in first["cpu_s"].items()}
    stored = {name: size / first["photographs"] for name, size in first["stored"].items()}
    return {
        "speed_up": {
            count: first["seconds"]["invert"] / run["seconds"]["invert"] for count, run in sorted(best.items())
        },
        "core_seconds_a_photograph": each,
        "bytes_a_photograph": stored,
        "worker_mib": max(run["worker_mib"] for run in runs),
        "million": {
            "core_hours": {stage: seconds * _MILLION / 3600 for stage, seconds in each.items()},
            "hours_on_256_cores": sum(each.values()) * _MILLION / 3600 / 256,
            "stored_gb": sum(stored.values()) * _MILLION / 1e9,
        },
        "runs": runs,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", type=int, default=48)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--search", action="store_true", help="also search for counterfactuals")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    explainer = load_explainer(chosen.model, "cpu")
    settings = {"steps": chosen.steps}
    runs = []
    with tempfile.TemporaryDirectory() as drawn:
        folder = chosen.data.absolute() if chosen.data else _drawn(Path(drawn), chosen.photographs, chosen.size)
        for _ in range(chosen.rounds):
            for processes in chosen.processes:
                run = _once(explainer, folder, processes, settings, search=chosen.search)
                runs.append(run)
                if not chosen.json:
                    said = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in run["seconds"].items())
                    print(
                        f"{processes} processes, {run['done']} of {run['photographs']} done: {said}; load {run['load']:.1f}",
                        flush=True,
                    )
    report = _report(runs)
    if chosen.json:
        print(json.dumps(report))
        return
    for count, ratio in report["speed_up"].items():
        print(f"{count} processes: {ratio:.2f} times as fast as {min(report['speed_up'])}")
    for stage, seconds in report["core_seconds_a_photograph"].items():
        print(
            f"{stage}: {seconds:.3f} core seconds a photograph, {report['million']['core_hours'][stage]:.0f} core hours a million"
        )
    for name, size in report["bytes_a_photograph"].items():
        print(f"{name}: {size / 1000:.1f} kB a photograph, {size * _MILLION / 1e9:.1f} GB a million")
    print(
        f"A worker takes {report['worker_mib']:.0f} MiB at most, this process {max(r['client_mib'] for r in runs):.0f} MiB."
    )


if __name__ == "__main__":
    main()
