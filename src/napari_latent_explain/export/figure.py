"""The white figure for journals: 180 mm wide at 300 dpi, with panel letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_latent_explain.domain import percent
from napari_latent_explain.export import said
from napari_latent_explain.export.colours import difference_bar, difference_colours, difference_scale
from napari_latent_explain.export.direction_table import lay_directions
from napari_latent_explain.export.mark_signs import lay_marks, lay_region
from napari_latent_explain.export.page import Block, Page, Picture, Stroke, Words
from napari_latent_explain.export.paper_colours import DARK_BLUE, DARK_ORANGE, FAINT, PAPER, PEN, PENCIL
from napari_latent_explain.export.provenance import SYNTHETIC
from napari_latent_explain.export.scale_bar import lay_scale_bar
from napari_latent_explain.export.synthetic_mark import marked_pixels
from napari_latent_explain.export.typefaces import Typeface, cut, limited, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import CounterfactualRecord
    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["Figure"]

_DPI, _WIDTH, _GAP = 300, 2126, 26  # 180 mm
_TEXT, _SMALL, _LETTER = 29, 25, 40  # 7, 6 and 9.6 points
_BOLD, _PLAIN = Typeface.VERA_BOLD, Typeface.VERA
_LINE = 36
_MOST = 6


@dataclass(frozen=True)
class _Cell:
    """One lettered picture: its caption and its pixels, (P, P, 3) uint8."""

    caption: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Figure:
    """Photograph, reconstruction, counterfactual and difference; with a second counterfactual, both ways in two rows."""

    def pages(self, exhibits: Sequence[Exhibit]) -> tuple[Page, ...]:
        """One page each, see `PanelStyle`."""
        return tuple(_page(exhibit) for exhibit in exhibits)


def _towards(record: CounterfactualRecord, side: int) -> tuple[_Cell, _Cell]:
    """A counterfactual and its difference, with the mark in their pixels."""
    share = percent(record.probabilities.counterfactual[record.target])
    scale = difference_scale(record.difference)
    changes = difference_colours(record.difference, scale)
    return (
        _Cell(
            f"Counterfactual: {share}",
            marked_pixels(record.counterfactual, simulated=record.simulated, side=side),
        ),
        _Cell("Difference", marked_pixels(changes, simulated=record.simulated, side=side)),
    )


def _page(exhibit: Exhibit) -> Page:
    record, other = exhibit.record, exhibit.reverse
    columns = 4 if other is None else 3
    side = (_WIDTH - (columns - 1) * _GAP) // columns
    share = percent(record.probabilities.original[record.target])
    original = record.original
    if record.simulated:
        original = marked_pixels(original, simulated=True, side=side)
    cells = [_Cell(f"Photograph: {share}", original)]
    if other is None:
        rebuilt = percent(record.probabilities.reconstruction[record.target])
        pixels = marked_pixels(record.reconstruction, simulated=record.simulated, side=side)
        cells.append(_Cell(f"Reconstruction: {rebuilt}", pixels))
    cells += _towards(record, side)
    page = Page(_WIDTH, 10_000, _DPI, PAPER, f"Counterfactual of {exhibit.label}", (exhibit,))
    letters = iter("ABCDE")
    top = _LETTER + 24
    for column, cell in enumerate(cells):
        _lay(page, next(letters), cell, column * (side + _GAP), top, side)
    lay_scale_bar(page, exhibit, 0, top, side, (255, 255, 255), _PLAIN)
    for column in (columns - 2, columns - 1):
        lay_region(page, record, column * (side + _GAP), top, side)
    lay_marks(page, exhibit, (columns - 2) * (side + _GAP), top, side, _PLAIN)
    left = (columns - 1) * (side + _GAP)
    y = _bar(page, record, left, top + side + 12, side)
    if other is not None:
        below = y + _LETTER + 24
        for column, cell in enumerate(_towards(other, side), 1):
            _lay(page, next(letters), cell, column * (side + _GAP), below, side)
            lay_region(page, other, column * (side + _GAP), below, side)
        _bars(page, exhibit, 0, below, side)
        _findings(page, exhibit, below + 270, side, (side - 320) // _LINE)
        y = _bar(page, other, left, below + side + 12, side)
        y = _sentences(page, _said_of(record), 0, y + 20, _WIDTH)
    else:
        below = top + side + 30
        _bars(page, exhibit, 0, below, side)
        beside = _sentences(page, _said_of(record), side + _GAP, below, 2 * side + _GAP)
        y = max(y, below + 50 + 3 * 46, beside)
    return _finished(page, exhibit, y + 20)


def _lay(page: Page, letter: str, cell: _Cell, x: int, y: int, side: int) -> None:
    """A picture, its letter and its caption above it."""
    page.add(
        Words((x, y - 14), letter, _LETTER, PEN, "ls", _BOLD),
        Words(
            (x + _LETTER + 8, y - 16), cut(cell.caption, side - _LETTER - 8, _SMALL, _PLAIN), _SMALL, PEN, "ls", _PLAIN
        ),
        Picture((x, y), (side, side), cell.pixels),
    )


def _bar(page: Page, record: CounterfactualRecord, x: int, y: int, side: int) -> int:
    """The scale of a difference; returns where it ends."""
    scale = difference_scale(record.difference)
    page.add(
        Picture((x, y), (side, 22), difference_bar(side, 22)),
        Words((x, y + 30), f"darker by {100 * scale:.0f} %", _SMALL, PENCIL, "la", _PLAIN),
        Words((x + side, y + 30), f"brighter by {100 * scale:.0f} %", _SMALL, PENCIL, "ra", _PLAIN),
    )
    return y + 30 + _LINE


def _bars(page: Page, exhibit: Exhibit, x: int, y: int, side: int) -> None:
    """Probability of the target class in the pictures, with intervals where they are known."""
    target = exhibit.record.classes[exhibit.record.target]
    page.add(Words((x, y), cut(f"Probability of '{target}'", side, _TEXT, _BOLD), _TEXT, PEN, "la", _BOLD))
    left, width = x + 200, side - 200 - 110
    for row, (name, value, interval, counterfactual) in enumerate(said.probability_rows(exhibit)):
        top = y + 50 + row * 46
        colour = DARK_ORANGE if counterfactual else DARK_BLUE
        page.add(
            Words((x, top + 15), name, _SMALL, PEN, "lm", _PLAIN),
            Block((left, top, left + width, top + 30), fill=FAINT),
            Block((left, top, left + round(width * value), top + 30), fill=colour),
            Words((x + side, top + 15), percent(value), _SMALL, PEN, "rm", _PLAIN),
            Stroke(((left + width / 2, top - 4), (left + width / 2, top + 34)), PENCIL, 2),
        )
        if interval is not None:
            low, high = (left + width * end for end in interval)
            page.add(Stroke(((low, top + 15), (high, top + 15)), PEN, 4))
            page.add(*(Stroke(((end, top + 7), (end, top + 23)), PEN, 4) for end in (low, high)))


def _said_of(record: CounterfactualRecord) -> list[str]:
    """Whether the decision changes, what the controls said, and the note."""
    told = [f"{said.decision(record)} Changed area {percent(record.changed_area_fraction)} of the field."]
    told += [said.controls(record.faithfulness)] if record.faithfulness is not None else []
    return told + ([f"Note: {record.note}"] if record.note else [])


def _sentences(page: Page, told: Sequence[str], x: int, y: int, width: int) -> int:
    """Sentences below each other, wrapped; returns where the next thing may stand."""
    for sentence in told:
        for line in wrapped(sentence, width, _SMALL, _PLAIN):
            page.add(Words((x, y), line, _SMALL, PEN, "la", _PLAIN))
            y += _LINE
    return y


def _findings(page: Page, exhibit: Exhibit, y: int, width: int, most: int) -> int:
    """What raters marked and judged, in so many lines at most; returns where the next thing may stand."""
    lines = limited(said.finding_lines(exhibit), most)
    if not lines:
        return y
    page.add(Words((0, y), "Marked and judged by raters", _TEXT, PEN, "la", _BOLD))
    for row, line in enumerate(lines):
        page.add(Words((0, y + 48 + row * _LINE), cut(line, width, _SMALL, _PLAIN), _SMALL, PEN, "la", _PLAIN))
    return y + 48 + len(lines) * _LINE + 20


def _finished(page: Page, exhibit: Exhibit, y: int) -> Page:
    """Directions, what was judged and said, and where it comes from; then the page is cut to its height."""
    record = exhibit.record
    for one in exhibit.records:
        y = lay_directions(page, one, y, _MOST)
    if exhibit.reverse is None:
        y = _findings(page, exhibit, y, _WIDTH, 20)
    told = []
    told.append(
        "Difference: darker blue, brighter orange, none black. "
        + ("Simulated eye. " if record.simulated else "")
        + f"{SYNTHETIC}. Not a medical device."
    )
    hashes = f"{exhibit.label}, {said.eye(record)}. Photograph {record.sha256}, model {record.model.name} "
    hashes += f"{record.model.sha256}, atlas {exhibit.atlas_hash}"
    told.append(hashes + (f", log {exhibit.audit_head}." if exhibit.audit_head else "."))
    y = _sentences(page, told, 0, y, _WIDTH)
    return Page(page.width, y + 8, page.dpi, page.ground, page.title, page.shows, page.things)
