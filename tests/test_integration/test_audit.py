"""What pip-audit reports is judged rightly; above all, packages that it could not look up are not called clean."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLEAN = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited"}
BAD = {
    "name": "Some.Package",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"], "description": "..."}],
}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("dependencies", "exceptions", "status"),
    [
        ([CLEAN], "", 0),
        ([CLEAN, SKIPPED], "", 3),
        ([], "", 3),
        ([CLEAN, BAD], "", 1),
        ([SKIPPED, BAD], "", 1),
        ([BAD], "PYSEC-2026-1 some-package Never given files from elsewhere.", 0),
        ([BAD], "# why\nCVE-2026-1 some_package Never given files from elsewhere.", 0),
        ([BAD], "CVE-2026-1 some-package", 1),  # no reason
        ([BAD], "CVE-2026-1 another-package Never given files from elsewhere.", 1),
        ([CLEAN], "CVE-2020-1 numpy It was so once.", 1),  # no longer applies
        ([CLEAN, SKIPPED], "CVE-2020-1 torch Not known whether it still applies.", 3),
    ],
)
def test_verdicts(audit: ModuleType, dependencies: list[dict[str, Any]], exceptions: str, status: int) -> None:
    assert audit.judge(dependencies, audit.read_exceptions(exceptions)).status == status


def test_what_is_found_is_told_with_the_version_that_mends_it(audit: ModuleType) -> None:
    assert audit.judge([BAD], {}).wrong == ["some-package 1.0: PYSEC-2026-1 = CVE-2026-1, mended in 1.1"]


def test_the_shipped_exceptions_have_reasons_and_versions_are_such_as_a_service_knows(audit: ModuleType) -> None:
    exceptions = audit.read_exceptions((ROOT / "tools" / "audit_exceptions.txt").read_text())
    assert all(exceptions.values())
    pinned = audit.pinned()
    assert any(line.startswith("torch==") for line in pinned)
    assert not any("+" in line for line in pinned)
