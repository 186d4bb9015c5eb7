"""How long inversion refines a code."""

from typing import Final

__all__ = ["REFINEMENT_STEPS"]

REFINEMENT_STEPS: Final = 30
"""Adam steps, wherever nothing else is asked for: what the scoreboard measures is what a person gets."""
