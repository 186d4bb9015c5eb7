"""The contact sheet: many records on A4 pages, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_latent_explain.domain import percent
from napari_latent_explain.export import said
from napari_latent_explain.export.colours import difference_colours, difference_scale
from napari_latent_explain.export.mark_signs import lay_marks, lay_region
from napari_latent_explain.export.page import Page, Picture, Stroke, Words
from napari_latent_explain.export.paper_colours import FAINT, PAPER, PEN, PENCIL
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

__all__ = ["ContactSheet"]

_DPI, _WIDTH, _HEIGHT, _MARGIN = 200, 1654, 2339, 60  # A4
_SIDE, _GAP, _TOP = 296, 12, 190
_TITLE, _TEXT, _SMALL, _LINE = 34, 22, 18, 25
_BOLD, _PLAIN = Typeface.VERA_BOLD, Typeface.VERA


@dataclass(frozen=True)
class ContactSheet:
    """Photograph, counterfactual (both, where there are two) and difference with the figures beside them.

    Pages are A4; a single one is as high as its rows.

    Parameters
    ----------
    rows : int
        Records on a page, 1 to 6.
    """

    rows: int = 6

    def pages(self, exhibits: Sequence[Exhibit]) -> tuple[Page, ...]:
        """As many pages as it takes, see `PanelStyle`."""
        both = any(exhibit.reverse is not None for exhibit in exhibits)
        count = -(-len(exhibits) // self.rows)
        made = []
        for number in range(count):
            shown = tuple(exhibits[number * self.rows : (number + 1) * self.rows])
            height = _HEIGHT if count > 1 else _TOP + len(shown) * (_SIDE + 44) + 110
            page = Page(_WIDTH, height, _DPI, PAPER, f"Counterfactuals: {len(exhibits)} records", shown)
            _heading(page, shown, len(exhibits), f"page {number + 1} of {count}", both=both)
            for row, exhibit in enumerate(shown):
                _row(page, exhibit, _TOP + row * (_SIDE + 44), both=both)
            made.append(page)
        return tuple(made)


def _column(number: int) -> int:
    return _MARGIN + number * (_SIDE + _GAP)


def _heading(page: Page, shown: Sequence[Exhibit], count: int, place: str, *, both: bool) -> None:
    page.add(
        Words((_MARGIN, 50), page.title if count > 1 else "Counterfactual: 1 record", _TITLE, PEN, "la", _BOLD),
        Words((_WIDTH - _MARGIN, 60), place, _TEXT, PENCIL, "ra", _PLAIN),
        Words((_MARGIN, 104), f"{SYNTHETIC}. Not a medical device.", _TEXT, PEN, "la", _PLAIN),
    )
    names = ["photograph", "counterfactual", *(["the other way"] if both else []), "difference"]
    for column, name in enumerate(names):
        page.add(Words((_column(column), _TOP - 12), name, _SMALL, PENCIL, "ls", _PLAIN))
    models = sorted({f"model {one.record.model.name} {one.record.model.sha256}" for one in shown})
    heads = sorted({f"log {one.audit_head}" for one in shown if one.audit_head})
    atlases = sorted({f"atlas {one.atlas_hash}" for one in shown})
    lines = [
        line for told in (*models, *atlases, *heads) for line in wrapped(told, _WIDTH - 2 * _MARGIN, _SMALL, _PLAIN)
    ]
    lines = limited(["Difference: darker blue, brighter orange, none black.", *lines], 4)
    for row, line in enumerate(reversed(lines)):
        page.add(Words((_MARGIN, page.height - 30 - row * 22), line, 16, PENCIL, "ls", _PLAIN))


def _changes(record: CounterfactualRecord) -> NDArray[np.uint8]:
    return difference_colours(record.difference, difference_scale(record.difference))


def _row(page: Page, exhibit: Exhibit, y: int, *, both: bool) -> None:
    record, other = exhibit.record, exhibit.reverse
    original = record.original if not record.simulated else marked_pixels(record.original, simulated=True, side=_SIDE)
    pictures: list[NDArray[np.uint8] | None] = [original]
    pictures.append(marked_pixels(record.counterfactual, simulated=record.simulated, side=_SIDE))
    if both:
        shown = None if other is None else marked_pixels(other.counterfactual, simulated=other.simulated, side=_SIDE)
        pictures.append(shown)
    pictures.append(marked_pixels(_changes(record), simulated=record.simulated, side=_SIDE))
    for column, pixels in enumerate(pictures):
        if pixels is None:
            page.add(Words((_column(column) + _SIDE // 2, y + _SIDE // 2), "none", _SMALL, PENCIL, "mm", _PLAIN))
        else:
            page.add(Picture((_column(column), y), (_SIDE, _SIDE), pixels))
    lay_scale_bar(page, exhibit, _column(0), y, _SIDE, (255, 255, 255), _PLAIN)
    for column in (1, len(pictures) - 1):
        lay_region(page, record, _column(column), y, _SIDE)
    lay_marks(page, exhibit, _column(1), y, _SIDE, _PLAIN)
    x = _column(len(pictures)) + 12
    width = _WIDTH - _MARGIN - x
    page.add(Words((x, y), cut(f"{exhibit.label}  {said.eye(record)}", width, _TEXT, _BOLD), _TEXT, PEN, "la", _BOLD))
    lines = [line for told in _told(exhibit) for line in _lines(told, width)]
    for row, line in enumerate(limited(lines, (_SIDE - 32) // _LINE)):
        page.add(Words((x, y + 34 + row * _LINE), line, _SMALL, PEN, "la", _PLAIN))
    page.add(Stroke(((_MARGIN, y + _SIDE + 20), (_WIDTH - _MARGIN, y + _SIDE + 20)), FAINT, 2))


def _lines(told: str, width: int) -> list[str]:
    """A sentence in at most two lines."""
    lines = wrapped(told, width, _SMALL, _PLAIN)
    return lines if len(lines) <= 2 else [lines[0], cut(" ".join(lines[1:]), width, _SMALL, _PLAIN)]


def _told(exhibit: Exhibit) -> list[str]:
    """What stands beside a row, most important first."""
    record = exhibit.record
    rows = {name: percent(value) for name, value, _, _ in said.probability_rows(exhibit)}
    told = [f"'{record.classes[record.target]}' {rows['photograph']}, counterfactual {rows['counterfactual']}"]
    if "the other way" in rows:
        told.append(f"the other way {rows['the other way']}")
    told.append(("Decision changes" if record.flipped else "Decision does not change") + ". " + _scales(record))
    told += ["SIMULATED EYE"] if record.simulated else []
    if record.faithfulness is not None:
        told.append("Controls passed" if record.faithfulness.passed else "Controls NOT passed")
    told += [record.note] if record.note else []
    told += said.finding_lines(exhibit)
    known = {d.id: d for d in record.directions}
    for key, strength in sorted(record.edit.strengths.items(), key=lambda item: -abs(item[1])):
        direction = known.get(key)
        effect = ""
        if direction is not None:
            low, high = direction.effect_logit_interval
            effect = f" ({direction.effect_logit:+.2f} [{low:+.2f}, {high:+.2f}])"
        judged = said.validated(direction)
        told.append(
            f"{strength:+.2f} {direction.name if direction else key}{effect}" + (f", {judged}" if judged else "")
        )
    return told


def _scales(record: CounterfactualRecord) -> str:
    area = percent(record.changed_area_fraction)
    return f"Changed area {area}, difference to {100 * difference_scale(record.difference):.0f} %"
