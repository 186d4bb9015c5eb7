"""Readers are given spoiled files in a process of their own, which is watched from here."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faults.neighbours import TESTS

__all__ = ["ReaderReport", "fuzz"]

_ROOM = 8 * 2**20
_HEAD = struct.Struct("<QQQ")
_START = 300.0  # seconds until the first file is read: imports, on a machine that has other things to do
_TICK = 0.1


@dataclass
class ReaderReport:
    """What came of one reader.

    Parameters
    ----------
    name : str
        The reader.
    tried : int
        Spoiled files.
    crashes, hangs, memory : int
        Errors that are not the project's own (or no sentence) and processes that died; files that took too long; and those that
        would have taken more memory than allowed. Each place in the code counts once.
    found : list of str
        A sentence for each, with the file that did it.
    """

    name: str
    tried: int = 0
    crashes: int = 0
    hangs: int = 0
    memory: int = 0
    found: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether there was anything to read, and nothing went wrong."""
        return self.tried > 0 and not (self.crashes or self.hangs or self.memory)


def fuzz(
    names: Sequence[str],
    folder: Path,
    *,
    inputs: int = 0,
    seconds: int = 0,
    seed: int = 0,
    slowest: float = 30.0,
    memory: int = 2 * 2**30,
) -> list[ReaderReport]:
    """Give readers spoiled files.

    Parameters
    ----------
    names : sequence of str
        Of `fuzz_targets.READERS`, or planted ones.
    folder : pathlib.Path
        Empty; spoiled files that did something stay there.
    inputs, seconds : int
        So many files each, made by hypothesis; or so long each, guided by atheris through the code.
    seed : int
        Of all randomness.
    slowest : float
        Seconds that one file may take.
    memory : int
        Bytes of address space that reading may take beside what is loaded.
    """
    reports = [ReaderReport(name) for name in names]
    groups = [[number] for number in range(len(names))] if seconds else [list(range(len(names)))]
    for group in groups:
        first = group[0]
        while first <= group[-1]:
            order = {
                "names": list(names)[: group[-1] + 1], "first": first, "folder": str(folder), "inputs": inputs,
                "seconds": seconds, "seed": seed, "memory": memory,
            }  # fmt: skip
            first = _watch(order, folder, reports, slowest) + 1
    return reports


def _watch(order: dict[str, object], folder: Path, reports: list[ReaderReport], slowest: float) -> int:
    """Run one process to its end, wanted or not; the number of the last reader that it is through with."""
    now, told = folder / "now", folder / "told"
    now.write_bytes(bytes(_ROOM))
    told.write_bytes(b"")
    first = int(str(order["first"]))
    environment = os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "faults.fuzz_child", json.dumps(order)]
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors, cwd=folder)
        hung = _wait(process, now, told, slowest)
    done = first - 1
    for line in told.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        report = reports[said["reader"]]
        report.tried = max(report.tried, said["tried"])
        if "found" in said:
            report.crashes += said["found"] in ("crash", "no sentence")
            report.memory += said["found"] == "memory"
            report.found.append(f"{said['found']}: {said['why']} ({folder / said['input']})")
        else:
            done = said["reader"]
    tried, length, number = _HEAD.unpack(now.read_bytes()[: _HEAD.size])
    ended = min(done + 1, len(reports) - 1)  # the reader that it was at
    if number == ended:
        reports[ended].tried = max(reports[ended].tried, tried)
    if not hung and process.returncode == 0 and (done >= first or order["seconds"]):  # atheris ends without a word
        return max(done, first)
    report, last = reports[ended], folder / f"{ended}-last"
    last.write_bytes(now.read_bytes()[_HEAD.size : _HEAD.size + length])
    if hung:
        report.hangs += 1
        report.found.append(f"hang: longer than {slowest:.0f} seconds ({last})")
    else:
        report.crashes += 1
        words = (folder / "errors").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        report.found.append(f"crash: exit status {process.returncode} {' '.join(words)[:300]} ({last})")
    return ended


def _wait(process: subprocess.Popen[bytes], now: Path, told: Path, slowest: float) -> bool:
    """Wait for the end; True if it had to be ended, since one file took too long."""
    before, since = (0, 0), time.monotonic()
    with now.open("rb", buffering=0) as stream:
        while process.poll() is None:
            time.sleep(_TICK)
            stream.seek(0)
            tried, _, number = _HEAD.unpack(stream.read(_HEAD.size))
            at = (tried, told.stat().st_size)
            if at != before:
                before, since = at, time.monotonic()
            reading = tried > 0 and not _between(told, number)
            if time.monotonic() - since > (slowest if reading else _START):
                process.kill()
                process.wait()
                return True
    return False


def _between(told: Path, number: int) -> bool:
    """Whether the reader is done, and the next one is being made."""
    lines = told.read_text(encoding="utf-8").splitlines()
    return bool(lines) and (said := json.loads(lines[-1])).get("done") is True and said["reader"] == number
