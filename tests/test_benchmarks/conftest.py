"""The benchmarks' own modules, which lie beside the package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The plain StyleGAN2-ADA."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("stylegan2_ada_reference")
    finally:
        sys.path.remove(str(BENCHMARKS))
