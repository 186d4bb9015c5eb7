"""Thin Qt widgets, one a file: they show an explanation's state and call it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_latent_explain._qt.explain_widget import ExplainWidget

__all__ = ["ExplainWidget"]


def __getattr__(name: str) -> Any:
    if name != "ExplainWidget":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from napari_latent_explain._qt.explain_widget import ExplainWidget

    return ExplainWidget
