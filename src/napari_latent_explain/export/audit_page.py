"""An audit on one page: effects of interventions with intervals, subgroup gaps, and the pictures that changed most."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from napari_latent_explain import __version__
from napari_latent_explain.domain.audit import CONCERN, FLIPS_CONCERN
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.colours import BLUE, GROUND, INK, ORANGE, QUIET
from napari_latent_explain.export.png import png_bytes
from napari_latent_explain.export.typefaces import font, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain.audit import AuditReport, InterventionEffect

__all__ = ["compose_audit_page", "write_audit"]

_WIDTH, _HEIGHT, _MARGIN = 1500, 1940, 48
_ROW, _PLOT = 40, (560, 1010)
_PAIRS = 3  # in a row, of which there are two
_SAYS = "For research, not a medical device. Altered pictures are computed."


def _axis(report: AuditReport) -> float:
    """Log odds at the ends of the plot: enough for every interval, at least half of the spread."""
    ends = [abs(end) for effect in report.interventions for end in effect.effect_interval]
    return max(*ends, 0.5 * report.spread, 1e-3) * 1.05


def _effects(draw: ImageDraw.ImageDraw, y: int, report: AuditReport) -> int:
    """One row an intervention: name, interval plot, flips; returns where it ends."""
    left, right = _PLOT
    middle, furthest = (left + right) / 2, _axis(report)

    def place(value: float) -> float:
        return middle + value / furthest * (right - left) / 2

    name = report.classes[report.target]
    draw.text((_MARGIN, y), "If one thing is changed", font=font(20), fill=INK)
    draw.text((left, y), f"log odds of '{name}' change by", font=font(20), fill=INK)
    draw.text((1050, y), "95 % interval", font=font(20), fill=INK)
    draw.text((1260, y), "decisions change", font=font(20), fill=INK)
    y += 40
    top, bottom = y, y + _ROW * len(report.interventions)
    bar = CONCERN * report.spread
    draw.rectangle((place(-bar), top, place(bar), bottom), fill=(34, 38, 46))
    draw.line((middle, top, middle, bottom), fill=QUIET)
    concerns = {one.name for one in report.concerns}
    for row, one in enumerate(report.interventions):
        at = top + row * _ROW + _ROW // 2
        colour = ORANGE if one.name in concerns else BLUE
        draw.text((_MARGIN, at), f"{one.name}", font=font(18), fill=INK, anchor="lm")
        draw.text((_MARGIN + 190, at), one.group, font=font(17), fill=QUIET, anchor="lm")
        low, high = one.effect_interval
        draw.line((place(low), at, place(high), at), fill=colour, width=5)
        draw.ellipse((place(one.effect) - 7, at - 7, place(one.effect) + 7, at + 7), fill=colour)
        draw.text((1050, at), f"{low:+.2f} to {high:+.2f}", font=font(17), fill=QUIET, anchor="lm")
        share = f"{100 * one.flips:.0f} %  ({100 * one.flips_interval[0]:.0f} to {100 * one.flips_interval[1]:.0f})"
        draw.text((1260, at), share, font=font(17), fill=ORANGE if one.flips_often else QUIET, anchor="lm")
    draw.text((left, bottom + 6), f"{-furthest:+.2f}", font=font(15), fill=QUIET)
    draw.text((middle, bottom + 6), "0", font=font(15), fill=QUIET, anchor="ma")
    draw.text((right, bottom + 6), f"{furthest:+.2f}", font=font(15), fill=QUIET, anchor="ra")
    return bottom + 44


def _subgroups(draw: ImageDraw.ImageDraw, y: int, report: AuditReport) -> int:
    name = report.classes[report.target]
    for x, text in (
        (_MARGIN, "Photographs as they are"),
        (430, f"decided '{name}', upper less lower half"),
        (960, "decision changed by a counterfactual"),
    ):
        draw.text((x, y), text, font=font(20), fill=INK)
    y += 36

    def shown(value: float, interval: tuple[float, float]) -> str:
        low, high = interval
        return f"{100 * value:+.0f} points  ({100 * low:+.0f} to {100 * high:+.0f})"

    for gap in report.subgroups:
        colour = ORANGE if gap.sure else QUIET
        draw.text((_MARGIN, y), f"{gap.name} ({gap.upper} against {gap.lower})", font=font(18), fill=INK)
        draw.text((430, y), shown(gap.decisions, gap.decisions_interval), font=font(17), fill=colour)
        flips = "not measured"
        if gap.flips is not None and gap.flips_interval is not None:
            flips = shown(gap.flips, gap.flips_interval)
        draw.text((960, y), flips, font=font(17), fill=colour)
        y += 32
    return y + 14


def _pictures(
    image: Image.Image, y: int, shown: list[tuple[InterventionEffect, NDArray[np.uint8], NDArray[np.uint8]]]
) -> None:
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, y), "Photographs that changed most: before and after", font=font(20), fill=INK)
    side = (_WIDTH - 2 * _MARGIN - (_PAIRS - 1) * 24) // (2 * _PAIRS)
    for number, (one, before, after) in enumerate(shown):
        x = _MARGIN + number % _PAIRS * (2 * side + 24)
        if number == _PAIRS:
            y += side + 120
        for offset, picture in ((0, before), (side, after)):
            cell = Image.fromarray(picture).resize((side - 4, side - 4), Image.Resampling.LANCZOS)
            image.paste(cell, (x + offset, y + 36))
        draw.text((x, y + 40 + side), one.name, font=font(17), fill=INK)
        for line, text in enumerate(wrapped(one.says, 2 * side, 15)):
            draw.text((x, y + 64 + side + 20 * line), text, font=font(15), fill=QUIET)


def compose_audit_page(
    report: AuditReport, pictures: Mapping[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]
) -> Image.Image:
    """Lay out the page, RGB; `pictures` are (before, after) of the strongest photograph, by the intervention's name.

    Orange marks what is surely beyond a quarter of the spread of the log odds among eyes with the same decision (the grey
    band) or surely changes more than one decision in twenty, and subgroup gaps whose interval leaves out 0.
    """
    image = Image.new("RGB", (_WIDTH, _HEIGHT), GROUND)
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, 36), f"Audit of {report.model.name}", font=font(34), fill=INK)
    head = f"model {report.model.sha256[:12]}   {report.photographs} photographs   version {__version__}"
    draw.text((_MARGIN, 84), head, font=font(18), fill=QUIET)
    y = 124
    for line in wrapped(report.verdict, _WIDTH - 2 * _MARGIN, 22):
        draw.text((_MARGIN, y), line, font=font(22), fill=ORANGE if report.concerns else INK)
        y += 30
    y = _effects(draw, y + 20, report)
    if report.subgroups:
        y = _subgroups(draw, y, report)
    strongest = sorted(report.interventions, key=lambda one: -one.size)
    shown = [(one, *pictures[one.name]) for one in strongest if one.name in pictures][: 2 * _PAIRS]
    if shown:
        _pictures(image, y + 6, shown)
    y = _HEIGHT - 150
    notes = (
        "Interventions leave the disease alone, so what the classifier then does is caused by them, as far as they look like "
        "what cameras and eyes do. Subgroups differ in other things too: a gap is a question, not an answer. Grey band: a "
        f"quarter of the spread ({report.spread:.2f}) of the log odds among photographs with the same decision. Orange: surely "
        f"beyond it, or surely more than {100 * FLIPS_CONCERN:.0f} % of the decisions changed, whichever way. {_SAYS}"
    )
    for row, line in enumerate(wrapped(notes, _WIDTH - 2 * _MARGIN, 16)):
        draw.text((_MARGIN, y + 24 * row), line, font=font(16), fill=QUIET)
    return image


def write_audit(
    report: AuditReport, pictures: Mapping[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]], folder: Path
) -> dict[str, Path]:
    """Write ``audit.png``, ``audit.pdf`` and ``audit.json``; returns their paths by name.

    Raises
    ------
    ExportError
        If a file can't be written.
    """
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    image = compose_audit_page(report, pictures)
    text = json.dumps(report.model_dump(mode="json"), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(image.width * 0.4, image.height * 0.4), invariant=1)
    canvas.setTitle(f"Audit of {report.model.name}")
    canvas.setSubject(_SAYS)
    canvas.drawImage(ImageReader(image), 0, 0, image.width * 0.4, image.height * 0.4)
    canvas.save()
    return {
        "page": write_atomically(folder / "audit.png", png_bytes(image, text)),
        "pdf": write_atomically(folder / "audit.pdf", stream.getvalue()),
        "json": write_atomically(folder / "audit.json", text.encode()),
    }
