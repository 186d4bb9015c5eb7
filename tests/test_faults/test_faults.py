"""Writers are killed, kept from writing and set against each other, and lose nothing; and the harness would see it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.faulting import BLOWS, strike

# What takes long (bundles of 14 MB, panels) is struck by what differs for them; tools/faults.py strikes all by all.
FEW = {"bundle": ("killed", "disk full"), "exported record": ("killed", "two at once")}
CHOSEN = [blow for blow in BLOWS if blow[1] in FEW.get(blow[0], (blow[1],))]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_nothing_that_was_confirmed_is_lost(tmp_path: Path) -> None:
    reports = strike(CHOSEN, tmp_path, rounds=1, seed=1)
    assert [(report.writer, report.fault) for report in reports] == CHOSEN
    assert [(report.writer, report.fault, report.found) for report in reports if not report.clean] == []
    assert all(report.tried for report in reports if report.fault != "read-only")  # which not every user may try


def test_the_harness_sees_what_is_lost(tmp_path: Path) -> None:
    killed, full = strike([("planted: careless", "killed"), ("planted: crashing", "disk full")], tmp_path, rounds=12)
    assert killed.lost > 0
    assert full.crashes > 0
    assert not killed.clean
    assert not full.clean
