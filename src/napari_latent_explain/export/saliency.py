"""A map of where a classifier looks, laid over its photograph, with the scale beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from napari_latent_explain.domain import percent
from napari_latent_explain.export.colours import BLUE, GROUND, INK, ORANGE, QUIET

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import CounterfactualRecord, SaliencyMap

__all__ = ["COMPUTED", "WHERE_NOT_WHAT", "compose_saliency", "saliency_over", "scale_colours"]

COMPUTED = "Computed map - for research, not for diagnosis"
WHERE_NOT_WHAT = "It shows where something counts, not what would have to be different there."

_VIRIDIS = (  # 17 even steps of matplotlib's viridis (van der Walt and Smith, 2015; CC0)
    "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26818e 21908c 1f9f88 28ae80 3ebc74 5dc963 82d34c abdc32 d5e21a fde725"
)
_TABLE = np.array([tuple(bytes.fromhex(colour)) for colour in _VIRIDIS.split()], dtype=np.float32)
_COVER = 0.65  # how much of the photograph is covered where the map is 1
_SIDE, _MARGIN, _BAR = 768, 28, 14


def scale_colours(values: NDArray[np.float32], *, signed: bool) -> NDArray[np.float32]:
    """Colours of a map's values, (..., 3) float32 in [0, 255].

    Viridis, in which equal steps look equal; or, with a sign, blue (against) over grey to yellow (for): a fundus is orange.
    """
    if signed:
        strength = np.abs(values)[..., None]
        colours = np.where(values[..., None] < 0, np.array(BLUE), _TABLE[-1]) * strength
        blended: NDArray[np.float32] = (colours + 128 * (1 - strength)).astype(np.float32)
        return blended
    at = np.clip(values, 0, 1) * (len(_TABLE) - 1)
    steps = np.arange(len(_TABLE))
    channels = [np.interp(at, steps, _TABLE[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def saliency_over(original: NDArray[np.uint8], found: SaliencyMap) -> NDArray[np.uint8]:
    """Lay a map over its photograph: where it is 0 the photograph shows, where it is 1 a third of it.

    Parameters
    ----------
    original : numpy.ndarray
        (P, P, 3) uint8, black outside the field.
    found : SaliencyMap
        Resampled from (M, M) to (P, P).

    Returns
    -------
    numpy.ndarray
        (P, P, 3) uint8; outside the field the photograph, to the bit.
    """
    size = (original.shape[1], original.shape[0])
    values = np.asarray(Image.fromarray(found.values).resize(size, Image.Resampling.BILINEAR))
    cover = _COVER * np.sqrt(np.abs(values))[..., None]
    colours = scale_colours(values, signed=found.method.signed)
    mixed = np.rint(original * (1 - cover) + colours * cover).astype(np.uint8)
    return np.where(original.any(axis=-1, keepdims=True), mixed, original)


def compose_saliency(record: CounterfactualRecord, found: SaliencyMap) -> Image.Image:
    """Lay out a map over its photograph with title, scale and what it is not, (824 x 980) RGB."""
    name, target = found.method.label, record.classes[found.target]
    share = percent(record.probabilities.original[found.target])
    image = Image.new("RGB", (_SIDE + 2 * _MARGIN, _SIDE + 212), GROUND)
    draw = ImageDraw.Draw(image)

    def write(x: int, y: int, text: str, size: int, ink: tuple[int, int, int] = INK, anchor: str = "la") -> None:
        draw.text((x, y), text, font=ImageFont.load_default(size), fill=ink, anchor=anchor)

    right, bottom = _MARGIN + _SIDE, 92 + _SIDE
    write(_MARGIN, 18, f"{name}: where the photograph speaks for '{target}'", 24)
    said = (
        f"The classifier gives '{target}' {share}."
        if found.values.any()
        else f"Nothing does, by this map; the classifier gives it {share}."
    )
    write(_MARGIN, 54, said, 18, QUIET)
    if record.simulated:
        write(right, 54, "SIMULATED EYE", 18, ORANGE, "ra")
    shown = Image.fromarray(saliency_over(record.original, found)).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    image.paste(shown, (_MARGIN, 92))
    ramp = np.linspace(-1 if found.method.signed else 0, 1, _SIDE, dtype=np.float32)
    bar = np.rint(scale_colours(ramp, signed=found.method.signed)).astype(np.uint8)
    image.paste(Image.fromarray(np.tile(bar, (_BAR, 1, 1))), (_MARGIN, bottom + 10))
    write(_MARGIN, bottom + 30, "strongest against" if found.method.signed else "nothing", 15, QUIET)
    if found.method.signed:
        write(_MARGIN + _SIDE // 2, bottom + 30, "nothing", 15, QUIET, "ma")
    write(
        right, bottom + 30, "strongest for" if found.method.signed else "strongest in this photograph", 15, QUIET, "ra"
    )
    write(_MARGIN, bottom + 62, WHERE_NOT_WHAT, 16)
    write(_MARGIN, bottom + 88, f"{COMPUTED}. Not a medical device.", 16)
    return image
