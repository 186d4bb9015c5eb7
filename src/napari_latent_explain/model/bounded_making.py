"""Making networks whose size somebody else says: what would be too large ends before it takes memory."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["BoundedMaking"]

_MOST_STEPS = 50_000  # of torch: a DenseNet with 201 layers takes a tenth


class BoundedMaking(TorchDispatchMode):
    """While it is entered, new tensors may have so many numbers altogether.

    Parameters
    ----------
    numbers : int
        What is more ends with a ValueError, before it is made; so do more than 50,000 steps of torch.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._numbers, self._steps = numbers, _MOST_STEPS

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Not the compiler's business; to keep it out would first import all of it."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count, then do what was asked."""
        self._steps -= 1
        sides = args[0] if args and isinstance(args[0], list | tuple | torch.Size) else ()
        if sides and all(isinstance(side, int) for side in sides):
            made = 1
            for side in sides:
                made *= side
            self._numbers -= made
        if self._numbers < 0 or self._steps < 0:
            msg = "it would be larger than its weights"
            raise ValueError(msg)
        return func(*args, **(kwargs or {}))
