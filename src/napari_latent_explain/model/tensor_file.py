"""A safetensors file, believed only as far as its bytes go: what its header says is checked before a tensor is made."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load

from napari_latent_explain.domain.plain_json import plain_json

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["read_tensors"]

_MOST_HEADER = 16 * 2**20
_MOST_SIDES = 8
_LARGEST_SIDE = 2**40
_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def read_tensors(content: bytes) -> dict[str, Tensor]:
    """Tensors by name.

    Parameters
    ----------
    content : bytes
        The file: eight bytes of length, a header in JSON, and the numbers of all tensors, one behind the other.

    Raises
    ------
    ValueError
        With a few words, if its header is longer than the file, no JSON, has a name twice, or tells of tensors that overlap,
        leave gaps, lie outside the file, have other lengths than their shapes say, or types that no network here has.
    """
    _check(content)
    try:
        found: dict[str, Tensor] = load(content)
    except SafetensorError as error:
        msg = "it is not laid out as safetensors writes it"
        raise ValueError(msg) from error
    return found


def _check(content: bytes) -> None:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_MOST_HEADER, len(content) - 8):
        msg = f"its header is said to be {length} bytes long, and the file is not"
        raise ValueError(msg)
    try:
        header = plain_json(content[8 : 8 + length])
    except ValueError as error:
        msg = f"its header is no JSON: {error}"
        raise ValueError(msg) from error
    if not isinstance(header, dict):
        msg = "its header names no tensors"
        raise ValueError(msg)
    spans = sorted(_span(name, told) for name, told in header.items() if name != "__metadata__")
    ends = [(0, 0), *spans, (len(content) - 8 - length,) * 2]
    if any(before[1] != after[0] for before, after in pairwise(ends)):
        msg = "its tensors overlap, leave gaps, or lie outside it"
        raise ValueError(msg)


def _span(name: str, told: Any) -> tuple[int, int]:
    """Where one tensor begins and ends."""
    shown = ascii(name)[1:61]
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        msg = f"its tensor {shown} is described wrongly"
        raise ValueError(msg)
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    size = _SIZES.get(dtype) if isinstance(dtype, str) else None
    if size is None:
        msg = f"its tensor {shown} has the type {ascii(dtype)[:20]}"
        raise ValueError(msg)
    if not (_counts(shape, _MOST_SIDES) and _counts(offsets, 2) and len(offsets) == 2):
        msg = f"its tensor {shown} has no proper shape or place"
        raise ValueError(msg)
    for side in shape:
        size *= side
    if offsets[1] - offsets[0] != size:
        msg = f"its tensor {shown} has another length than its shape says"
        raise ValueError(msg)
    return offsets[0], offsets[1]


def _counts(value: Any, most: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= most
        and all(type(one) is int and 0 <= one < _LARGEST_SIDE for one in value)
    )
