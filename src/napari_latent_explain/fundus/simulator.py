"""Draws a fundus whose every cause is known: the ground truth of tests and benchmarks, and the sample data.

Every part draws from a random stream of its own, so that two pictures of one seed that differ in one factor differ only in
what that factor does. It is a drawing of textbook appearances, no model of optics: nothing clinical follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_latent_explain.domain import Laterality
from napari_latent_explain.fundus.factors import FundusFactors, sample_factors
from napari_latent_explain.fundus.vessel_tree import Vessel, draw_vessels, grow_vessels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SimulatedFundus", "simulate"]

_STREAMS = (
    "factors", "vessels", "texture", "microaneurysms", "haemorrhages", "hard_exudates", "cotton_wool_spots", "drusen",
    "neovascularisation", "noise",
)  # fmt: skip
FIELD = 0.97  # radius of the field over half the picture's side


@dataclass(frozen=True, eq=False)
class SimulatedFundus:
    """A drawn fundus and what it is made of.

    Parameters
    ----------
    picture : numpy.ndarray
        (S, S, 3) uint8.
    factors : FundusFactors
        The causes.
    masks : dict
        (S, S) bool for field, disc, cup, macula, vessels and every kind of lesion.
    seed : int
        What it was drawn from.
    """

    picture: NDArray[np.uint8]
    factors: FundusFactors
    masks: dict[str, NDArray[np.bool_]]
    seed: int


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, _STREAMS.index(name)])


def _noise(rng: np.random.Generator, size: int, scale: float) -> NDArray[np.float64]:
    """Smooth noise of standard deviation 1; `scale` is its grain in units of the picture's side."""
    cells = max(round(3 / scale), 4)
    from skimage.transform import resize

    coarse = gaussian_filter(rng.normal(size=(cells, cells)), 1.0, mode="wrap")
    fine: NDArray[np.float64] = resize(coarse, (size, size), order=3, mode="reflect")
    scaled: NDArray[np.float64] = fine / (fine.std() + 1e-9)
    return scaled


class _Canvas:
    """Coordinates of a right eye in units of the field's radius, and the picture so far in linear steps of 0 to 1."""

    def __init__(self, size: int) -> None:
        middles = ((np.arange(size) + 0.5) / size * 2 - 1) / FIELD
        self.x, self.y = np.meshgrid(middles, middles)
        self.size = size
        self.rgb = np.zeros((size, size, 3))

    def near(self, x: float, y: float) -> NDArray[np.float64]:
        """Distance of every pixel from a point."""
        return np.hypot(self.x - x, self.y - y)

    def blend(self, alpha: NDArray[np.float64], colour: tuple[float, float, float]) -> None:
        """Lay a colour over the picture."""
        self.rgb += alpha[..., None] * (np.array(colour) - self.rgb)

    def shade(self, alpha: NDArray[np.float64], factor: tuple[float, float, float]) -> None:
        """Darken or lighten by a factor for each channel."""
        self.rgb *= 1 + alpha[..., None] * (np.array(factor) - 1)


def _soft(distance: NDArray[np.float64], radius: float, edge: float) -> NDArray[np.float64]:
    """1 inside a radius, 0 outside, with a smooth edge."""
    inside: NDArray[np.float64] = 1 / (1 + np.exp(np.clip((distance - radius) / edge, -40, 40)))
    return inside


def _places(rng: np.random.Generator, count: int, factors: FundusFactors, spread: float) -> NDArray[np.float64]:
    """Places in the field, away from disc and fovea: (count, 2). The first places do not depend on the count."""
    found: list[NDArray[np.float64]] = []
    while len(found) < count:
        place = rng.normal(0, spread, 2) - np.array([0.12, 0.0])
        clear = np.hypot(*(place - (factors.disc_x, factors.disc_y))) > factors.disc_radius * 1.5
        if clear and np.hypot(place[0] + 0.08, place[1]) > 0.09 and np.hypot(*place) < 0.88:
            found.append(place)
    return np.array(found).reshape(-1, 2)


