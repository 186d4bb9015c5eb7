"""Pictures of one item, as raters saw them; what is computed says so in its own pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from reportlab.platypus import Image as Print
from reportlab.platypus import Table

from napari_latent_explain.domain import percent
from napari_latent_explain.export.synthetic_mark import marked_pixels
from napari_latent_explain.review.protocol import Role
from napari_latent_explain.review.report.letters import shortened
from napari_latent_explain.review.report.setting import WIDTH, text
from napari_latent_explain.review.study import read_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_latent_explain.review.study import Study, StudyItem

__all__ = ["as_jpeg", "beside", "example", "picture_of"]

_PRINTED = 440
"""Pixels of a side in print: some 200 to the inch."""

_CALLED = {
    Role.ORIGINAL: "Photograph",
    Role.COUNTERFACTUAL: "Counterfactual (computed)",
    Role.MORE: "More (computed)",
    Role.LESS: "Less (computed)",
    Role.DIFFERENCE: "Difference (computed)",
}


def picture_of(folder: Path, item: StudyItem, role: Role) -> NDArray[np.uint8]:
    """Return a picture of an item for print, (440, 440, 3) uint8, with the mark in it if it, or the eye itself, is computed.

    Raises
    ------
    StudyError
        If its file is missing or was changed.
    """
    pixels = read_picture(folder, item.pictures[role])
    resized = np.asarray(Image.fromarray(pixels).resize((_PRINTED, _PRINTED), Image.Resampling.LANCZOS))
    if role is Role.ORIGINAL and not item.simulated:
        return resized
    return marked_pixels(resized, simulated=item.simulated)


def as_jpeg(pixels: NDArray[np.uint8]) -> io.BytesIO:
    """Encode a picture for print with next to no loss, which makes the report a third as large as without any."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, subsampling=0)
    stream.seek(0)
    return stream


def beside(cells: Sequence[tuple[Any, str]], side: float) -> Any:
    """Put square things beside one another, each with its caption under it."""
    gap = 10
    captions = [text(caption, "note") for _, caption in cells]
    looks = [
        ("FONT", (0, 0), (-1, -1), captions[0].style.fontName, 7),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), gap),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Table(
        [[thing for thing, _ in cells], captions], colWidths=[side + gap] * len(cells), style=looks, hAlign="LEFT"
    )


def example(study: Study, folder: Path, item: StudyItem) -> Any:
    """Lay the pictures of an item beside one another, in the order of the protocol.

    Raises
    ------
    StudyError
        As `picture_of`.
    """
    roles = study.protocol.shows
    side = min(150.0, WIDTH / len(roles) - 10)
    cells = []
    for role in roles:
        caption = _CALLED[role]
        if role is Role.ORIGINAL and item.simulated:
            caption = "Photograph (drawn by a program)"
        if role in item.probabilities:
            name = shortened(study.classes[item.target], 40)
            caption += f"; classifier: '{name}' {percent(item.probabilities[role][item.target])}"
        cells.append((Print(as_jpeg(picture_of(folder, item, role)), side, side), caption))
    return beside(cells, side)
