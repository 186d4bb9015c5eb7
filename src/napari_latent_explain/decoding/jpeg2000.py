"""What the header of a JPEG 2000 codestream says."""

from __future__ import annotations

__all__ = ["bits_a_sample"]

_START = b"\xff\x4f\xff\x51"  # SOC, then SIZ (ISO/IEC 15444-1, A.4.1 and A.5.1)
_COUNT = 40  # bytes from there to Csiz
_MOST_HEADER = 2**20


def bits_a_sample(data: bytes) -> int:
    """Return the most bits that a component has, 0 if there is no codestream."""
    at = data.find(_START, 0, _MOST_HEADER)
    count = int.from_bytes(data[at + _COUNT : at + _COUNT + 2], "big")
    depths = data[at + _COUNT + 2 : at + _COUNT + 2 + 3 * count : 3]
    return max(((depth & 0x7F) + 1 for depth in depths), default=0) if at >= 0 else 0
