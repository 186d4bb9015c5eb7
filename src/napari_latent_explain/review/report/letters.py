"""Words of other people, made safe for a page: every sign is either printed or named by its number, and none is markup."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from html import escape

from napari_latent_explain.export.typefaces import Typeface, printed

__all__ = ["legible", "markup", "shortened"]


@cache
def _letters() -> frozenset[int]:
    """Code points that both weights of the report's typeface have."""
    from reportlab.pdfbase import pdfmetrics

    regular, bold = (pdfmetrics.getFont(printed(face)).face.charToGlyph for face in (Typeface.VERA, Typeface.VERA_BOLD))
    return frozenset(regular) & frozenset(bold)


def _sign(letter: str) -> str:
    """A sign as it is printed; what can't be printed becomes its number between two marks that are joined later."""
    if letter in "\n\r\v\f\x85\u2028\u2029":
        return " \u00b6 "
    if letter == "\t" or unicodedata.category(letter) == "Zs":
        return " "
    if letter.isprintable() and ord(letter) in _letters():
        return letter
    return f"\x02U+{ord(letter):04X}\x03"


def legible(text: str) -> str:
    """Return a text of which the typeface has every sign.

    Ends of lines become pilcrows. Control characters, marks that turn the direction of writing, pictographs and letters of
    scripts that the typeface lacks become their Unicode numbers, such as ``[U+1F600]``: nothing is left out, nothing acts.
    """
    signs = "".join(_sign(letter) for letter in unicodedata.normalize("NFC", text))
    joined = signs.replace("\x03\x02", " ").replace("\x02", "[").replace("\x03", "]")
    return re.sub(r" {2,}", " ", joined).strip()


def shortened(text: str, most: int = 200) -> str:
    """The text if it has at most `most` signs, else its beginning with three dots behind."""
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


def markup(text: str) -> str:
    """Return a text as reportlab's paragraphs take it: legible, and with no markup of its own."""
    return escape(legible(text), quote=True)
