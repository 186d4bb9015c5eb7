"""A page as a list of things with places, which is painted in pixels or set as a PDF: one layout for both.

Coordinates are pixels from the top left, at `Page.dpi`. Each kind of thing knows how to paint itself with Pillow and how to
print itself with reportlab, where text stays text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from PIL import Image, ImageDraw

from napari_latent_explain.export.typefaces import Typeface, font, printed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["Block", "Colour", "Disc", "Page", "Picture", "Stroke", "Thing", "Words", "painted"]

Colour = tuple[int, int, int]
Point = tuple[float, float]


class Thing(Protocol):
    """Something on a page."""

    def paint(self, image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        """Put it into pixels."""

    def typeset(self, canvas: Any, height: float) -> None:
        """Put it on a reportlab canvas whose unit is a pixel; `height` is the page's."""


def _ink(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = colour
    return red / 255, green / 255, blue / 255


@dataclass(frozen=True)
class Words:
    """One line of text; `anchor` as in Pillow: l, m, r, and a (top), m (middle), s (base line)."""

    at: Point
    text: str
    size: int
    ink: Colour
    anchor: str = "la"
    face: Typeface = Typeface.AILERON

    def paint(self, image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        """Put it into pixels."""
        draw.text(
            self.at, self.text, font=font(self.size, self.face.for_text(self.text)), fill=self.ink, anchor=self.anchor
        )

    def typeset(self, canvas: Any, height: float) -> None:
        """Set it as text of the same width as in pixels."""
        face = self.face.for_text(self.text)
        letters, name = font(self.size, face), printed(face)
        width, (ascent, descent) = letters.getlength(self.text), letters.getmetrics()  # type: ignore[union-attr]
        x = self.at[0] - {"l": 0.0, "m": width / 2, "r": width}[self.anchor[0]]
        down = {"a": ascent, "m": (ascent - descent) / 2, "s": 0}[self.anchor[1]]
        line = canvas.beginText(x, height - self.at[1] - down)
        line.setFont(name, self.size)
        line.setFillColorRGB(*_ink(self.ink))
        natural = canvas.stringWidth(self.text, name, self.size)
        if natural:
            line.setHorizScale(100 * width / natural)
        line.textOut(self.text)
        canvas.drawText(line)


@dataclass(frozen=True)
class Block:
    """A rectangle, its edges included: (left, top, right, bottom)."""

    box: tuple[float, float, float, float]
    fill: Colour | None = None
    outline: Colour | None = None
    width: int = 1

    def paint(self, image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        """Put it into pixels."""
        draw.rectangle(self.box, fill=self.fill, outline=self.outline, width=self.width)

    def typeset(self, canvas: Any, height: float) -> None:
        """Print it."""
        left, top, right, bottom = self.box
        inset = self.width / 2 if self.outline else 0.0
        canvas.setLineWidth(self.width)
        if self.fill:
            canvas.setFillColorRGB(*_ink(self.fill))
        if self.outline:
            canvas.setStrokeColorRGB(*_ink(self.outline))
        canvas.rect(
            left + inset, height - bottom - 1 + inset, right + 1 - left - 2 * inset, bottom + 1 - top - 2 * inset,
            stroke=int(self.outline is not None), fill=int(self.fill is not None),
        )  # fmt: skip


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: tuple[Point, ...]
    ink: Colour
    width: int = 1

    def paint(self, image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        """Put it into pixels."""
        draw.line(self.points, fill=self.ink, width=self.width)

    def typeset(self, canvas: Any, height: float) -> None:
        """Print it."""
        canvas.setLineWidth(self.width)
        canvas.setStrokeColorRGB(*_ink(self.ink))
        path = canvas.beginPath()
        (x, y), *others = self.points
        path.moveTo(x, height - y)
        for x, y in others:
            path.lineTo(x, height - y)
        canvas.drawPath(path)


@dataclass(frozen=True)
class Disc:
    """A filled disc."""

    middle: Point
    radius: float
    fill: Colour

    def paint(self, image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        """Put it into pixels."""
        x, y = self.middle
        draw.ellipse((x - self.radius, y - self.radius, x + self.radius, y + self.radius), fill=self.fill)

    def typeset(self, canvas: Any, height: float) -> None:
        """Print it."""
        canvas.setFillColorRGB(*_ink(self.fill))
        canvas.circle(self.middle[0], height - self.middle[1], self.radius, stroke=0, fill=1)


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels (H, W, 3) uint8 at a place; whatever mark they need is in them already."""

    at: tuple[int, int]
    size: tuple[int, int]
    pixels: NDArray[np.uint8]

    def paint(self, image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        """Put it into pixels, resized if need be."""
        shown = Image.fromarray(self.pixels)
        image.paste(shown if shown.size == self.size else shown.resize(self.size, Image.Resampling.LANCZOS), self.at)

    def typeset(self, canvas: Any, height: float) -> None:
        """Print it as an image with all its pixels."""
        from reportlab.lib.utils import ImageReader

        canvas.drawImage(
            ImageReader(Image.fromarray(self.pixels)), self.at[0], height - self.at[1] - self.size[1], *self.size
        )


@dataclass(frozen=True, eq=False)
class Page:
    """What stands on one page.

    Parameters
    ----------
    width, height, dpi : int
        In pixels, and how many make an inch.
    ground : Colour
        Colour of the paper.
    title : str
        What a PDF is called.
    shows : tuple of Exhibit
        What is on it.
    things : list of Thing
        In the order in which they are laid on.
    """

    width: int
    height: int
    dpi: int
    ground: Colour
    title: str
    shows: tuple[Exhibit, ...]
    things: list[Thing] = field(default_factory=list)

    def add(self, *things: Thing) -> None:
        """Lay things on."""
        self.things.extend(things)


def painted(page: Page) -> Image.Image:
    """The page in pixels, (height x width) RGB; the same page gives the same pixels."""
    image = Image.new("RGB", (page.width, page.height), page.ground)
    draw = ImageDraw.Draw(image)
    for thing in page.things:
        thing.paint(image, draw)
    return image
