"""Modules of other folders of tests, which are no package: by their path."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from types import ModuleType

__all__ = ["TESTS", "neighbour"]

TESTS = Path(__file__).resolve().parents[1]


def neighbour(path: str) -> ModuleType:
    """The module at a path below tests/, such as ``test_fundus/dicom_files.py``."""
    name = f"faults_{path.replace('/', '_').removesuffix('.py')}"
    if name not in sys.modules:
        spec = util.spec_from_file_location(name, TESTS / path)
        if spec is None or spec.loader is None:
            raise ImportError(path)
        module = sys.modules[name] = util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]
