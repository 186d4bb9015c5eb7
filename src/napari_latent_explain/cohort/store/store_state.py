"""What a cohort's store is of, and how its photographs are shared out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["StoreState"]

_SHARD = 256
_MOST_BITS = 16


class StoreState(FrozenModel):
    """What ``store.json`` says.

    Parameters
    ----------
    format : int
        Version of the store.
    model, name, classes, code_size
        Hash and name of the model, its classes, and the length of its codes.
    bits : int
        Leading bits of a photograph's hash that say in which shard it is.
    stages : dict
        Settings of each stage that was begun: results of others are not mixed with them.
    """

    format: Literal[1] = 1
    model: str
    name: str
    classes: tuple[str, ...]
    code_size: int
    bits: int = Field(ge=0, le=_MOST_BITS)
    stages: dict[str, dict[str, str | int | bool]] = Field(default_factory=dict)

    @classmethod
    def fitting(cls, model: str, name: str, classes: Sequence[str], code_size: int, photographs: int) -> Self:
        """Return the state of a new store, with as many shards as so many photographs ask for."""
        bits = max(0, math.ceil(math.log2(max(1, photographs) / _SHARD)))
        return cls(model=model, name=name, classes=tuple(classes), code_size=code_size, bits=min(bits, _MOST_BITS))

    @property
    def shards(self) -> list[str]:
        """Names of all shards, in order; some may have no photographs."""
        return [self._shard(number) for number in range(1 << self.bits)]

    def shard_of(self, sha256: str) -> str:
        """The shard of a photograph."""
        return self._shard(int(sha256[:8], 16) >> (32 - self.bits))

    def _shard(self, number: int) -> str:
        return f"{number:0{max(1, math.ceil(self.bits / 4))}x}"
