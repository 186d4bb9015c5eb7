"""The model with known causes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from known_causes import make_explainer, make_reference


@pytest.fixture
def known() -> tuple[Any, Any, Any]:
    """Explainer, photographs to choose on, photographs to measure on."""
    explainer = make_explainer()
    return explainer, make_reference(explainer, 60, 2), make_reference(explainer, 40, 3)
