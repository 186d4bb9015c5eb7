"""An explanation with another explainer of the same model: with other directions, or on another device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_latent_explain.explain.explanation import Explanation
from napari_latent_explain.latent import Inversion

if TYPE_CHECKING:
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["enlarged", "moved", "with_explainer"]


def with_explainer(shown: Explanation, explainer: Explainer, *, display_size: int | None = None) -> Explanation:
    """The same photograph at the same code with another explainer's directions; its sliders at 0, as large or otherwise."""
    kept, device = shown.inversion, explainer.device
    if kept.code.device != device:
        kept = Inversion(kept.code.to(device), kept.picture.to(device), kept.loss_encoder, kept.loss_refined)
    made = Explanation(
        explainer, shown.photograph, shown.field, shown.laterality, shown.quality, kept,
        target=shown.target, display_size=display_size or shown.display_size, seconds=dict(shown.seconds),
    )  # fmt: skip
    made.set_region(shown.region)
    return made


def moved(shown: Explanation, explainer: Explainer) -> Explanation:
    """The same explanation as it stands by another explainer: directions, sliders, target, region, what a search said."""
    return _as_it_stands(shown, explainer, shown.display_size)


def enlarged(shown: Explanation, display_size: int) -> Explanation:
    """The same explanation as it stands, with pictures of at most this side; saved and opened again, it is as large as before.

    Cost: about a second for 2,800 pixels.
    """
    made = _as_it_stands(shown, shown.explainer, display_size)
    made.kept_display_size = shown.kept_display_size
    return made


def _as_it_stands(shown: Explanation, explainer: Explainer, display_size: int) -> Explanation:
    made = with_explainer(shown, replace(explainer, atlas=shown.found_atlas), display_size=display_size)
    frame = shown.frame
    made.accept(replace(made.render(frame.edit), note=frame.note, reached=frame.reached))
    return made
