"""PDF files in which text is text, pictures are pictures, and typefaces are embedded."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from napari_latent_explain import __version__
from napari_latent_explain.export.provenance import SYNTHETIC
from napari_latent_explain.export.typefaces import Typeface, printed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_latent_explain.export.page import Page

__all__ = ["pdf_bytes"]


def pdf_bytes(pages: Sequence[Page]) -> bytes:
    """Encode pages; no time stamp, so the same pages give the same bytes."""
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    # Without a face of its own a canvas names Helvetica, which is not embedded.
    canvas = Canvas(stream, invariant=1, pageCompression=1, initialFontName=printed(Typeface.VERA))
    canvas.setTitle(pages[0].title)
    canvas.setSubject(SYNTHETIC)
    canvas.setAuthor("")
    canvas.setCreator(f"napari-latent-explain {__version__}")
    hashes = sorted({f"model {one.record.model.sha256}" for page in pages for one in page.shows})
    hashes += sorted({f"photograph {one.record.sha256}" for page in pages for one in page.shows})
    canvas.setKeywords(", ".join(hashes))
    for page in pages:
        scale = 72 / page.dpi
        canvas.setPageSize((page.width * scale, page.height * scale))
        canvas.scale(scale, scale)
        canvas.setFillColorRGB(*(level / 255 for level in page.ground))
        canvas.rect(0, 0, page.width, page.height, stroke=0, fill=1)
        for thing in page.things:
            thing.typeset(canvas, page.height)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()
