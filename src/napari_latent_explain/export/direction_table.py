"""The moved directions as a table on paper: strength, name, effects with intervals, and what a study found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.export import said
from napari_latent_explain.export.page import Stroke, Words
from napari_latent_explain.export.paper_colours import PEN, PENCIL
from napari_latent_explain.export.typefaces import Typeface, cut

if TYPE_CHECKING:
    from napari_latent_explain.domain import CounterfactualRecord, StyleDirection
    from napari_latent_explain.export.page import Page

__all__ = ["lay_directions"]

_TEXT, _SMALL, _LINE = 29, 25, 36
_COLUMNS = (0, 124, 610, 960, 1330)
_TITLES = ("strength", "direction", "log odds [95 %]", "probability [95 %]", "held out, validation")


def lay_directions(page: Page, record: CounterfactualRecord, y: int, most: int) -> int:
    """Lay the strongest `most` moves of an edit from `y` on; returns where the next thing may stand."""
    title = f"Directions moved towards '{record.classes[record.target]}'"
    explained = f"{said.strength_unit(record)}; mean effects on held-out photographs"
    page.add(
        Words((0, y), title, _TEXT, PEN, "la", Typeface.VERA_BOLD),
        Words((page.width, y + 3), explained, _SMALL, PENCIL, "ra", Typeface.VERA),
    )
    y += 50
    for x, heading in zip(_COLUMNS, _TITLES, strict=True):
        page.add(Words((x, y), heading, _SMALL, PENCIL, "la", Typeface.VERA))
    y += _LINE
    page.add(Stroke(((0, y), (page.width, y)), PENCIL, 2))
    y += 8
    known = {d.id: d for d in record.directions}
    moved = sorted(record.edit.strengths.items(), key=lambda item: -abs(item[1]))
    widths = [end - begin - 20 for begin, end in zip(_COLUMNS, (*_COLUMNS[1:], page.width + 20), strict=True)]
    for key, strength in moved[:most]:
        for x, width, text in zip(_COLUMNS, widths, _row(key, strength, known.get(key)), strict=True):
            page.add(Words((x, y), cut(text, width, _SMALL, Typeface.VERA), _SMALL, PEN, "la", Typeface.VERA))
        y += _LINE
    rest = "none: the photograph is unchanged" if not moved else ""
    rest = f"and {len(moved) - most} more, smaller (see the record)" if len(moved) > most else rest
    if rest:
        page.add(Words((_COLUMNS[1], y), rest, _SMALL, PENCIL, "la", Typeface.VERA))
        y += _LINE
    return y + 20


def _row(key: str, strength: float, direction: StyleDirection | None) -> tuple[str, ...]:
    if direction is None:
        return f"{strength:+.2f}", key, "", "", ""
    low, high = direction.effect_logit_interval
    least, greatest = direction.effect_probability_interval
    judged = said.validated(direction)
    return (
        f"{strength:+.2f}",
        direction.name,
        f"{direction.effect_logit:+.2f} [{low:+.2f}, {high:+.2f}]",
        f"{direction.effect_probability:+.3f} [{least:+.3f}, {greatest:+.3f}]",
        f"n = {direction.held_out}" + (f", {judged}" if judged else ""),
    )
