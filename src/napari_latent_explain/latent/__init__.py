"""The generator and its inverse as operators on style codes."""

from napari_latent_explain.latent.editing import Composite, move, render
from napari_latent_explain.latent.inversion import Inversion, invert, reconstruct
from napari_latent_explain.latent.pictures import jpeg_round_trip, mask_tensor, to_pixels, to_tensor

__all__ = [
    "Composite",
    "Inversion",
    "invert",
    "jpeg_round_trip",
    "mask_tensor",
    "move",
    "reconstruct",
    "render",
    "to_pixels",
    "to_tensor",
]
