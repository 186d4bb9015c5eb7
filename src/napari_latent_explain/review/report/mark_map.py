"""Maps of the places that raters marked: over a photograph, and over empty discs, right and left eyes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable

from napari_latent_explain.domain import Laterality
from napari_latent_explain.export.mark_signs import SIGNS
from napari_latent_explain.export.paper_colours import FAINT, PENCIL
from napari_latent_explain.export.typefaces import Typeface, printed
from napari_latent_explain.review.report.example import as_jpeg
from napari_latent_explain.review.report.setting import ink
from napari_latent_explain.review.report.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Mark
    from napari_latent_explain.review.direction_summary import Placed
    from napari_latent_explain.review.study import Study, StudyItem

__all__ = ["MarkMap", "eye_maps", "item_most_marked"]

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_CROWD = 24


class MarkMap(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A square with marks: each has the shape of its rater and the rater's number in it, in black on white.

    Parameters
    ----------
    marks : sequence of (int, Mark)
        The rater's place among the raters, from 0, and the mark.
    side : float
        In points.
    pixels : numpy.ndarray, optional
        (H, W, 3) uint8 under the marks; an empty disc, if there is none.
    """

    def __init__(self, marks: Sequence[tuple[int, Mark]], side: float, pixels: NDArray[np.uint8] | None = None) -> None:
        super().__init__()
        self.width = self.height = side
        self._marks, self._pixels = tuple(marks), pixels
        self._radius = 4.0 if len(self._marks) <= _CROWD else 2.9

    def draw(self) -> None:
        """Draw it."""
        side = self.width
        if self._pixels is not None:
            self.canv.drawImage(ImageReader(as_jpeg(self._pixels)), 0, 0, side, side)
        else:
            self.canv.setFillColor(ink(FAINT))
            self.canv.setStrokeColor(ink(PENCIL))
            self.canv.setLineWidth(0.6)
            self.canv.circle(side / 2, side / 2, side / 2 - 0.5, stroke=1, fill=1)
        for rater, mark in self._marks:
            if not mark.is_point:
                self._box(mark)
            self._sign(rater, mark)

    def _box(self, mark: Mark) -> None:
        side = self.width
        for colour, thick in ((_WHITE, 2.2), (_BLACK, 0.9)):
            self.canv.setStrokeColor(ink(colour))
            self.canv.setLineWidth(thick)
            top = side * (1 - mark.y - mark.height)
            self.canv.rect(side * mark.x, top, side * mark.width, side * mark.height, stroke=1, fill=0)

    def _sign(self, rater: int, mark: Mark) -> None:
        """A filled shape with a number: at a point, or at a box's upper left corner."""
        size = self._radius
        x, y = self.width * mark.x, self.width * mark.y
        (first_x, first_y), *others = SIGNS[rater % len(SIGNS)].outline(x, y, size)
        path = self.canv.beginPath()
        path.moveTo(first_x, self.height - first_y)
        for corner_x, corner_y in others:
            path.lineTo(corner_x, self.height - corner_y)
        path.close()
        self.canv.setFillColor(ink(_BLACK))
        self.canv.setStrokeColor(ink(_WHITE))
        self.canv.setLineWidth(0.7)
        self.canv.drawPath(path, stroke=1, fill=1)
        letters = size * 1.05
        self.canv.setFillColor(ink(_WHITE))
        self.canv.setFont(printed(Typeface.VERA_BOLD), letters)
        self.canv.drawCentredString(x, self.height - y - 0.36 * letters, str(rater + 1))


def item_most_marked(study: Study, marks: Sequence[Placed]) -> StudyItem | None:
    """The item with the most marks, the first of the study among equals; None without marks."""
    if not marks:
        return None
    ids = [one.item for one in marks]
    return max((item for item in study.items if item.id in set(ids)), key=lambda item: ids.count(item.id))


def eye_maps(study: Study, marks: Sequence[Placed], places: dict[str, int], side: float) -> list[tuple[Any, str]]:
    """One empty disc a side of the body, with its caption: all marks put into photographs of such eyes."""
    made = []
    for eye, name in (
        (Laterality.OD, "right eyes (OD)"),
        (Laterality.OS, "left eyes (OS)"),
        (None, "eyes of unknown side"),
    ):
        own = [(places[one.rater], one.mark) for one in marks if study.item(one.item).laterality is eye]
        if own:
            made.append((MarkMap(own, side), f"All {name}: {counted(len(own), 'mark')}"))
    return made
