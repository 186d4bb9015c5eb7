"""One explained photograph as plain arrays and numbers: what is reviewed and exported."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_latent_explain.domain.controls import Alternative, DoseResponse, Faithfulness, LesionOverlap
from napari_latent_explain.domain.direction import StyleDirection
from napari_latent_explain.domain.edit import Edit
from napari_latent_explain.domain.field import Field
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.laterality import LateralityReading
from napari_latent_explain.domain.probabilities import Probabilities
from napari_latent_explain.domain.quality import QualityReport
from napari_latent_explain.domain.region import Region

__all__ = ["CounterfactualRecord", "ModelIdentity"]


class ModelIdentity(FrozenModel):
    """Which bundle made a result."""

    name: str
    sha256: str
    resolution: int


@dataclass(frozen=True, eq=False)
class CounterfactualRecord:
    """A photograph, an edit, and what came of it: no tensors, no model needed.

    Pictures are square crops of the field of view, in the photograph's own orientation (never mirrored).

    Parameters
    ----------
    name, sha256 : str
        Of the photograph.
    original, counterfactual : numpy.ndarray
        (P, P, 3) uint8, the photograph's own resolution or the display size. `counterfactual` is the composite
        x + (G(s') - G(s)).
    reconstruction : numpy.ndarray
        (M, M, 3) uint8 at the model's resolution: G(s) alone.
    difference : numpy.ndarray
        (M, M, 3) float32 in [-1, 1]: G(s') - G(s), 0 outside the field.
    field : Field
        Where the crop lies in the photograph.
    laterality, quality : LateralityReading, QualityReport
        What was read of the photograph.
    model : ModelIdentity
        Which bundle.
    classes, target : tuple of str, int
        Class names, and the class that the edit was meant to reach.
    probabilities : Probabilities
        Of photograph, reconstruction and counterfactual.
    edit, directions : Edit, tuple of StyleDirection
        The moves, and the directions they refer to.
    flipped : bool
        Whether the classifier's decision on the composite is `target` and was not so before.
    changed_area_fraction : float
        Share of the field whose luminance changes by more than 0.02 of full scale.
    note : str
        A sentence when something must be said ("not reached within the tested range").
    simulated : bool
        Whether the photograph was drawn by a program.
    seconds : dict
        Wall time of each step.
    dose_response, faithfulness : DoseResponse, Faithfulness, optional
        How the answer follows the strength of the edit, and what the controls said; None where not measured.
    alternatives : tuple of Alternative
        Other answers for the same photograph.
    overlap : tuple of LesionOverlap
        Whether the edit acts where something was outlined; empty without outlines.
    region : Region, optional
        Outside which nothing was allowed to change.
    """

    name: str
    sha256: str
    original: NDArray[np.uint8]
    reconstruction: NDArray[np.uint8]
    counterfactual: NDArray[np.uint8]
    difference: NDArray[np.float32]
    field: Field
    laterality: LateralityReading
    quality: QualityReport
    model: ModelIdentity
    classes: tuple[str, ...]
    target: int
    probabilities: Probabilities
    edit: Edit
    directions: tuple[StyleDirection, ...]
    flipped: bool
    changed_area_fraction: float
    note: str = ""
    simulated: bool = False
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    dose_response: DoseResponse | None = None
    faithfulness: Faithfulness | None = None
    alternatives: tuple[Alternative, ...] = ()
    overlap: tuple[LesionOverlap, ...] = ()
    region: Region | None = None
