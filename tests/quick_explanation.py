"""Explanations that take no time, for tests of what is done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.explain import explain_photograph

if TYPE_CHECKING:
    from napari_latent_explain.domain import Photograph
    from napari_latent_explain.explain import Explanation
    from napari_latent_explain.model import Explainer

__all__ = ["quick"]


def quick(explainer: Explainer, photograph: Photograph, **given: Any) -> Explanation:
    """Refine three steps, and show 128 pixels."""
    return explain_photograph(explainer, photograph, steps=3, display_size=128, **given)
