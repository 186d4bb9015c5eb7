"""A few hundred spoiled files for whatever reads files; and the harness sees what goes wrong, if something does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.fuzz_targets import CHOSEN
from faults.fuzzing import fuzz
from faults.planted import PLANTED_READERS

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of memory need Linux")
INPUTS = 10


def test_spoiled_files_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    reports = fuzz(CHOSEN, tmp_path, inputs=INPUTS, seed=1, slowest=120)
    assert [report.name for report in reports] == list(CHOSEN)
    assert [report.found for report in reports if not report.clean] == []
    assert all(report.tried == INPUTS for report in reports)


def test_the_harness_sees_what_goes_wrong(tmp_path: Path) -> None:
    names = [f"planted: {what}" for what in ("raises", "says two lines", "dies", "hangs", "eats memory", "refuses")]
    assert set(names) == set(PLANTED_READERS)
    found = {report.name: report for report in fuzz(names, tmp_path, inputs=4, slowest=2)}
    told = {name: (r.tried > 0, r.crashes, r.hangs, r.memory) for name, r in found.items()}
    assert told == {
        "planted: raises": (True, 1, 0, 0),
        "planted: says two lines": (True, 1, 0, 0),
        "planted: dies": (True, 1, 0, 0),
        "planted: hangs": (True, 0, 1, 0),
        "planted: eats memory": (True, 0, 0, 1),
        "planted: refuses": (True, 0, 0, 0),
    }
    assert found["planted: refuses"].clean
    assert not found["planted: hangs"].clean
    for report in found.values():  # each with the file that did it
        assert all(os.path.exists(line[line.rindex("(") + 1 : -1]) for line in report.found)  # noqa: PTH110
