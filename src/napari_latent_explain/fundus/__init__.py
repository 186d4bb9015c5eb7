"""Photographs in: reading, field of view, laterality, quality, crop and composite; and the simulator."""

from napari_latent_explain.fundus.composite import composite, composite_crop, composite_window
from napari_latent_explain.fundus.crop import crop
from napari_latent_explain.fundus.field_of_view import find_field
from napari_latent_explain.fundus.laterality import canonical, disc_side, find_canonical_field, read_laterality
from napari_latent_explain.fundus.outlines import crop_outline, read_outlines
from napari_latent_explain.fundus.quality import assess_quality
from napari_latent_explain.fundus.reader import frames_in, read_photograph
from napari_latent_explain.fundus.region_mask import region_weights
from napari_latent_explain.fundus.simulator import SimulatedFundus, simulate

__all__ = [
    "SimulatedFundus",
    "assess_quality",
    "canonical",
    "composite",
    "composite_crop",
    "composite_window",
    "crop",
    "crop_outline",
    "disc_side",
    "find_canonical_field",
    "find_field",
    "frames_in",
    "read_laterality",
    "read_outlines",
    "read_photograph",
    "region_weights",
    "simulate",
]
