"""Maps of where a classifier looks: what counterfactuals are compared with."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["SaliencyMap", "SaliencyMethod"]


class SaliencyMethod(StrEnum):
    """How a map is made.

    ``gradcam``: Selvaraju et al., ICCV 2017. ``occlusion``: Zeiler and Fergus, ECCV 2014. ``integrated-gradients``:
    Sundararajan et al., ICML 2017.
    """

    GRADCAM = "gradcam"
    OCCLUSION = "occlusion"
    INTEGRATED_GRADIENTS = "integrated-gradients"

    @property
    def label(self) -> str:
        """The name as people write it."""
        return "Grad-CAM" if self is SaliencyMethod.GRADCAM else self.value.replace("-", " ").capitalize()

    @property
    def signed(self) -> bool:
        """Whether values below 0 speak against the class; without a sign 0 means that nothing there speaks for it."""
        return self is SaliencyMethod.INTEGRATED_GRADIENTS


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Where a photograph speaks for a class, in the photograph's own orientation.

    Parameters
    ----------
    method : SaliencyMethod
        How it was made.
    target : int
        The class.
    values : numpy.ndarray
        (M, M) float32 in [0, 1], or in [-1, 1] if the method is signed; 0 outside the field. The strongest is 1.
    """

    method: SaliencyMethod
    target: int
    values: NDArray[np.float32]
