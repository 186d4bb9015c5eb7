"""OME-TIFF files: one image a page, provenance in a structured annotation."""

from __future__ import annotations

import hashlib
import io
import uuid
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain import __version__
from napari_latent_explain.export.page import painted
from napari_latent_explain.export.provenance import KEY, SYNTHETIC, provenance_of_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_latent_explain.export.page import Page

__all__ = ["tiff_bytes"]


def tiff_bytes(pages: Sequence[Page]) -> bytes:
    """Encode pages; the UUID comes of their content and there is no time stamp, so the same pages give the same bytes."""
    import tifffile

    pictures = [np.asarray(painted(page)) for page in pages]
    told = [provenance_of_all(page.shows) for page in pages]
    digest = hashlib.sha256()
    for pixels, text in zip(pictures, told, strict=True):
        digest.update(pixels.tobytes())
        digest.update(text.encode())
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, ome=True) as writer:
        for page, pixels, text in zip(pages, pictures, told, strict=True):
            writer.write(
                pixels,
                photometric="rgb",
                compression="zlib",
                resolution=(page.dpi, page.dpi),
                resolutionunit="INCH",
                software=f"napari-latent-explain {__version__}",
                metadata={
                    "axes": "YXS",
                    "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, digest.hexdigest())),
                    "Creator": f"napari-latent-explain {__version__}",
                    "Name": page.title,
                    "Description": SYNTHETIC,
                    "MapAnnotation": {"Namespace": KEY, "provenance": text},
                },
            )
    return stream.getvalue()
