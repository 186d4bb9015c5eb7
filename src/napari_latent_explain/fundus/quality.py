"""Whether a photograph is dark, blurry or over-exposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_latent_explain.domain import LUMINANCE, QualityFlag, QualityReport
from napari_latent_explain.fundus.crop import crop

if TYPE_CHECKING:
    from napari_latent_explain.domain import Field, Photograph

__all__ = ["assess_quality"]

_SIDE = 512
_DARK = 0.16
_BLURRY = 0.12
_OVEREXPOSED = 0.5


def assess_quality(photograph: Photograph, field: Field) -> QualityReport:
    """Measure brightness, sharpness and clipping inside the field, on a crop of 512 pixels.

    Brightness is the median luminance (Rec. 709). Sharpness is the spread of the green channel's fine
    detail (between Gaussians of 0.8 and 1.6 pixels) over that of its coarse detail (3 and 12 pixels). A
    pixel is clipped when any of its channels is at 250 of 255 or above. The thresholds flag about 1 % of
    the 605 open photographs (IDRiD, HRF, CHASE_DB1) that they were chosen on.
    """
    picture = crop(photograph, field, _SIDE, mirrored=False).astype(np.float32) / 255
    shown = ndimage.binary_erosion(field.replace(mirrored=False).mask(_SIDE), iterations=12)
    if not shown.any():
        shown = field.replace(mirrored=False).mask(_SIDE)
    brightness = float(np.median((picture @ np.array(LUMINANCE, dtype=np.float32))[shown]))
    green = picture[..., 1]
    fine, wide = (
        float((ndimage.gaussian_filter(green, low) - ndimage.gaussian_filter(green, high))[shown].std())
        for low, high in ((0.8, 1.6), (3.0, 12.0))
    )
    sharpness = fine / max(wide, 1e-4)
    saturated = float((picture.max(axis=-1) >= 250 / 255)[shown].mean())
    flags = [
        flag
        for flag, raised in (
            (QualityFlag.DARK, brightness < _DARK),
            (QualityFlag.BLURRY, sharpness < _BLURRY),
            (QualityFlag.OVEREXPOSED, saturated > _OVEREXPOSED),
        )
        if raised
    ]
    return QualityReport(flags=tuple(flags), brightness=brightness, sharpness=sharpness, saturated=saturated)
