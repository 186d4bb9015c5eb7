"""A cohort on a SLURM cluster: `python examples/cohort_slurm.py DATA STORE --jobs 50 --queue standard --account mine`.

Needs dask-jobqueue (`pip install dask-jobqueue`). Run it on a login node or in a small job of its own: it submits jobs, each a
Dask worker of one thread and one model, and hands their scheduler to `latent-explain cohort`. It ends when all photographs are
done; if it, a job or the whole cluster is stopped, start it again, and it goes on. DATA and the model must lie on a file system
that all nodes see; STORE is written by this process alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

# Dask has malloc give memory back at every free, which makes networks wait for the kernel: three times as long, as measured.
MALLOC = "{MALLOC_TRIM_THRESHOLD_: 1073741824, MALLOC_MMAP_THRESHOLD_: 33554432}"
PROLOGUE = [
    "export OMP_NUM_THREADS=1",
    "export DASK_CONFIG=$(mktemp -d)",
    f"echo '{{distributed: {{nanny: {{pre-spawn-environ: {MALLOC}}}}}}}' > $DASK_CONFIG/malloc.yaml",
]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder, zip archive, or CSV file with the columns file and label")
    parser.add_argument("store", type=Path, help="folder of the store")
    parser.add_argument("--stage", choices=("invert", "counterfactual"), default="invert")
    parser.add_argument("--jobs", type=int, default=10, help="SLURM jobs at most")
    parser.add_argument("--workers", type=int, default=8, help="workers in a job, one thread each")
    parser.add_argument("--memory", type=float, default=2.0, help="GiB a worker")
    parser.add_argument("--hours", type=float, default=8.0, help="time limit of a job")
    parser.add_argument("--queue", default=None)
    parser.add_argument("--account", default=None)
    parser.add_argument("--scratch", default="/tmp", help="folder on the nodes for what workers spill")  # noqa: S108
    parser.add_argument("--interface", default=None, help="network between the nodes, such as ib0")
    parser.add_argument("--model", type=Path, default=None, help="folder of a model bundle")
    return parser.parse_args(given)


def slurm_settings(chosen: argparse.Namespace) -> dict[str, Any]:
    """What `dask_jobqueue.SLURMCluster` is told of one job."""
    minutes = round(chosen.hours * 60)
    return {
        "cores": chosen.workers, "processes": chosen.workers, "memory": f"{chosen.memory * chosen.workers:g}GiB",
        "walltime": f"{minutes // 60:02d}:{minutes % 60:02d}:00", "queue": chosen.queue, "account": chosen.account,
        "local_directory": chosen.scratch, "interface": chosen.interface,
        # Workers end before SLURM ends them; those that started together do not end together.
        "worker_extra_args": ["--lifetime", f"{max(1, minutes - 5)}m", "--lifetime-stagger", "4m"],
        "job_script_prologue": PROLOGUE,
    }  # fmt: skip


def command(chosen: argparse.Namespace, address: str) -> list[str]:
    """What does the work, with the workers of a scheduler."""
    model = ["--model", str(chosen.model)] if chosen.model is not None else []
    where = [str(chosen.data), "--output", str(chosen.store), "--scheduler", address]
    return [
        sys.executable,
        "-c",
        "from napari_latent_explain.cli import main; main()",
        "cohort",
        chosen.stage,
        *where,
        *model,
    ]


def main() -> int:
    from dask_jobqueue import SLURMCluster

    chosen = arguments()
    with SLURMCluster(**slurm_settings(chosen)) as cluster:
        cluster.adapt(minimum_jobs=1, maximum_jobs=chosen.jobs)
        return subprocess.run(command(chosen, cluster.scheduler_address), check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
