"""Writers are struck by faults in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faults.neighbours import TESTS

__all__ = ["BLOWS", "FaultReport", "strike"]

_WRITERS = ("project", "saved explanation", "review", "exported record", "bundle", "imported generator")
_FAULTS = ("killed", "disk full", "read-only", "file removed", "two at once")
_EACH_A_FOLDER = ("imported generator",)  # a new folder for each version: there is no second one, and none to remove
BLOWS = tuple(
    (writer, fault)
    for writer in _WRITERS
    for fault in _FAULTS
    if not (writer in _EACH_A_FOLDER and fault in ("file removed", "two at once"))
)


@dataclass(frozen=True)
class FaultReport:
    """What came of one fault against one writer.

    Parameters
    ----------
    writer, fault : str
        Which.
    tried, crashes, hangs, lost : int
        Rounds; errors that are not the project's own; rounds without end; results that had been confirmed and are not there, or
        not whole.
    found : list of str
        A sentence for each.
    """

    writer: str
    fault: str
    tried: int = 0
    crashes: int = 0
    hangs: int = 0
    lost: int = 0
    found: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.crashes or self.hangs or self.lost)


def strike(
    blows: Sequence[tuple[str, str]], folder: Path, *, rounds: int = 0, seconds: int = 0, seed: int = 0
) -> list[FaultReport]:
    """Strike writers.

    Parameters
    ----------
    blows : sequence of (str, str)
        Writer and fault, of `BLOWS` or planted.
    folder : pathlib.Path
        Empty.
    rounds, seconds : int
        So often each, or for so long.
    seed : int
        Of all randomness but that of the machine.
    """
    order = {"blows": list(blows), "folder": str(folder), "rounds": rounds, "seconds": seconds, "seed": seed}
    environment = os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "faults.fault_child", json.dumps(order)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    reports = [FaultReport(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or len(reports) != len(blows):
        writer, fault = blows[min(len(reports), len(blows) - 1)]
        words = " ".join(done.stderr.strip().splitlines()[-1:])[:300]
        reports.append(FaultReport(writer, fault, crashes=1, found=[f"the process ended: {done.returncode} {words}"]))
    return reports
