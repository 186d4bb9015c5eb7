"""Directions, counterfactuals and the explanation of one photograph. Torch is imported when a name is first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_latent_explain.explain.counterfactual import search_counterfactual
    from napari_latent_explain.explain.discovery import discover, find_directions
    from napari_latent_explain.explain.explaining import explain_photograph
    from napari_latent_explain.explain.explanation import Explanation
    from napari_latent_explain.explain.frame import Frame
    from napari_latent_explain.explain.reference import ReferenceSet, encode_reference
    from napari_latent_explain.explain.saliency import require_saliency
    from napari_latent_explain.explain.saved_explanation import open_explanation, save_explanation
    from napari_latent_explain.explain.search_settings import SearchSettings

__all__ = [
    "Explanation",
    "Frame",
    "ReferenceSet",
    "SearchSettings",
    "discover",
    "encode_reference",
    "explain_photograph",
    "find_directions",
    "open_explanation",
    "require_saliency",
    "save_explanation",
    "search_counterfactual",
]

_HOMES = {
    "Explanation": "explanation",
    "Frame": "frame",
    "ReferenceSet": "reference",
    "SearchSettings": "search_settings",
    "discover": "discovery",
    "encode_reference": "reference",
    "explain_photograph": "explaining",
    "find_directions": "discovery",
    "open_explanation": "saved_explanation",
    "require_saliency": "saliency",
    "save_explanation": "saved_explanation",
    "search_counterfactual": "counterfactual",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