def _retina(canvas: _Canvas, factors: FundusFactors, rng: np.random.Generator) -> None:
    fair, dark = np.array([0.86, 0.47, 0.25]), np.array([0.58, 0.26, 0.10])
    base = fair + factors.pigmentation * (dark - fair)
    cloud = 0.05 * _noise(rng, canvas.size, 0.25) + 0.025 * _noise(rng, canvas.size, 0.06)
    grain = 0.012 * _noise(rng, canvas.size, 0.012)
    canvas.rgb[:] = base * (1 + (cloud + grain)[..., None] * (0.6, 1.0, 1.2))
    stripes = np.abs(_noise(rng, canvas.size, 0.035))
    canvas.shade(np.clip(0.16 - stripes, 0, 1) * 1.2 * (1 - factors.pigmentation), (1.0, 0.75, 0.7))
    fovea = canvas.near(-0.08, 0.02)
    canvas.shade(factors.macula_darkness * 0.55 * np.exp(-((fovea / 0.2) ** 2)), (0.62, 0.5, 0.5))
    canvas.shade(factors.macula_darkness * 0.5 * np.exp(-((fovea / 0.06) ** 2)), (0.7, 0.6, 0.6))


def _disc(canvas: _Canvas, factors: FundusFactors) -> dict[str, NDArray[np.bool_]]:
    oval = np.hypot((canvas.x - factors.disc_x) / 0.92, canvas.y - factors.disc_y)
    canvas.shade(0.5 * np.exp(-((oval / (factors.disc_radius * 2.2)) ** 2)), (1.1, 1.12, 1.1))
    canvas.blend(0.9 * _soft(oval, factors.disc_radius, 0.008), (0.98, 0.74, 0.42))
    cup = np.hypot((canvas.x - factors.disc_x + 0.01) / 0.95, canvas.y - factors.disc_y)
    canvas.blend(0.75 * _soft(cup, factors.disc_radius * factors.cup_ratio, 0.012), (1.0, 0.92, 0.72))
    return {"disc": oval <= factors.disc_radius, "cup": cup <= factors.disc_radius * factors.cup_ratio}


def _vessels(canvas: _Canvas, vessels: list[Vessel]) -> NDArray[np.bool_]:
    scaled = [Vessel(v.points * FIELD, v.widths * FIELD, v.artery) for v in vessels]
    arteries, veins = draw_vessels(scaled, canvas.size)
    fovea = 1 - 0.97 * np.exp(-((canvas.near(-0.08, 0.02) / 0.13) ** 4))
    sigma = 0.0016 * canvas.size
    canvas.shade(gaussian_filter(veins * fovea, sigma), (0.66, 0.4, 0.42))
    canvas.shade(gaussian_filter(arteries * fovea, sigma), (0.84, 0.55, 0.5))
    reflex = gaussian_filter(np.clip(gaussian_filter(arteries, 2 * sigma) - 0.75, 0, 1), sigma)
    canvas.shade(np.clip(reflex * 3, 0, 1), (1.1, 1.2, 1.15))
    return (np.maximum(arteries, veins) * fovea) > 0.4


def _lesions(canvas: _Canvas, factors: FundusFactors, seed: int) -> dict[str, NDArray[np.bool_]]:
    masks = {}
    size, pixel = canvas.size, 2 / canvas.size

    def paint(name: str, alpha: NDArray[np.float64], colour: tuple[float, float, float]) -> None:
        canvas.blend(alpha, colour)
        masks[name] = alpha > 0.3

    def spots(name: str, spread: float, low: float, high: float, edge: float, ragged: float) -> NDArray[np.float64]:
        rng = _stream(seed, name)
        alpha = np.zeros((size, size))
        rough = _noise(rng, size, 0.02) * ragged
        for x, y in _places(rng, getattr(factors, name), factors, spread):
            radius, squash, turn = rng.uniform(low, high), rng.uniform(0.6, 1.0), rng.uniform(0, np.pi)
            dx, dy = canvas.x - x, canvas.y - y
            along = dx * np.cos(turn) + dy * np.sin(turn)
            across = (dy * np.cos(turn) - dx * np.sin(turn)) / squash
            alpha = np.maximum(alpha, _soft(np.hypot(along, across) * (1 + rough), radius, edge))
        return alpha

    rng = _stream(seed, "hard_exudates")
    exudates = np.zeros((size, size))
    centres = _places(rng, 4, factors, 0.25)
    for index in range(factors.hard_exudates):
        angle, away = rng.uniform(0, 2 * np.pi), rng.normal(0.11, 0.04)
        x, y = centres[index % 4] + away * np.array([np.cos(angle), np.sin(angle)])
        exudates = np.maximum(exudates, _soft(canvas.near(x, y), rng.uniform(0.008, 0.024), 0.8 * pixel))
    paint("drusen", 0.55 * spots("drusen", 0.18, 0.012, 0.028, 0.006, 0.1), (0.93, 0.76, 0.45))
    paint("cotton_wool_spots", 0.85 * spots("cotton_wool_spots", 0.4, 0.035, 0.06, 0.012, 0.3), (0.97, 0.9, 0.76))
    paint("haemorrhages", 0.85 * spots("haemorrhages", 0.4, 0.02, 0.055, 0.006, 0.35), (0.34, 0.06, 0.04))
    paint("microaneurysms", 0.9 * spots("microaneurysms", 0.35, 0.007, 0.012, 0.8 * pixel, 0.0), (0.38, 0.07, 0.05))
    paint("hard_exudates", 0.92 * exudates, (0.99, 0.88, 0.45))
    return masks


