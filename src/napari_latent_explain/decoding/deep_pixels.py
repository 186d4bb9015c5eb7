"""Sixteen bits a channel, where Pillow would keep eight."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["deep_pixels"]


def deep_pixels(data: bytes, picture: Image.Image) -> NDArray[np.uint16] | None:
    """Pixels of a picture with 16 bits a channel.

    Pillow reads 16-bit colour by keeping the upper byte of each value. Told the opposite byte order, it
    keeps the lower byte: decoded twice, nothing is lost, and all of Pillow's compressions work.

    Parameters
    ----------
    data : bytes
        The whole file.
    picture : PIL.Image.Image
        Opened from `data`, not yet loaded.

    Returns
    -------
    numpy.ndarray or None
        (H, W, 3) uint16, alpha over black; None for a picture that has 8 bits or less.
    """
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PNG"):
        picture.load()
        grey = np.asarray(picture).astype(np.uint16)
        return np.stack([grey] * 3, axis=-1)
    raw = _raw_mode(picture)
    if ";16" not in raw:
        return None
    if raw == "LA;16B":
        return _grey_and_alpha(data)
    order = raw[-1]
    if order == "N":
        order = "L" if sys.byteorder == "little" else "B"
    picture.load()
    upper = np.asarray(picture)
    with Image.open(io.BytesIO(data), formats=(picture.format or "PNG",)) as again:
        other = "B" if order == "L" else "L"
        again.tile = [tile._replace(args=_with_order(tile.args, raw, other)) for tile in again.tile]
        again.load()
        lower = np.asarray(again)
    values = (upper.astype(np.uint16) << 8) | lower
    return _over_black(values) if values.shape[-1] == 4 else values


def _raw_mode(picture: Image.Image) -> str:
    tiles: Any = getattr(picture, "tile", None)
    if not tiles:
        return ""
    args = tiles[0].args
    return str(args[0] if isinstance(args, tuple) else args)


def _with_order(args: Any, raw: str, order: str) -> Any:
    swapped = raw[:-1] + order
    return (swapped, *args[1:]) if isinstance(args, tuple) else swapped


def _grey_and_alpha(data: bytes) -> NDArray[np.uint16]:
    """Read grey and alpha, four bytes a pixel, as if the header said 8-bit RGBA: the bytes come through."""
    body = data[12:24] + b"\x08\x06" + data[26:29]
    header = struct.pack(">I", zlib.crc32(body))
    with Image.open(io.BytesIO(data[:12] + body + header + data[33:]), formats=("PNG",)) as picture:
        four = np.asarray(picture.convert("RGBA")).astype(np.uint16)
    grey, alpha = (four[..., 0] << 8) | four[..., 1], (four[..., 2] << 8) | four[..., 3]
    return _over_black(np.stack([grey, grey, grey, alpha], axis=-1))


def _over_black(values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    wide = values.astype(np.uint32)
    over: NDArray[np.uint16] = ((wide[..., :3] * wide[..., 3:] + 32767) // 65535).astype(np.uint16)
    return over
