"""How the report is set: its typeface, sizes and colours, and the few kinds of things that stand on its pages."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import Color
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import ListFlowable, ListItem, Paragraph, Table, TableStyle

from napari_latent_explain.export.paper_colours import FAINT, PEN, PENCIL
from napari_latent_explain.export.typefaces import Typeface, printed
from napari_latent_explain.review.report.letters import legible, markup, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_latent_explain.export.page import Colour

__all__ = ["WIDTH", "bullets", "column_widths", "heading", "ink", "line", "note", "style", "table", "text"]

WIDTH = 493.0
"""Points between the margins of an A4 page."""

_LONGEST_CELL = 700

_SIZES = {  # name: size, leading, space before, space after
    "title": (18, 23, 0, 6),
    "section": (14, 18, 16, 6),
    "part": (10.5, 14, 12, 4),
    "small part": (8.5, 12, 8, 2),
    "text": (8.5, 12.5, 0, 5),
    "cell": (7, 9.2, 0, 0),
    "head": (7, 9.2, 0, 0),
    "note": (7, 9.6, 2, 6),
    "said": (7.5, 10.2, 0, 0),
    "warning": (8.5, 12.5, 8, 14),
}
_BOLD = ("title", "section", "part", "small part", "head")
_ROOM = {"title": 200, "section": 130, "part": 90, "small part": 50}
_TOP_OF_OUTLINE = {"title": 0, "section": 0, "part": 1}


def ink(colour: Colour) -> Any:
    """Return a colour as reportlab takes it."""
    red, green, blue = colour
    return Color(red / 255, green / 255, blue / 255)


@cache
def style(name: str) -> Any:
    """Return a style by its name."""
    size, leading, before, after = _SIZES[name]
    plain, bold = printed(Typeface.VERA), printed(Typeface.VERA_BOLD)
    given: dict[str, Any] = {
        "fontName": bold if name in _BOLD else plain, "fontSize": size, "leading": leading, "spaceBefore": before,
        "spaceAfter": after, "textColor": ink(PENCIL if name == "note" else PEN), "bulletFontName": plain,
        "bulletFontSize": size, "splitLongWords": 1, "allowWidows": 0, "allowOrphans": 0,
    }  # fmt: skip
    if name == "said":
        given |= {"leftIndent": 96, "bulletIndent": 8, "bulletFontName": bold}
    if name == "warning":
        given |= {"borderColor": ink(PEN), "borderWidth": 1, "borderPadding": 5, "leftIndent": 6, "rightIndent": 6}
    return ParagraphStyle(name, **given)


def text(words: str, name: str = "text") -> Any:
    """A paragraph; whatever stands in it is words, never markup."""
    return Paragraph(markup(words), style(name))


def note(words: str) -> Any:
    """A remark under a table."""
    return text(words, "note")


def line(label: str, words: str) -> Any:
    """Words of a person with a label in a column of its own, which the words can't get into."""
    return Paragraph(markup(words), style("said"), bulletText=legible(label))


def heading(words: str, name: str = "section", room: float = 0) -> Any:
    """A heading, which stands in the PDF's outline too unless it is a small one.

    `room` is what must be left on a page, in points, for it to stand there; as much as two or three lines take, if not given.
    """
    made = text(words, name)
    made.room = room or _ROOM[name]
    if name in _TOP_OF_OUTLINE:
        made.outlined = (_TOP_OF_OUTLINE[name], legible(words))
    return made


def bullets(sentences: Sequence[str]) -> Any:
    """A list of sentences."""
    plain = printed(Typeface.VERA)
    items = [ListItem(text(one), spaceAfter=7 if one == sentences[-1] else 1) for one in sentences]
    return ListFlowable(
        items, bulletType="bullet", start="\u2022", bulletFontName=plain, bulletFontSize=8, leftIndent=12
    )


def column_widths(*shares: float) -> list[float]:
    """Widths in points of columns that fill the page in these proportions."""
    return [WIDTH * share / sum(shares) for share in shares]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Any:
    """A table whose head is repeated on every page that it goes on to; without a head, its first column is bold.

    Cells are cut at a length that fits on a page, whatever stands in them.
    """
    body = [
        [text(shortened(legible(cell), _LONGEST_CELL), "cell" if head or k else "head") for k, cell in enumerate(row)]
        for row in rows
    ]
    above = [[text(cell, "head") for cell in head]] if head else []
    looks = [
        ("FONT", (0, 0), (-1, -1), printed(Typeface.VERA), 7),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, ink(FAINT)),
        ("LINEABOVE", (0, 0), (-1, 0), 0.8, ink(PEN)),
        ("LINEBELOW", (0, -1), (-1, -1), 0.8, ink(PEN)),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 2.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    if head:
        looks.append(("LINEBELOW", (0, 0), (-1, 0), 0.8, ink(PEN)))
    return Table(
        above + body, colWidths=list(widths), repeatRows=len(above), style=TableStyle(looks),
        spaceBefore=3, spaceAfter=5, hAlign="LEFT",
    )  # fmt: skip
