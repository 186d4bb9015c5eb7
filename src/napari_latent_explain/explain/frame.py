"""What one state of the sliders shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Edit, Probabilities

__all__ = ["Frame"]


@dataclass(frozen=True, eq=False)
class Frame:
    """An edit and its picture, in the photograph's own orientation.

    Parameters
    ----------
    edit : Edit
        The strengths.
    counterfactual : numpy.ndarray
        (P, P, 3) uint8, the composite on the display crop.
    difference : numpy.ndarray
        (M, M, 3) float32 in [-1, 1]: G(s') - G(s).
    probabilities : Probabilities
        Of photograph, reconstruction and composite.
    flipped : bool
        Whether the decision is the target's and was not before.
    changed_area_fraction : float
        Share of the field whose luminance changes by more than 0.02.
    note : str
        A sentence, if something must be said.
    reached : bool
        Whether it is the answer of a search that reached its goal.
    """

    edit: Edit
    counterfactual: NDArray[np.uint8]
    difference: NDArray[np.float32]
    probabilities: Probabilities
    flipped: bool
    changed_area_fraction: float
    note: str = ""
    reached: bool = False
