"""From a story of flowing things to the bytes of a PDF: A4, page numbers, a line on every page, an outline."""

from __future__ import annotations

import io
from datetime import UTC
from typing import TYPE_CHECKING, Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Frame, PageTemplate

from napari_latent_explain.export.paper_colours import PEN, PENCIL
from napari_latent_explain.export.typefaces import Typeface, cut, printed
from napari_latent_explain.review.report.letters import legible
from napari_latent_explain.review.report.setting import WIDTH, ink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

__all__ = ["ON_EVERY_PAGE", "document_bytes"]

ON_EVERY_PAGE = "For research, not for diagnosis; pictures are computed."

_LEFT = (A4[0] - WIDTH) / 2
_TOP, _BOTTOM = 54, 52
_TOTAL = "pages"


class _Document(BaseDocTemplate):  # type: ignore[misc]  # reportlab has no types
    """A4 with one column, which notes its headings."""

    running: str = ""
    at: datetime
    headings: int = 0

    def beforeDocument(self) -> None:  # noqa: N802
        """Carry the given date, not that of the writing."""
        self.canv.setDateFormatter(lambda *_: f"D:{self.at:%Y%m%d%H%M%S}+00'00'")

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802 - reportlab's name
        """Put a heading into the outline."""
        level, words = getattr(flowable, "outlined", (None, ""))
        if level is not None:
            self.headings += 1
            key = f"heading-{self.headings}"
            self.canv.bookmarkHorizontal(key, 0, flowable.height + 12)
            self.canv.addOutlineEntry(words, key, level, closed=level > 0)

    def afterPage(self) -> None:  # noqa: N802
        """Write the lines at the top and at the foot."""
        canvas, (width, height) = self.canv, A4
        plain, bold = printed(Typeface.VERA), printed(Typeface.VERA_BOLD)
        canvas.saveState()
        canvas.setStrokeColor(ink(PENCIL))
        canvas.setLineWidth(0.4)
        canvas.line(_LEFT, _BOTTOM - 10, width - _LEFT, _BOTTOM - 10)
        canvas.setFillColor(ink(PENCIL))
        canvas.setFont(plain, 7)
        canvas.drawString(_LEFT, height - 36, self.running)
        canvas.setFillColor(ink(PEN))
        canvas.setFont(bold, 7)
        canvas.drawString(_LEFT, _BOTTOM - 22, ON_EVERY_PAGE)
        canvas.setFont(plain, 7)
        canvas.drawRightString(width - _LEFT - 24, _BOTTOM - 22, f"Page {self.page} of")
        canvas.translate(width - _LEFT - 22, _BOTTOM - 22)
        canvas.doForm(_TOTAL)  # its content is known at the end
        canvas.restoreState()


class _Canvas(Canvas):  # type: ignore[misc]
    """A canvas that says at the end how many pages there are."""

    def save(self) -> None:
        """Write the number that every page refers to, then everything."""
        pages = self.getPageNumber() - 1
        self.beginForm(_TOTAL)
        self.setFillColor(ink(PEN))
        self.setFont(printed(Typeface.VERA), 7)
        self.drawString(0, 0, str(pages))
        self.endForm()
        super().save()


def _with_room(story: Sequence[Any]) -> Iterator[Any]:
    """The story, with a break before each heading that would stand alone at the foot of a page.

    Reportlab's own way, to keep a heading together with what follows, moves whole tables.
    """
    before = None
    for one in story:
        room = getattr(one, "room", 0)
        if room and not getattr(before, "room", 0):
            yield CondPageBreak(room)
        yield one
        before = one


def document_bytes(
    story: Sequence[Any], *, title: str, running: str, subject: str, software: str, at: datetime
) -> bytes:
    """Set a story; no time stamp and no random numbers, so the same story gives the same bytes.

    Parameters
    ----------
    story : sequence of reportlab's flowables
        In their order; used up.
    title, subject, software : str
        What the PDF says of itself.
    running : str
        The line at the top of every page.
    at : datetime.datetime
        The date that the PDF carries.
    """
    stream = io.BytesIO()
    made = _Document(
        stream, pagesize=A4, invariant=1, pageCompression=1, title=legible(title), author="", subject=subject,
        creator=software, lang="en-GB", initialFontName=printed(Typeface.VERA),
    )  # fmt: skip
    made.at = at.astimezone(UTC)
    made.running = cut(legible(running), 0.9 * WIDTH, 7, Typeface.VERA)
    frame = Frame(
        _LEFT, _BOTTOM, WIDTH, A4[1] - _TOP - _BOTTOM, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    made.addPageTemplates([PageTemplate("page", [frame])])
    made.build([*_with_room(story)], canvasmaker=_Canvas)
    return stream.getvalue()
