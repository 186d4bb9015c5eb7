"""The dark panel for slides and screens: 1,944 x 920 pixels, one exhibit a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from napari_latent_explain.domain import percent
from napari_latent_explain.export import said
from napari_latent_explain.export.colours import (
    BLUE,
    GROUND,
    INK,
    ORANGE,
    QUIET,
    difference_bar,
    difference_colours,
    difference_scale,
)
from napari_latent_explain.export.mark_signs import lay_marks
from napari_latent_explain.export.page import Block, Page, Picture, Stroke, Words
from napari_latent_explain.export.provenance import SYNTHETIC
from napari_latent_explain.export.scale_bar import lay_scale_bar
from napari_latent_explain.export.synthetic_mark import mark_synthetic
from napari_latent_explain.export.typefaces import Typeface, cut, limited, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import CounterfactualRecord
    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["Slide"]

_CELL, _GAP, _MARGIN, _HEIGHT, _TOP = 460, 16, 28, 920, 126
_WIDTH = 2 * _MARGIN + 4 * _CELL + 3 * _GAP
_BELOW = _TOP + _CELL + 10
_MOST = 5  # lines of a list


def _cell(pixels: NDArray[np.uint8], *, smooth: bool = True) -> Image.Image:
    resample = Image.Resampling.LANCZOS if smooth else Image.Resampling.BICUBIC
    return Image.fromarray(pixels).resize((_CELL, _CELL), resample)


def _outlined(picture: Image.Image, record: CounterfactualRecord) -> Image.Image:
    """Draw the region outside which nothing was allowed to change."""
    if record.region is None:
        return picture
    draw = ImageDraw.Draw(picture)
    for corners in record.region.corners(record.field, _CELL):
        closed = [tuple(corner) for corner in (*corners, corners[0])]
        draw.line(closed, fill=(0, 0, 0), width=4)
        draw.line(closed, fill=INK, width=2)
    return picture


def _column(number: int) -> int:
    return _MARGIN + number * (_CELL + _GAP)


@dataclass(frozen=True)
class Slide:
    """Photograph, reconstruction (or the counterfactual the other way), counterfactual and difference in a row."""

    def pages(self, exhibits: Sequence[Exhibit]) -> tuple[Page, ...]:
        """One page each, see `PanelStyle`."""
        return tuple(_page(exhibit) for exhibit in exhibits)


def _page(exhibit: Exhibit) -> Page:
    record = exhibit.record
    page = Page(_WIDTH, _HEIGHT, 144, GROUND, f"Counterfactual of {exhibit.label}", (exhibit,))
    _heading(page, exhibit)
    _pictures(page, exhibit)
    _bars(page, _MARGIN, _BELOW + 10, exhibit)
    _moves(page, _column(1), _BELOW + 10, record)
    _lists(page, _column(3), _BELOW + 44, exhibit)
    if record.faithfulness is not None:
        colour = QUIET if record.faithfulness.passed else ORANGE
        lines = wrapped(said.controls(record.faithfulness), _WIDTH - 2 * _MARGIN, 16)
        page.add(*(Words((_MARGIN, 808 + 24 * row), line, 16, colour) for row, line in enumerate(lines[:2])))
    if record.note:
        page.add(Words((_MARGIN, 858), f"Note: {record.note}", 16, ORANGE))
    foot = f"{SYNTHETIC}. Not a medical device. Reconstruction, counterfactual and difference are computed pictures."
    page.add(Words((_MARGIN, 886), foot, 16, INK))
    if record.simulated:
        page.add(Words((_WIDTH - _MARGIN, 18), "SIMULATED EYE", 24, ORANGE, "ra"))
    return page


def _heading(page: Page, exhibit: Exhibit) -> None:
    record = exhibit.record
    title = f"{exhibit.label}   {said.eye(record)}   {record.model.name}   model {record.model.sha256[:12]}"
    area = f"Changed area {percent(record.changed_area_fraction)} of the field."
    flags = f"Quality: {', '.join(record.quality.flags) or 'no flag'}."
    page.add(
        Words((_MARGIN, 18), title, 24, INK),
        Words((_MARGIN, 54), f"{said.decision(record)}  {area}  {flags}", 18, QUIET),
    )
    hashes = [("atlas", exhibit.atlas), ("log", exhibit.audit_head)]
    told = "   ".join(f"{name} {value[:12]}" for name, value in hashes if value)
    if told:
        page.add(Words((_WIDTH - _MARGIN, 54), told, 18, QUIET, "ra"))


def _pictures(page: Page, exhibit: Exhibit) -> None:
    record, other = exhibit.record, exhibit.reverse
    target, p = record.target, record.probabilities
    scale = difference_scale(record.difference)
    changes = _cell(difference_colours(record.difference, scale), smooth=False)
    if other is None:
        second = ("Reconstruction G(s)", p.reconstruction[target], _cell(record.reconstruction, smooth=False))
    else:
        towards = f"Towards '{other.classes[other.target]}'"
        second = (towards, other.probabilities.counterfactual[target], _outlined(_cell(other.counterfactual), other))
    cells: list[tuple[str, float | None, Image.Image]] = [
        ("Photograph", p.original[target], _cell(record.original)),
        second,
        (
            "Counterfactual x + (G(s') - G(s))",
            p.counterfactual[target],
            _outlined(_cell(record.counterfactual), record),
        ),
        ("Difference G(s') - G(s)", None, _outlined(changes, record)),
    ]
    for column, (name, value, picture) in enumerate(cells):
        x = _column(column)
        caption = name if value is None else f"{name}: {percent(value)}"
        page.add(Words((x, _TOP - 30), caption, 18, INK))
        synthetic = column > 0 or record.simulated
        shown = mark_synthetic(picture, simulated=record.simulated) if synthetic else picture
        page.add(Picture((x, _TOP), (_CELL, _CELL), np.asarray(shown)))
    lay_scale_bar(page, exhibit, _column(0), _TOP, _CELL, INK, Typeface.AILERON)
    lay_marks(page, exhibit, _column(2), _TOP, _CELL, Typeface.AILERON)
    x = _column(3)
    page.add(
        Picture((x, _BELOW), (_CELL, 13), difference_bar(_CELL, 13)),
        Words((x, _BELOW + 16), f"darker by {100 * scale:.0f} %", 15, QUIET),
        Words((x + _CELL, _BELOW + 16), f"brighter by {100 * scale:.0f} %", 15, QUIET, "ra"),
    )


def _bars(page: Page, x: int, y: int, exhibit: Exhibit) -> None:
    """Probability of the target class in the pictures."""
    page.add(Words((x, y), f"Probability of '{exhibit.record.classes[exhibit.record.target]}'", 19, INK))
    left, width = x + 140, 240
    for row, (name, value, interval, counterfactual) in enumerate(said.probability_rows(exhibit)):
        top = y + 36 + row * 34
        page.add(
            Words((x, top), name, 16, QUIET),
            Block((left, top + 2, left + width, top + 18), outline=QUIET),
            Block((left, top + 2, left + round(width * value), top + 18), fill=ORANGE if counterfactual else BLUE),
            Words((left + width + 10, top), percent(value), 16, INK),
            Stroke(((left + width // 2, top), (left + width // 2, top + 20)), INK),
        )
        if interval is not None:
            low, high = (left + round(width * end) for end in interval)
            page.add(Stroke(((low, top + 10), (high, top + 10)), INK, 3))


def _moves(page: Page, x: int, y: int, record: CounterfactualRecord) -> None:
    """The directions that were moved, strongest first."""
    page.add(Words((x, y), f"Moved directions ({said.strength_unit(record)})", 19, INK))
    known = {d.id: d for d in record.directions}
    moved = sorted(record.edit.strengths.items(), key=lambda item: -abs(item[1]))
    if not moved:
        page.add(Words((x, y + 36), "none: the photograph is unchanged", 16, QUIET))
    for row, (key, strength) in enumerate(moved[:_MOST]):
        d = known.get(key)
        judged = said.validated(d)
        name = f"{strength:+.2f}  {d.name if d else key}" + ("" if judged else f" ({key})")
        line = name + (f"   {said.effect(d)}" if d else "") + (f", {judged}" if judged else "")
        page.add(Words((x, y + 36 + row * 26), cut(line, 2 * _CELL + _GAP, 16), 16, QUIET))
    if len(moved) > _MOST:
        more = f"and {len(moved) - _MOST} more, smaller (see the record)"
        page.add(Words((x, y + 36 + _MOST * 26), more, 16, QUIET))


def _lists(page: Page, x: int, y: int, exhibit: Exhibit) -> None:
    """Where the edit acts among what was outlined, and what raters marked."""
    overlap = [f"{one.kind}: {one.enrichment:.1f} times its area's share" for one in exhibit.record.overlap]
    both = bool(overlap and exhibit.findings)
    for title, lines in (
        ("Change inside what was outlined", overlap),
        ("Marked by raters", said.finding_lines(exhibit)),
    ):
        if not lines:
            continue
        page.add(Words((x, y), title, 19, INK))
        for row, text in enumerate(limited(lines, 2 if both else _MOST)):
            page.add(Words((x, y + 36 + row * 26), cut(text, _CELL, 16), 16, QUIET))
        y += 80
