"""Thin Qt widgets, one a file: they show a model object's state and call it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_latent_explain._qt.explain_widget import ExplainWidget
    from napari_latent_explain._qt.reviewing import ReviewWidget

__all__ = ["ExplainWidget", "ReviewWidget"]


def __getattr__(name: str) -> Any:
    if name == "ExplainWidget":
        from napari_latent_explain._qt.explain_widget import ExplainWidget

        return ExplainWidget
    if name == "ReviewWidget":
        from napari_latent_explain._qt.reviewing import ReviewWidget

        return ReviewWidget
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
