"""`tools/faults.py` tells what came of it, and ends with 1 if anything went wrong or nothing was tried."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from faults.faulting import FaultReport
from faults.fuzzing import ReaderReport
from faults.neighbours import neighbour

READ, STRUCK = ReaderReport("zip archive", tried=12), FaultReport("project", "killed", tried=3)


@pytest.fixture
def tool() -> ModuleType:
    return neighbour("../tools/faults.py")


@pytest.mark.parametrize(
    ("readers", "faults", "status"),
    [
        ([READ], [STRUCK], 0),
        ([], [], 1),
        ([ReaderReport("zip archive")], [STRUCK], 1),
        ([ReaderReport("zip archive", tried=3, crashes=1, found=["crash: why (file)"])], [STRUCK], 1),
        ([ReaderReport("zip archive", tried=3, hangs=1)], [STRUCK], 1),
        ([ReaderReport("zip archive", tried=3, memory=1)], [STRUCK], 1),
        ([READ], [FaultReport("project", "killed", tried=3, lost=1)], 1),
        ([READ], [FaultReport("project", "killed", tried=3, crashes=1)], 1),
    ],
)
def test_verdicts(tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, readers, faults, status: int) -> None:
    monkeypatch.setattr(tool, "fuzz", lambda *_args, **_named: readers)
    monkeypatch.setattr(tool, "strike", lambda *_args, **_named: faults)
    monkeypatch.setattr(sys, "argv", ["faults.py", "--keep", str(tmp_path)])
    assert tool.main() == status
    said = capsys.readouterr()
    for report in readers:
        assert all(f"{report.name}: {sentence}" in said.err for sentence in report.found)
    monkeypatch.setattr(sys, "argv", ["faults.py", "--keep", str(tmp_path), "--json"])
    assert tool.main() == status
    assert len(json.loads(capsys.readouterr().out)["readers"]) == len(readers)


def test_the_table_has_a_line_for_each_and_the_sums(tool) -> None:
    lines = tool.table([READ], [STRUCK]).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["zip archive", "project: killed", "all"]
    assert [cell.strip() for cell in lines[-1].split("|")[2:-1]] == ["15", "0", "0", "0", "0"]
