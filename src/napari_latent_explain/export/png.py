"""PNG files with provenance inside."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import PngImagePlugin

from napari_latent_explain.export.page import painted
from napari_latent_explain.export.provenance import KEY, provenance_of_all

if TYPE_CHECKING:
    from PIL import Image

    from napari_latent_explain.export.page import Page

__all__ = ["page_png", "png_bytes"]


def png_bytes(image: Image.Image, text: str, dpi: int | None = None) -> bytes:
    """Encode a PNG with provenance; no time stamp, so the same picture gives the same bytes."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, text)
    stream = io.BytesIO()
    resolution = {} if dpi is None else {"dpi": (dpi, dpi)}
    image.save(stream, "PNG", pnginfo=info, **resolution)
    return stream.getvalue()


def page_png(page: Page) -> bytes:
    """Paint a page and encode it."""
    return png_bytes(painted(page), provenance_of_all(page.shows), page.dpi)
