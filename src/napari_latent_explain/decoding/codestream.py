"""What the header of a compressed picture says, read without decoding it."""

from __future__ import annotations

__all__ = ["bits_a_sample", "stated_shape"]

_START = b"\xff\x4f\xff\x51"  # of JPEG 2000: SOC, then SIZ (ISO/IEC 15444-1, A.4.1 and A.5.1)
_SIZE, _COUNT = 8, 40  # bytes from there to Xsiz and to Csiz
_MOST_HEADER = 2**20
# ISO/IEC 10918-1, table B.1, and ISO/IEC 14495-1, C.1.1: markers of a frame's header, of what ends the search, and those that
# stand alone. SOF55 (0xF7) is JPEG-LS.
_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_LATER = {0xD9, 0xDA}
_ALONE = {0x00, 0x01, *range(0xD0, 0xD9)}


def bits_a_sample(data: bytes) -> int:
    """Return the most bits that a component of a JPEG 2000 picture has, 0 if there is no codestream."""
    at = data.find(_START, 0, _MOST_HEADER)
    count = int.from_bytes(data[at + _COUNT : at + _COUNT + 2], "big")
    depths = data[at + _COUNT + 2 : at + _COUNT + 2 + 3 * count : 3]
    return max(((depth & 0x7F) + 1 for depth in depths), default=0) if at >= 0 else 0


def stated_shape(data: bytes) -> tuple[int, int, int] | None:
    """Return rows, columns and channels of a JPEG, JPEG-LS or JPEG 2000 picture, None if its header has none."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg_shape(data)
    at = data.find(_START, 0, _MOST_HEADER)
    if at < 0 or len(data) < at + _COUNT + 2:
        return None
    across, down, left, top = (
        int.from_bytes(data[place : place + 4], "big") for place in range(at + _SIZE, at + _SIZE + 16, 4)
    )
    return down - top, across - left, int.from_bytes(data[at + _COUNT : at + _COUNT + 2], "big")


def _jpeg_shape(data: bytes) -> tuple[int, int, int] | None:
    """Go from marker to marker as decoders do, over what lies between them."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0:
        while data[at : at + 1] == b"\xff":  # fill bytes
            at += 1
        marker, length = int.from_bytes(data[at : at + 1], "big"), int.from_bytes(data[at + 1 : at + 3], "big")
        if marker in _LATER:
            return None
        if marker in _FRAME:
            header = data[at + 4 : at + 9]
            rows, columns = int.from_bytes(header[:2], "big"), int.from_bytes(header[2:4], "big")
            return (rows, columns, header[4]) if len(header) == 5 else None
        at += 1 if marker in _ALONE else 1 + length
    return None
