"""The annotated panel: photograph, reconstruction, counterfactual and difference with what they mean."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.colours import BLUE, GROUND, INK, ORANGE, QUIET, difference_colours, difference_scale
from napari_latent_explain.export.provenance import KEY, SYNTHETIC, provenance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import CounterfactualRecord, Faithfulness, LesionOverlap

__all__ = ["compose_panel", "font", "mark_synthetic", "png_bytes", "wrapped", "write_panel"]

CELL, GAP, MARGIN, HEIGHT = 460, 16, 28, 920


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, so that pictures are the same on every machine."""
    return ImageFont.load_default(size)


def mark_synthetic(image: Image.Image, *, simulated: bool = False) -> Image.Image:
    """Write into the pixels that a picture is synthetic."""
    marked = image.copy()
    draw = ImageDraw.Draw(marked)
    size = max(9, image.width // 32)
    text = "SIMULATED EYE. " + SYNTHETIC if simulated else SYNTHETIC
    lines = wrapped(text, draw, font(size), image.width - 8)
    for above, line in enumerate(reversed(lines)):
        place = (image.width // 2, image.height - size // 2 - above * (size + 3))
        draw.text(place, line, font=font(size), fill=INK, anchor="ms", stroke_width=2, stroke_fill=(0, 0, 0))
    return marked


def wrapped(
    text: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> list[str]:
    """Break a text between words so that each line is at most `width` pixels wide, if one word allows it."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _cell(pixels: NDArray[np.uint8], *, smooth: bool = True) -> Image.Image:
    resample = Image.Resampling.LANCZOS if smooth else Image.Resampling.BICUBIC
    return Image.fromarray(pixels).resize((CELL, CELL), resample)


def _outlined(picture: Image.Image, record: CounterfactualRecord) -> Image.Image:
    """Draw the region outside which nothing was allowed to change."""
    if record.region is None:
        return picture
    draw = ImageDraw.Draw(picture)
    for corners in record.region.corners(record.field, CELL):
        closed = [tuple(corner) for corner in (*corners, corners[0])]
        draw.line(closed, fill=(0, 0, 0), width=4)
        draw.line(closed, fill=INK, width=2)
    return picture


def _bars(draw: ImageDraw.ImageDraw, x: int, y: int, record: CounterfactualRecord) -> None:
    """Probability of the target class in the three pictures."""
    target = record.target
    rows = [
        ("photograph", record.probabilities.original[target]),
        ("reconstruction", record.probabilities.reconstruction[target]),
        ("counterfactual", record.probabilities.counterfactual[target]),
    ]
    draw.text((x, y), f"Probability of '{record.classes[target]}'", font=font(19), fill=INK)
    for row, (name, value) in enumerate(rows):
        top = y + 36 + row * 34
        draw.text((x, top), name, font=font(16), fill=QUIET)
        left, width = x + 140, 240
        draw.rectangle((left, top + 2, left + width, top + 18), outline=QUIET)
        draw.rectangle((left, top + 2, left + round(width * value), top + 18), fill=ORANGE if row == 2 else BLUE)
        draw.text((left + width + 10, top), _percent(value), font=font(16), fill=INK)
        draw.line((left + width // 2, top, left + width // 2, top + 20), fill=INK)


def _moves(draw: ImageDraw.ImageDraw, x: int, y: int, record: CounterfactualRecord) -> None:
    """The directions that were moved, strongest first."""
    draw.text((x, y), "Moved directions (strength in standard deviations of real eyes)", font=font(19), fill=INK)
    known = {d.id: d for d in record.directions}
    moved = sorted(record.edit.strengths.items(), key=lambda item: -abs(item[1]))
    if not moved:
        draw.text((x, y + 36), "none: the photograph is unchanged", font=font(16), fill=QUIET)
    for row, (key, strength) in enumerate(moved[:5]):
        d = known.get(key)
        effect = ""
        if d is not None:
            low, high = d.effect_logit_interval
            effect = f"   mean effect {d.effect_logit:+.2f} log odds [{low:+.2f}, {high:+.2f}], n = {d.held_out}"
        name = f"{strength:+.2f}  {d.name if d else key} ({key})"
        draw.text((x, y + 36 + row * 26), name + effect, font=font(16), fill=QUIET)
    if len(moved) > 5:
        draw.text(
            (x, y + 36 + 5 * 26), f"and {len(moved) - 5} more, smaller (see the record)", font=font(16), fill=QUIET
        )


def _controls(found: Faithfulness) -> str:
    """The controls in one line."""
    parts = [f"random moves of equal energy do less in {_percent(found.random_share)}"]
    parts += [f"{name} heads in {_percent(share)}" for name, share in found.control_share.items()]
    parts += [f"left after {name} {_percent(share)}" for name, share in found.kept.items()]
    parts.append(f"taken back {_percent(found.reversal)}")
    if found.second_before is not None and found.second_after is not None:
        parts.append(f"an independent classifier {_percent(found.second_before)} to {_percent(found.second_after)}")
    verdict = "passed" if found.passed else "NOT passed (" + ", ".join(found.failed) + ")"
    return f"Controls {verdict}: " + ", ".join(parts) + "."


def _overlap(draw: ImageDraw.ImageDraw, x: int, y: int, found: Sequence[LesionOverlap]) -> None:
    """Where the edit acts: how many times its area's share of the change each outline has."""
    draw.text((x, y), "Change inside what was outlined", font=font(19), fill=INK)
    lines = [f"{one.kind}: {one.enrichment:.1f} times its area's share" for one in found]
    if len(lines) > 5:
        lines = [*lines[:4], f"and {len(lines) - 4} more (see the record)"]
    for row, text in enumerate(lines):
        draw.text((x, y + 36 + row * 26), text, font=font(16), fill=QUIET)


def compose_panel(record: CounterfactualRecord) -> Image.Image:
    """Lay out the panel, (1,944 x 920) RGB; the same record gives the same pixels."""
    width = 2 * MARGIN + 4 * CELL + 3 * GAP
    image = Image.new("RGB", (width, HEIGHT), GROUND)
    draw = ImageDraw.Draw(image)
    eye = record.laterality.eye.value if record.laterality.eye else "laterality unknown"
    stem = Path(record.name).stem
    title = f"{stem}   {eye}   {record.model.name}   model {record.model.sha256[:12]}"
    draw.text((MARGIN, 18), title, font=font(24), fill=INK)
    verdict = (
        f"The classifier's decision changes to '{record.classes[record.target]}'."
        if record.flipped
        else f"The classifier's decision does not change to '{record.classes[record.target]}'."
    )
    area = f"Changed area {_percent(record.changed_area_fraction)} of the field."
    flags = f"Quality: {', '.join(record.quality.flags) or 'no flag'}."
    draw.text((MARGIN, 54), f"{verdict}  {area}  {flags}", font=font(18), fill=QUIET)
    target = record.target
    p = record.probabilities
    scale = difference_scale(record.difference)
    changes = _cell(difference_colours(record.difference, scale), smooth=False)
    cells = [
        ("Photograph", p.original[target], _cell(record.original), False),
        ("Reconstruction G(s)", p.reconstruction[target], _cell(record.reconstruction, smooth=False), True),
        (
            "Counterfactual x + (G(s') - G(s))",
            p.counterfactual[target],
            _outlined(_cell(record.counterfactual), record),
            True,
        ),
        ("Difference G(s') - G(s)", None, _outlined(changes, record), True),
    ]
    top = 126
    for column, (name, value, picture, synthetic) in enumerate(cells):
        x = MARGIN + column * (CELL + GAP)
        caption = name if value is None else f"{name}: {_percent(value)}"
        draw.text((x, top - 30), caption, font=font(18), fill=INK)
        shown = mark_synthetic(picture, simulated=record.simulated) if synthetic or record.simulated else picture
        image.paste(shown, (x, top))
    y = top + CELL + 10
    x = MARGIN + 3 * (CELL + GAP)
    for step in range(CELL):
        share = 2 * step / (CELL - 1) - 1
        base = ORANGE if share > 0 else BLUE
        draw.line((x + step, y, x + step, y + 12), fill=tuple(round(abs(share) * c) for c in base))
    draw.text((x, y + 16), f"darker by {100 * scale:.0f} %", font=font(15), fill=QUIET)
    draw.text((x + CELL, y + 16), f"brighter by {100 * scale:.0f} %", font=font(15), fill=QUIET, anchor="ra")
    _bars(draw, MARGIN, y + 10, record)
    _moves(draw, MARGIN + CELL + GAP, y + 10, record)
    if record.overlap:
        _overlap(draw, x, y + 44, record.overlap)
    if record.faithfulness is not None:
        colour = QUIET if record.faithfulness.passed else ORANGE
        lines = wrapped(_controls(record.faithfulness), draw, font(16), width - 2 * MARGIN)
        for row, line in enumerate(lines[:2]):
            draw.text((MARGIN, 808 + 24 * row), line, font=font(16), fill=colour)
    if record.note:
        draw.text((MARGIN, 858), f"Note: {record.note}", font=font(16), fill=ORANGE)
    foot = f"{SYNTHETIC}. Not a medical device. Reconstruction, counterfactual and difference are computed pictures."
    draw.text((MARGIN, 886), foot, font=font(16), fill=INK)
    if record.simulated:
        draw.text((width - MARGIN, 18), "SIMULATED EYE", font=font(24), fill=ORANGE, anchor="ra")
    return image


def png_bytes(image: Image.Image, text: str) -> bytes:
    """Encode a PNG with provenance; no time stamp, so the same picture gives the same bytes."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, text)
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def _pdf_bytes(image: Image.Image, record: CounterfactualRecord) -> bytes:
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    width, height = image.width / 2, image.height / 2
    canvas = Canvas(stream, pagesize=(width, height + 40), invariant=1)
    canvas.setTitle(f"Counterfactual of {Path(record.name).stem}")
    canvas.setSubject(SYNTHETIC)
    canvas.drawImage(ImageReader(image), 0, 40, width, height)
    canvas.setFont("Helvetica", 9)
    p = record.probabilities
    line = f"{SYNTHETIC}. {record.classes[record.target]}: {_percent(p.original[record.target])} -> "
    canvas.drawString(14, 22, line + _percent(p.counterfactual[record.target]))
    canvas.drawString(14, 9, f"Model {record.model.name} {record.model.sha256}")
    canvas.save()
    return stream.getvalue()


def write_panel(record: CounterfactualRecord, path: Path, *, style: str = "slide") -> Path:
    """Write the panel as PNG (with provenance inside) or PDF, by the suffix of `path`.

    Parameters
    ----------
    record : CounterfactualRecord
        What to show.
    path : pathlib.Path
        ``.png`` or ``.pdf``.
    style : {"slide"}
        The layout.

    Raises
    ------
    ExportError
        If the suffix or the style is unknown, or the file can't be written.
    """
    if style != "slide":
        msg = f"There is no panel style '{style}'; use 'slide'."
        raise ExportError(msg)
    image = compose_panel(record)
    if path.suffix.lower() == ".pdf":
        return write_atomically(path, _pdf_bytes(image, record))
    if path.suffix.lower() != ".png":
        msg = f"A panel is a .png or a .pdf, not '{path.name}'."
        raise ExportError(msg)
    return write_atomically(path, png_bytes(image, provenance(record)))
