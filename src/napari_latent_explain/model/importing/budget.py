"""How much work and memory the reading of one file may cost, nested pickles included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_latent_explain.model.importing.refusal import Checkpoint

__all__ = ["LARGEST_FILE", "Budget"]

LARGEST_FILE = 2 * 2**30
_OPCODES = 1_000_000  # a 1024 px checkpoint with discriminator, average and optimisers has about a tenth
_TEXT = 64 * 2**20
_ELEMENTS = 2**27  # numbers in a generator: 512 MiB as float32, four times the largest published one


@dataclass
class Budget:
    """What is left of the steps of the pickle machine, of bytes of text, and of numbers in tensors that are read."""

    checkpoint: Checkpoint
    opcodes: int = field(default=_OPCODES)
    text: int = field(default=_TEXT)
    elements: int = field(default=_ELEMENTS)

    def step(self) -> None:
        """One opcode."""
        self.opcodes -= 1
        if self.opcodes < 0:
            raise self.checkpoint.too_large("over a million steps to read it")

    def spell(self, length: int) -> None:
        """So many bytes of text."""
        self.text -= length
        if self.text < 0:
            raise self.checkpoint.too_large("over 64 MiB of text")

    def hold(self, elements: int) -> None:
        """So many numbers of a tensor."""
        self.elements -= elements
        if self.elements < 0:
            raise self.checkpoint.too_large("over 128 million numbers in its generator")
