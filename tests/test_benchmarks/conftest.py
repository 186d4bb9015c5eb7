"""The benchmarks' own modules, which lie beside the package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The plain StyleGAN2-ADA."""
    spec = importlib.util.spec_from_file_location("stylegan2_ada_reference", BENCHMARKS / "stylegan2_ada_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
