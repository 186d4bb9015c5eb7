"""Typefaces of exported pages: the same letters in pixels and in PDFs, on every machine."""

from __future__ import annotations

import io
import re
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from PIL import ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Typeface", "cut", "font", "limited", "printed", "wrapped"]

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Typeface(StrEnum):
    """Aileron (CC0, in Pillow; few letters beyond ASCII) and Bitstream Vera (free, in reportlab; Latin letters)."""

    AILERON = "Aileron"
    VERA = "Vera"
    VERA_BOLD = "VeraBd"

    def for_text(self, text: str) -> Typeface:
        """Itself, or a face that has the letters of `text`."""
        return self if self is not Typeface.AILERON or text.isascii() else Typeface.VERA


@lru_cache(maxsize=8)
def _content(face: Typeface) -> bytes:
    """The TrueType file."""
    if face is Typeface.AILERON:
        loaded = ImageFont.load_default(10)
        stream: Any = getattr(loaded, "path", None)  # Pillow keeps what it decoded
        return bytes(stream.getvalue())
    return (files("reportlab") / "fonts" / f"{face.value}.ttf").read_bytes()


@lru_cache(maxsize=64)
def font(size: int, face: Typeface = Typeface.AILERON) -> _Font:
    """A face at a size in pixels, for Pillow."""
    if face is Typeface.AILERON:
        return ImageFont.load_default(size)
    return ImageFont.truetype(io.BytesIO(_content(face)), size)


def printed(face: Typeface) -> str:
    """Name of a face for reportlab, which embeds what is used of it."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    name = f"LatentExplain-{face.value}"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(_content(face))))
    return name


def wrapped(text: str, width: float, size: int, face: Typeface = Typeface.AILERON) -> list[str]:
    """Break a text between words so that each line is at most `width` pixels wide, if one word allows it."""
    letters = font(size, face.for_text(text))
    lines: list[str] = []
    for word in re.findall(r"\S+(?: %\S*)?", text):  # a number keeps its sign
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and letters.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def cut(text: str, width: float, size: int, face: Typeface = Typeface.AILERON) -> str:
    """The text, or as much of its beginning as fits into `width` pixels with three dots behind."""
    letters = font(size, face.for_text(text))
    if letters.getlength(text) <= width:
        return text
    fitting = next((n for n in range(len(text), 0, -1) if letters.getlength(text[:n].rstrip() + "...") <= width), 0)
    return text[:fitting].rstrip() + "..."


def limited(lines: Sequence[str], most: int) -> list[str]:
    """The lines, or the first of them and how many more there are."""
    return (
        list(lines)
        if len(lines) <= most
        else [*lines[: most - 1], f"and {len(lines) - most + 1} more (see the record)"]
    )
