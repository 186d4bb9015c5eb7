"""Retinal vessels of the simulator: arcades that leave the disc, curve round the macula, taper and branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.fundus.factors import FundusFactors

__all__ = ["Vessel", "draw_vessels", "grow_vessels"]

FINE = 2  # oversampling of the drawing


@dataclass(frozen=True)
class Vessel:
    """One vessel: points (k, 2) and widths (k,) in units of the field's radius, and whether it is an artery."""

    points: NDArray[np.float64]
    widths: NDArray[np.float64]
    artery: bool


# Angle at which a trunk leaves the disc (degrees, 0 = nasal, counter-clockwise), and how it bends for each unit of way.
_TRUNKS = ((108.0, 62.0, 1.0), (252.0, -62.0, 1.0), (48.0, -8.0, 0.75), (312.0, 8.0, 0.75), (172.0, 12.0, 0.35))


def _walk(
    start: NDArray[np.float64],
    angle: float,
    bend: float,
    width: float,
    length: float,
    wind: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Follow one vessel: points, widths, headings."""
    count = max(int(length / 0.015), 3)
    phase = rng.uniform(0, 2 * np.pi)
    drift = np.cumsum(rng.normal(0, 1, count)) * 0.018
    way = np.linspace(0, length, count)
    heading = np.deg2rad(angle + bend * way) + wind * 0.5 * np.sin(way * 22 + phase) + drift * (0.4 + wind)
    steps = np.stack([np.cos(heading), -np.sin(heading)], axis=1) * (length / count)
    points = start + np.cumsum(steps, axis=0) - steps[0]
    return points, width * (1 - 0.65 * way / length), heading


def grow_vessels(factors: FundusFactors, rng: np.random.Generator) -> list[Vessel]:
    """Grow the tree of a right eye."""
    disc = np.array([factors.disc_x, factors.disc_y])
    grown: list[Vessel] = []

    def grow(
        start: NDArray[np.float64], angle: float, bend: float, width: float, length: float, depth: int, art: bool
    ) -> None:
        points, widths, heading = _walk(start, angle, bend, width, length, factors.tortuosity, rng)
        grown.append(Vessel(points, widths, art))
        if depth == 0 or width < 0.006:
            return
        spots = rng.random(12)
        for index in range(round(length * 5 * factors.vessel_density)):
            at = int((0.12 + 0.8 * spots[index % 12]) * (len(points) - 1))
            side = 1 if index % 2 else -1
            turn = np.rad2deg(heading[at]) + side * rng.uniform(28, 62)
            grow(
                points[at],
                turn,
                -side * rng.uniform(0, 40),
                widths[at] * 0.6,
                length * rng.uniform(0.3, 0.5),
                depth - 1,
                art,
            )

    for angle, bend, size in _TRUNKS:
        for art in (False, True):
            width = 0.034 * factors.vessel_calibre * size * (factors.artery_vein_ratio if art else 1.0)
            leave = angle + (6 if art else -6) + rng.normal(0, 5)
            begin = disc + rng.normal(0, 0.012, 2)
            grow(begin, leave, bend * rng.uniform(0.85, 1.15), width, 1.45 * (0.55 + 0.45 * size), 2, art)
    return grown


def draw_vessels(vessels: list[Vessel], size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage 0 to 1 of arteries and of veins, (size, size) each."""
    layers = [Image.new("L", (size * FINE, size * FINE)) for _ in range(2)]
    scale = size * FINE / 2
    for vessel in vessels:
        draw = ImageDraw.Draw(layers[0 if vessel.artery else 1])
        places = (vessel.points + 1) * scale
        for a, b, width in zip(places[:-1], places[1:], vessel.widths, strict=False):
            w = max(width * scale, 1.0)
            draw.line((*a, *b), fill=255, width=round(w))
            if w > 3:
                draw.ellipse((b[0] - w / 2, b[1] - w / 2, b[0] + w / 2, b[1] + w / 2), fill=255)
    shrunk = [np.asarray(layer.resize((size, size), Image.Resampling.BOX), dtype=np.float64) / 255 for layer in layers]
    return shrunk[0], shrunk[1]
