"""The known factors of a simulated fundus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from napari_latent_explain.domain import Laterality
from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FundusFactors", "sample_factors"]

Count = Annotated[int, Field(ge=0, le=60)]
Share = Annotated[float, Field(ge=0, le=1)]


class FundusFactors(FrozenModel):
    """What a simulated fundus is made of; lengths are in units of the field's radius.

    Parameters
    ----------
    laterality : Laterality
        A left eye is the mirrored right eye.
    disc_x, disc_y, disc_radius : float
        Optic disc, from the middle of the field (right eye: to the right; y downward).
    cup_ratio : float
        Diameter of the cup over that of the disc.
    vessel_calibre : float
        Width of vessels relative to normal.
    artery_vein_ratio : float
        Width of arteries over that of veins.
    tortuosity, vessel_density : float
        How much vessels wind (0 straight), and how often they branch.
    macula_darkness : float
        Depth of the macula's shade.
    pigmentation : float
        0 fair to 1 dark.
    illumination, vignetting, tilt : float
        Brightness; fall-off to the edge; brighter on one side.
    haze : float
        Scatter by cloudy media.
    microaneurysms, haemorrhages, hard_exudates, cotton_wool_spots, drusen : int
        How many of each.
    neovascularisation : float
        Extent of new vessels on the disc.
    notch : bool
        A camera's notch in the edge of the field.
    """

    laterality: Laterality = Laterality.OD
    disc_x: Annotated[float, Field(ge=0.35, le=0.7)] = 0.52
    disc_y: Annotated[float, Field(ge=-0.15, le=0.15)] = -0.02
    disc_radius: Annotated[float, Field(ge=0.1, le=0.2)] = 0.14
    cup_ratio: Annotated[float, Field(ge=0.1, le=0.9)] = 0.4
    vessel_calibre: Annotated[float, Field(ge=0.5, le=1.6)] = 1.0
    artery_vein_ratio: Annotated[float, Field(ge=0.4, le=1.0)] = 0.7
    tortuosity: Share = 0.25
    vessel_density: Annotated[float, Field(ge=0.3, le=1.6)] = 1.0
    macula_darkness: Share = 0.5
    pigmentation: Share = 0.4
    illumination: Annotated[float, Field(ge=0.4, le=1.4)] = 1.0
    vignetting: Share = 0.4
    tilt: Annotated[float, Field(ge=-1, le=1)] = 0.0
    haze: Share = 0.05
    microaneurysms: Count = 0
    haemorrhages: Count = 0
    hard_exudates: Count = 0
    cotton_wool_spots: Count = 0
    drusen: Count = 0
    neovascularisation: Share = 0.0
    notch: bool = False


def sample_factors(rng: np.random.Generator, **fixed: Any) -> FundusFactors:
    """Draw factors: a normal eye in its natural variety, or, in half of the draws, one with some lesions.

    Factors in `fixed` are taken as given.
    """
    ill = rng.random() < 0.5
    drawn: dict[str, Any] = {
        "laterality": Laterality.OD if rng.random() < 0.5 else Laterality.OS,
        "disc_x": rng.uniform(0.45, 0.62),
        "disc_y": rng.uniform(-0.08, 0.06),
        "disc_radius": rng.uniform(0.12, 0.16),
        "cup_ratio": rng.uniform(0.25, 0.6),
        "vessel_calibre": rng.uniform(0.8, 1.2),
        "artery_vein_ratio": rng.uniform(0.6, 0.8),
        "tortuosity": rng.uniform(0.1, 0.5),
        "vessel_density": rng.uniform(0.7, 1.3),
        "macula_darkness": rng.uniform(0.3, 0.8),
        "pigmentation": rng.uniform(0.1, 0.8),
        "illumination": rng.uniform(0.8, 1.15),
        "vignetting": rng.uniform(0.2, 0.7),
        "tilt": rng.uniform(-0.5, 0.5),
        "haze": rng.uniform(0.0, 0.25),
        "microaneurysms": int(rng.integers(0, 25)) if ill else 0,
        "haemorrhages": int(rng.integers(0, 12)) if ill else 0,
        "hard_exudates": int(rng.integers(0, 40)) if ill else 0,
        "cotton_wool_spots": int(rng.integers(0, 5)) if ill else 0,
        "drusen": int(rng.integers(0, 20)) if rng.random() < 0.2 else 0,
        "neovascularisation": float(rng.random()) if ill and rng.random() < 0.2 else 0.0,
        "notch": bool(rng.random() < 0.3),
    }
    return FundusFactors.model_validate(drawn | fixed)
