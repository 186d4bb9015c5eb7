"""Tensors of a checkpoint, checked while the pickle is read and made only when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.model.importing.budget import Budget

__all__ = ["STORAGES", "Storage", "StorageType", "StoredTensor"]


@dataclass(frozen=True)
class StorageType:
    """What the numbers of a storage are: a name of torch's, bytes of one number, and how numpy reads them (floats alone)."""

    name: str
    size: int
    layout: str = ""


STORAGES = tuple(
    StorageType(f"{name}Storage", size, layout)
    for name, size, layout in (
        ("Float", 4, "<f4"), ("Double", 8, "<f8"), ("Half", 2, "<f2"), ("BFloat16", 2, "<u2"),
        ("Long", 8, ""), ("Int", 4, ""), ("Short", 2, ""), ("Char", 1, ""), ("Byte", 1, ""), ("Bool", 1, ""),
    )
)  # fmt: skip


@dataclass(eq=False)
class Storage:
    """Numbers side by side; in older files their bytes follow the pickle, and are filled in later."""

    kind: StorageType
    count: int
    content: memoryview | None = None

    def fill(self, content: memoryview) -> None:
        """Take the bytes.

        Raises
        ------
        ValueError
            If there are more or fewer than were claimed.
        """
        if len(content) != self.count * self.kind.size:
            raise ValueError
        self.content = content


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**48


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A view of a storage: first number, sides, and steps between neighbours along each side, all in numbers."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @classmethod
    def of(cls, storage: Any, offset: Any, size: Any, stride: Any) -> StoredTensor:
        """Make one of what the file says.

        Raises
        ------
        ValueError
            If it is no view of the storage: negative, of more than eight sides, or past the end.
        """
        if not isinstance(storage, Storage) or type(size) is not tuple or type(stride) is not tuple:
            raise ValueError
        if not (_whole(offset) and len(size) == len(stride) <= 8 and all(map(_whole, size + stride))):
            raise ValueError
        made = cls(storage, offset, size, stride)
        if made.elements and made.offset + made.span > storage.count:
            raise ValueError
        return made

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        count = 1
        for side in self.size:
            count *= side
        return count

    @property
    def span(self) -> int:
        """From its first number to behind its last one, in the storage."""
        return 1 + sum((side - 1) * step for side, step in zip(self.size, self.stride, strict=True))

    @property
    def overlaps(self) -> bool:
        """Whether two of its numbers are the same place of the storage (told from sizes and strides alone)."""
        covered = 1
        for step, side in sorted(zip(self.stride, self.size, strict=True)):
            if side > 1:
                if step < covered:
                    return True
                covered = step * side
        return False

    def read(self, name: str, budget: Budget) -> Tensor:
        """Make the float32 tensor.

        Raises
        ------
        BundleError
            If it is empty, too large, not of floating-point numbers, not finite, or its numbers share places.
        """
        checkpoint, kind = budget.checkpoint, self.storage.kind
        if not kind.layout:
            raise checkpoint.unsupported(f"has the weight {name} as {kind.name}, not as floating-point numbers.")
        if not self.elements or self.overlaps or self.storage.content is None:
            raise checkpoint.damaged(f"the weight {name} is empty or its numbers overlap")
        budget.hold(self.span)
        part = self.storage.content[self.offset * kind.size : (self.offset + self.span) * kind.size]
        flat = np.frombuffer(part, dtype=kind.layout).copy()
        whole = torch.from_numpy(flat)
        if kind.name == "BFloat16Storage":
            whole = whole.view(torch.bfloat16)
        found = whole.as_strided(self.size, self.stride).float().contiguous()
        if not bool(torch.isfinite(found).all()):
            raise checkpoint.damaged(f"the weight {name} has numbers that are not finite")
        return found.clone() if found.data_ptr() == flat.ctypes.data else found