def _new_vessels(canvas: _Canvas, factors: FundusFactors, rng: np.random.Generator) -> NDArray[np.bool_]:
    if not factors.neovascularisation:
        return np.zeros((canvas.size, canvas.size), dtype=bool)
    fine = []
    for _ in range(round(10 + 40 * factors.neovascularisation)):
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.08, 0.26) * (0.5 + factors.neovascularisation)
        way = np.linspace(0, length, 30)
        turn = angle + np.cumsum(rng.normal(0, 0.28, 30))
        steps = np.stack([np.cos(turn), np.sin(turn)], axis=1) * (way[1] - way[0])
        begin = np.array([factors.disc_x, factors.disc_y]) + rng.normal(0, factors.disc_radius * 0.5, 2)
        fine.append(Vessel((begin + np.cumsum(steps, axis=0)) * FIELD, np.full(30, 0.005), artery=False))
    _, drawn = draw_vessels(fine, canvas.size)
    canvas.shade(gaussian_filter(drawn, 0.001 * canvas.size), (0.75, 0.38, 0.4))
    return drawn > 0.3


def _camera(canvas: _Canvas, factors: FundusFactors, seed: int) -> NDArray[np.bool_]:
    """Media, light, the edge of the field and noise; returns the field."""
    blurred = gaussian_filter(canvas.rgb, (canvas.size * 0.02 * factors.haze,) * 2 + (0,))
    canvas.rgb = blurred + factors.haze * 0.45 * (np.array([0.72, 0.56, 0.42]) - blurred)
    r = np.hypot(canvas.x, canvas.y)
    light = factors.illumination * (1 - 0.55 * factors.vignetting * r**2) * (1 + 0.25 * factors.tilt * canvas.x)
    canvas.rgb *= light[..., None]
    edge = _soft(r, 1.0, 1.2 / canvas.size)
    if factors.notch:
        corner = np.maximum(np.abs(canvas.x + canvas.y + 1.36) * 1.3, np.abs(canvas.x - canvas.y) * 1.6)
        edge = edge * (1 - _soft(corner, 0.11, 1.2 / canvas.size))
    canvas.rgb *= edge[..., None]
    grain = _stream(seed, "noise").normal(0, 0.008, canvas.rgb.shape)
    canvas.rgb += gaussian_filter(grain, (0.6, 0.6, 0)) * edge[..., None]
    field: NDArray[np.bool_] = edge > 0.5
    return field


def simulate(seed: int, factors: FundusFactors | None = None, size: int = 512) -> SimulatedFundus:
    """Draw a fundus.

    Parameters
    ----------
    seed : int
        Not negative; the same seed, factors and size give the same bytes.
    factors : FundusFactors, optional
        The causes; drawn from the seed if not given.
    size : int
        Side of the picture in pixels, at least 64.

    Raises
    ------
    ValueError
        If `size` is below 64.
    """
    if size < 64:
        msg = f"a simulated fundus has at least 64 pixels a side, not {size}"
        raise ValueError(msg)
    if factors is None:
        factors = sample_factors(_stream(seed, "factors"))
    canvas = _Canvas(size)
    _retina(canvas, factors, _stream(seed, "texture"))
    masks = _disc(canvas, factors)
    masks["macula"] = canvas.near(-0.08, 0.02) <= 0.2
    masks["vessels"] = _vessels(canvas, grow_vessels(factors, _stream(seed, "vessels")))
    masks |= _lesions(canvas, factors, seed)
    masks["neovascularisation"] = _new_vessels(canvas, factors, _stream(seed, "neovascularisation"))
    masks["field"] = _camera(canvas, factors, seed)
    picture = (np.clip(canvas.rgb, 0, 1) * 255).round().astype(np.uint8)
    if factors.laterality is Laterality.OS:
        picture = np.ascontiguousarray(picture[:, ::-1])
        masks = {name: np.ascontiguousarray(mask[:, ::-1]) for name, mask in masks.items()}
    return SimulatedFundus(picture, factors, masks, seed)
