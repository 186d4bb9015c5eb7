"""Where in a photograph the illuminated disc lies, and whether it is a fundus at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_latent_explain.domain import Field, NotAFundusError
from napari_latent_explain.fundus.circle import Circle, fit_circle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Photograph

__all__ = ["find_field"]

_SMALLEST = 64
_WORKING = 512
_LEVELS = (0.06, 0.1, 0.16, 0.25, 0.4)


def find_field(photograph: Photograph) -> Field:
    """Find the illuminated disc.

    The picture is reduced to at most 512 pixels; at several brightness levels above the dark surround the
    outline of the largest lit part is taken row by row (so that a cut at the top or bottom does not count),
    a circle is fitted to it, and the best is refined on the steepest fall of brightness along its radii.

    Parameters
    ----------
    photograph : Photograph
        A fundus photograph with its dark surround: 30 to 50 degrees, whole or cut at top and bottom, with
        or without a notch.

    Returns
    -------
    Field
        In photograph pixels.

    Raises
    ------
    NotAFundusError
        If the picture shows no fundus; the sentence says why.
    """
    name = photograph.name
    if min(photograph.width, photograph.height) < _SMALLEST:
        size = f"{photograph.width} x {photograph.height}"
        msg = f"'{name}' is only {size} pixels: a fundus photograph needs at least {_SMALLEST} on either side."
        raise NotAFundusError(msg)
    picture, factor = _reduced(photograph)
    bright = picture.max(axis=-1)
    low, high = float(np.quantile(bright, 0.01)), float(np.quantile(bright, 0.99))
    if high < 0.04:
        msg = f"'{name}' is black: no fundus can be seen in it."
        raise NotAFundusError(msg)
    if high - low < 0.03:
        msg = f"'{name}' has one even brightness and shows no fundus."
        raise NotAFundusError(msg)
    circle, lit = _best_circle(bright)
    if circle is None or lit is None:
        msg = (
            f"'{name}' does not look like a fundus photograph: there is no round lit field on a dark surround"
            "; give the whole photograph as the camera wrote it."
        )
        raise NotAFundusError(msg)
    circle = _refined(bright, circle)
    top, bottom = _cuts(bright, _widest(bright, lit, circle), circle)
    _refuse_other_pictures(picture, bright, circle, top, bottom, name)
    center_y, radius = circle.y * factor, circle.radius * factor
    return Field(
        center_x=circle.x * factor,
        center_y=center_y,
        radius=radius,
        top=max(top * factor, center_y - radius, 0.0),
        bottom=min(
            bottom * factor if bottom < picture.shape[0] else float("inf"),
            center_y + radius,
            photograph.height,
        ),
        width=photograph.width,
        height=photograph.height,
    )


def _reduced(photograph: Photograph) -> tuple[NDArray[np.float32], int]:
    """Block means, 0 to 1, and the side of a block."""
    factor = -(-max(photograph.width, photograph.height) // _WORKING)
    height, width = photograph.height // factor, photograph.width // factor
    pixels = photograph.pixels[: height * factor, : width * factor]
    total = np.zeros((height, width, 3), dtype=np.float32)
    for dy in range(factor):
        for dx in range(factor):
            total += pixels[dy::factor, dx::factor]
    total /= np.float32(factor * factor * photograph.full_scale)
    return total, factor


def _best_circle(bright: NDArray[np.float32]) -> tuple[Circle | None, NDArray[np.bool_] | None]:
    """Return the circle that an outline keeps to best, over several brightness levels, and what is lit."""
    height, width = bright.shape
    smooth = ndimage.gaussian_filter(bright, 1.0)
    dark = float(np.quantile(bright, 0.005))
    high = float(np.quantile(bright, 0.95))
    best: tuple[float, Circle, NDArray[np.bool_]] | None = None
    for level in _LEVELS:
        threshold = max(dark + level * (high - dark), dark + 0.02)
        labels, count = ndimage.label(smooth > threshold)
        if not count:
            continue
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        lit = ndimage.binary_fill_holes(labels == int(np.argmax(sizes)))
        if lit.mean() < 0.15:
            continue
        circle = fit_circle(
            _outline(lit), 0.2 * min(height, width), 0.75 * max(height, width), np.random.default_rng(0)
        )
        if circle is None:
            continue
        score = circle.agreement * min(circle.coverage / 0.4, 1) - 10 * circle.scatter
        if best is None or score > best[0]:
            best = score, circle, lit
    if best is None or best[1].agreement < 0.6 or best[1].coverage < 0.25 or best[1].scatter > 0.012:
        return None, None
    return best[1], best[2]


def _outline(lit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """First and last lit place of every row, but none on the picture's own edge: (N, 2) of (x, y)."""
    width = lit.shape[1]
    rows = np.flatnonzero(lit.any(axis=1))
    if len(rows) < 8:
        return np.zeros((0, 2))
    rows = rows[2:-2]
    first = lit[rows].argmax(axis=1)
    last = width - lit[rows][:, ::-1].argmax(axis=1)
    left = first > 1
    right = last < width - 1
    x = np.concatenate([first[left], last[right]])
    y = np.concatenate([rows[left], rows[right]]) + 0.5
    return np.column_stack([x, y]).astype(np.float64)


