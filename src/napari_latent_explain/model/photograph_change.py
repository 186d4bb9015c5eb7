"""What a code changes in a photograph, and what the classifier says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["PhotographChange", "composite_with"]


def composite_with(picture: Tensor, x: Tensor, base: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Add to photographs x (N, 3, R, R) in [-1, 1] what is different between a made picture and `base`, both of the generator.

    `weight` (N or 1, 1, R, R) in [0, 1] is how much of it each pixel takes. Returns the composite in [-1, 1], and the difference
    in [-2, 2].
    """
    difference = (picture.clamp(-1, 1) - base) * weight
    return (x + difference).clamp(-1, 1), difference


class PhotographChange(nn.Module):
    """Codes (N, n), x, base and weight as in `composite_with`, to differences (N, 3, R, R) and the composites' logits (N, C)."""

    def __init__(self, explainer: Explainer) -> None:
        super().__init__()
        self.generator, self.classifier = explainer.generator, explainer.classifier

    def forward(self, codes: Tensor, x: Tensor, base: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Draw, add, judge."""
        composites, difference = composite_with(self.generator.synthesise(codes), x, base, weight)
        return difference, self.classifier(composites)
