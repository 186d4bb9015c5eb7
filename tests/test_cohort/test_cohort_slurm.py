"""The example for SLURM, as far as it goes without SLURM, and the benchmark's arithmetic."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from napari_latent_explain.cli.app import app

ROOT = Path(__file__).resolve().parents[2]


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_jobs_have_one_thread_a_worker_and_end_in_time() -> None:
    example = load("examples/cohort_slurm.py")
    chosen = example.arguments(["photos", "store", "--workers", "8", "--memory", "2.5", "--hours", "1.5"])
    settings = example.slurm_settings(chosen)
    assert settings["cores"] == settings["processes"] == 8
    assert settings["memory"] == "20GiB"
    assert settings["walltime"] == "01:30:00"
    assert settings["worker_extra_args"][:2] == ["--lifetime", "85m"]


def test_what_a_job_does_first_is_taken_up_by_dask(tmp_path: Path) -> None:
    example = load("examples/cohort_slurm.py")
    shown = (
        "import dask, distributed; print(dask.config.get('distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_'))"
    )
    script = "\n".join([*example.PROLOGUE, f'"{sys.executable}" -c "{shown}"'])
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, env={"TMPDIR": str(tmp_path)}
    )
    assert done.stdout.strip() == "1073741824"


@pytest.mark.parametrize("stage", ["invert", "counterfactual"])
def test_its_command_is_one_that_there_is(stage: str) -> None:
    example = load("examples/cohort_slurm.py")
    made = example.command(
        example.arguments(["photos", "store", "--stage", stage, "--model", "m"]), "tcp://127.0.0.1:1"
    )
    assert made[0] == sys.executable
    shown = re.sub(
        r"\x1b\[[0-9;]*m", "", CliRunner().invoke(app, ["cohort", stage, "--help"], terminal_width=200).output
    )
    assert made[3:6] == ["cohort", stage, "photos"]
    for option in [word for word in made[3:] if word.startswith("--")]:
        assert option in shown


def test_the_plan_follows_from_what_was_measured() -> None:
    benchmark = load("benchmarks/cohort_scaling.py")
    common = {"photographs": 10, "done": 10, "start_s": 1.0, "worker_mib": 900.0, "client_mib": 500.0, "load": 0.1}
    runs = [
        {
            "processes": 1,
            "seconds": {"list": 0.1, "invert": 36.0},
            "cpu_s": {"list": 0.1, "invert": 36.0},
            "stored": {"codes": 1000},
            **common,
        },
        {"processes": 2, "seconds": {"list": 0.1, "invert": 30.0}, "cpu_s": {}, "stored": {"codes": 1000}, **common},
        {"processes": 2, "seconds": {"list": 0.1, "invert": 20.0}, "cpu_s": {}, "stored": {"codes": 1000}, **common},
    ]
    report = benchmark._report(runs)
    assert report["speed_up"] == {1: 1.0, 2: pytest.approx(1.8)}
    assert report["million"]["core_hours"]["invert"] == pytest.approx(1000)
    assert report["million"]["stored_gb"] == pytest.approx(0.1)
