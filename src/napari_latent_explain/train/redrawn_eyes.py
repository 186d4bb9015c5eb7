"""Simulated eyes as a generator draws them again, and what a reader says that they show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from napari_latent_explain.domain import DirectionAtlas, ModelIdentity
from napari_latent_explain.model.explainer import Explainer, StyleStatistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.model.encoder import FundusEncoder
    from napari_latent_explain.model.generator import StyleGenerator
    from napari_latent_explain.train.factor_reading import FactorReader

__all__ = ["RedrawnEyes", "draw_codes"]


def draw_codes(generator: StyleGenerator, codes: Tensor, mask: Tensor) -> Tensor:
    """Codes (N, n) to pictures (N, 3, R, R) in [-1, 1], black outside the field (mask (1, 1, R, R) of 0 and 1)."""
    with torch.no_grad():
        parts = [generator.synthesise(part).clamp(-1, 1) for part in codes.split(64)]
    return torch.cat(parts) * mask - (1 - mask)


@dataclass(frozen=True, eq=False)
class RedrawnEyes:
    """The generator, the statistics of its styles, the field that all its eyes have, and the factors that count.

    `codes` are those of all simulated eyes, `known` of which reader and classifiers were fitted to.
    """

    generator: StyleGenerator
    statistics: StyleStatistics
    mask: Tensor
    reader: FactorReader
    counted: NDArray[np.int64]
    codes: Tensor
    known: int

    def pictures(self, codes: Tensor) -> Tensor:
        """Return pictures (N, 3, R, R) of codes (N, n)."""
        return draw_codes(self.generator, codes, self.mask)

    def readings(self, codes: Tensor) -> NDArray[np.float64]:
        """Return how the counted factors (N, K) of codes (N, n) look, in standard deviations."""
        read: NDArray[np.float64] = self.reader(self.pictures(codes))[:, self.counted]
        return read

    def explainer(self, classifier: nn.Module) -> Explainer:
        """Join the generator to a classifier: a model without a bundle, whose codes are known."""
        size = self.generator.config.resolution
        return Explainer(
            identity=ModelIdentity(name="simulated", sha256="", resolution=size), classes=("without", "with"),
            generator=self.generator, encoder=cast("FundusEncoder", None), classifier=cast("Any", classifier),
            perception=classifier, statistics=self.statistics, atlas=DirectionAtlas(), device=torch.device("cpu"),
            bundle=Path(), card="", scores={}, recipe={},
        )  # fmt: skip