def _refined(bright: NDArray[np.float32], circle: Circle) -> Circle:
    """Fit again to where brightness falls most steeply along 360 radii."""
    height, width = bright.shape
    smooth = ndimage.gaussian_filter(bright, 0.7)
    angles = np.radians(np.arange(360) + 0.5)
    radii = np.arange(0.94 * circle.radius, 1.06 * circle.radius, 0.25)
    x = circle.x + radii[None] * np.cos(angles)[:, None]
    y = circle.y + radii[None] * np.sin(angles)[:, None]
    profile = ndimage.map_coordinates(smooth, [y - 0.5, x - 0.5], order=1, mode="nearest")
    outside = (x < 1.5) | (x > width - 1.5) | (y < 1.5) | (y > height - 1.5)
    fall = profile[:, :-6] - profile[:, 6:]
    fall[outside[:, 6:] | outside[:, :-6]] = 0
    at = fall.argmax(axis=1)
    steep = fall.max(axis=1)
    clear = steep > 0.5 * np.median(steep[steep > 0]) if (steep > 0).any() else np.zeros(360, dtype=bool)
    # Upright radii would meet a cut at the top or bottom, not the circle.
    clear &= np.abs(np.sin(angles)) < 0.95
    r = radii[at + 3]
    points = np.column_stack([circle.x + r * np.cos(angles), circle.y + r * np.sin(angles)])[clear]
    again = fit_circle(points, 0.9 * circle.radius, 1.1 * circle.radius, np.random.default_rng(0))
    if again is None or again.agreement < 0.6 or again.coverage < 0.25:
        return circle
    return again


def _widest(bright: NDArray[np.float32], lit: NDArray[np.bool_], circle: Circle) -> NDArray[np.bool_]:
    """Return what is lit at the lowest level that keeps inside the circle, so that dark parts of the field count."""
    height, width = bright.shape
    y, x = np.mgrid[:height, :width] + 0.5
    r = np.hypot(x - circle.x, y - circle.y) / circle.radius
    smooth = ndimage.gaussian_filter(bright, 1.0)
    dark, high = float(np.quantile(bright, 0.005)), float(np.quantile(bright, 0.95))
    for level in (0.04, *_LEVELS):
        wide: NDArray[np.bool_] = smooth > max(dark + level * (high - dark), dark + 0.02)
        if float(wide[r > 1.03].mean() if (r > 1.03).any() else 0.0) < 0.02:
            return wide | lit
    return lit


def _cuts(bright: NDArray[np.float32], lit: NDArray[np.bool_], circle: Circle) -> tuple[float, float]:
    """First and last row where the middle third of the disc is lit."""
    height, width = lit.shape
    x0 = int(np.clip(circle.x - circle.radius / 3, 0, width - 1))
    x1 = int(np.clip(circle.x + circle.radius / 3, x0 + 1, width))
    rows = np.flatnonzero(lit[:, x0:x1].mean(axis=1) > 0.5)
    if not len(rows):
        return circle.y - circle.radius, circle.y + circle.radius
    profile = np.median(bright[:, x0:x1], axis=1)
    top = _steepest(profile, int(rows[0])) if rows[0] > 0 else 0.0
    bottom = height - _steepest(profile[::-1], height - 1 - int(rows[-1])) if rows[-1] < height - 1 else float(height)
    slack = 0.06 * circle.radius
    if top > 0 and top - (circle.y - circle.radius) < slack:
        top = circle.y - circle.radius
    if bottom < height and circle.y + circle.radius - bottom < slack:
        bottom = circle.y + circle.radius
    return top, bottom


def _steepest(profile: NDArray[np.float32], near: int) -> float:
    """Return the edge between rows where brightness rises most, close to row `near`."""
    start = max(near - 2, 1)
    rises = np.diff(profile)[start - 1 : near + 5]
    return float(start + int(np.argmax(rises))) if len(rises) else float(near)


def _refuse_other_pictures(
    picture: NDArray[np.float32],
    bright: NDArray[np.float32],
    circle: Circle,
    top: float,
    bottom: float,
    name: str,
) -> None:
    """Raise if what lies in the circle, or around it, is not what a fundus camera writes."""
    height, width = bright.shape
    y, x = np.mgrid[:height, :width] + 0.5
    r = np.hypot(x - circle.x, y - circle.y) / circle.radius
    inside = (r < 0.95) & (y > top + 2) & (y < bottom - 2)
    around = (r > 1.05) | (y < top - 3) | (y > bottom + 3)
    middle = float(np.median(bright[inside])) if inside.any() else 0.0
    if around.sum() < 0.01 * bright.size:
        msg = f"'{name}' has no dark surround: give the whole photograph as the camera wrote it."
        raise NotAFundusError(msg)
    if float(np.mean(bright[around] > max(0.35 * middle, 0.06))) > 0.1:
        msg = f"'{name}' does not look like a fundus photograph: what surrounds its round part is not dark."
        raise NotAFundusError(msg)
    red, green, blue = (float(picture[..., c][inside].mean()) for c in range(3))
    if max(red, green, blue) - min(red, green, blue) < 0.06 * max(red, green, blue):
        if _vessels(picture[..., 1], inside) < 0.02:
            msg = f"'{name}' is no fundus photograph: its round part is grey and shows no vessels."
            raise NotAFundusError(msg)
    elif red < 0.95 * green or red < blue:
        msg = f"'{name}' does not look like a fundus photograph: its round part is not reddish."
        raise NotAFundusError(msg)
    if float(picture[..., :2][inside].std(axis=0).max()) < 0.006:
        msg = f"'{name}' shows a round field of one even colour and no fundus in it."
        raise NotAFundusError(msg)


def _vessels(green: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Share of the field that is a thin dark line, by a black top-hat."""
    smooth = ndimage.gaussian_filter(green, 1.0)
    hat = ndimage.grey_closing(smooth, size=(9, 9)) - smooth
    inner = ndimage.binary_erosion(inside, iterations=6)
    level = float(np.median(green[inner])) if inner.any() else 1.0
    return float(np.mean(hat[inner] > 0.12 * level)) if inner.any() else 0.0
