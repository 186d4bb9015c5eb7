"""What may be wrong with a photograph before any model sees it."""

from enum import StrEnum

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["QualityFlag", "QualityReport"]


class QualityFlag(StrEnum):
    """A reason to trust an explanation less."""

    DARK = "dark"
    BLURRY = "blurry"
    OVEREXPOSED = "over-exposed"


class QualityReport(FrozenModel):
    """Figures inside the field of view, and the flags they raise.

    Parameters
    ----------
    flags : tuple of QualityFlag
        Empty for a good photograph.
    brightness : float
        Median luminance, 0 to 1.
    sharpness : float
        Energy of fine detail in the green channel over local contrast (no unit; higher is sharper).
    saturated : float
        Share of the field with a clipped channel, 0 to 1.
    """

    flags: tuple[QualityFlag, ...] = ()
    brightness: float
    sharpness: float
    saturated: float
