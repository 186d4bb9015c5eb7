"""What a search costs: forward passes and seconds of each of its stages."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["BACKWARD", "Ledger"]

BACKWARD = 2
"""A backward pass costs about two forward passes, and is counted as such."""


@dataclass
class Ledger:
    """Counted while the work is done: one picture through generator and classifier is one forward pass."""

    forwards: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    stage: str = "other"

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Book what happens inside on `stage`."""
        before, began = self.stage, time.perf_counter()
        self.stage = stage
        try:
            yield
        finally:
            self.stage = before
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began

    def book(self, forwards: int) -> None:
        """Count forward passes."""
        self.forwards[self.stage] = self.forwards.get(self.stage, 0) + forwards

    def total(self, stages: Collection[str] | None = None) -> int:
        """Forward passes of some stages, or of all."""
        return sum(count for stage, count in self.forwards.items() if stages is None or stage in stages)

    def time(self, stages: Collection[str] | None = None) -> float:
        """Seconds of some stages, or of all."""
        return sum(value for stage, value in self.seconds.items() if stages is None or stage in stages)
