"""Sample data: the simulated eyes that ship with the plugin, and a photograph of the public domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_latent_explain._napari.reader import LayerData

__all__ = ["healthy_eye", "public_eye", "referable_eye"]


def _sample(word: str) -> list[LayerData]:
    from napari_latent_explain._napari.reader import read_layer
    from napari_latent_explain.fundus.samples import sample_photographs

    paths = sample_photographs()
    return [read_layer(next((path for path in paths if word in path.name), paths[0]))]


def healthy_eye() -> list[LayerData]:
    """A simulated healthy eye."""
    return _sample("healthy")


def referable_eye() -> list[LayerData]:
    """A simulated eye with exudates and haemorrhages."""
    return _sample("referable")


def public_eye() -> list[LayerData]:
    """A photograph of a normal left eye (Mikael Haggstrom, CC0), downloaded at the first time.

    Raises
    ------
    PhotographError
        If there is no network, or the file there is another one by now.
    """
    from napari_latent_explain._napari.reader import read_layer
    from napari_latent_explain.fundus.samples import fetch_cc0_photograph

    return [read_layer(fetch_cc0_photograph())]
