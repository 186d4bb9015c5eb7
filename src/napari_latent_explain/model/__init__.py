"""Networks and the bundle that holds them. Torch is imported when a name is first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_latent_explain.model.device import available_devices, choose_device
    from napari_latent_explain.model.explainer import Explainer, default_bundle, load_explainer

__all__ = ["Explainer", "available_devices", "choose_device", "default_bundle", "load_explainer"]

_HOMES = {
    "Explainer": "explainer",
    "available_devices": "device",
    "choose_device": "device",
    "default_bundle": "explainer",
    "load_explainer": "explainer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
