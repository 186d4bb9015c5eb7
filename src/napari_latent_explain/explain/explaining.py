"""From a photograph to its explanation: find the eye in it, invert it, and hand over what the sliders move."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import REFINEMENT_STEPS, ExplanationError, silent
from napari_latent_explain.explain.explanation import Explanation
from napari_latent_explain.fundus import assess_quality, canonical, crop, find_field, read_laterality
from napari_latent_explain.latent import invert, mask_tensor, to_tensor

if TYPE_CHECKING:
    from napari_latent_explain.domain import Photograph, Progress
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["explain_photograph"]


def explain_photograph(
    explainer: Explainer,
    photograph: Photograph,
    *,
    target: int | None = None,
    display_size: int = 1024,
    seed: int = 0,
    steps: int = REFINEMENT_STEPS,
    progress: Progress = silent,
) -> Explanation:
    """Invert a photograph and make it ready to be edited.

    Parameters
    ----------
    explainer : Explainer
        The model.
    photograph : Photograph
        From `fundus.read_photograph`.
    target : int, optional
        Class to ask for; if not given, the most probable other class.
    display_size : int
        Largest side of the pictures that are shown; the full-size composite is made on demand.
    seed : int
        For algorithms that draw random numbers (the present inversion draws none).
    steps : int
        Refinement steps, see `latent.invert`.
    progress : Progress
        May raise `Cancelled`.

    Raises
    ------
    NotAFundusError
        If the picture shows no fundus.
    ExplanationError
        If the inversion gives numbers that are not finite.
    """
    torch.manual_seed(seed)
    seconds: dict[str, float] = {}
    began = time.perf_counter()
    progress("Finding the field of view", 0.0)
    field = find_field(photograph)
    laterality = read_laterality(photograph, field)
    quality = assess_quality(photograph, field)
    field = canonical(field, laterality)
    size = explainer.resolution
    x = to_tensor(crop(photograph, field, size), explainer.device)
    mask = mask_tensor(field.mask(size), explainer.device)
    seconds["read"] = time.perf_counter() - began
    began = time.perf_counter()
    inversion = invert(explainer, x, mask, steps=steps, progress=progress)
    seconds["invert"] = time.perf_counter() - began
    if not bool(torch.isfinite(inversion.code).all()):
        msg = f"The inversion of {photograph.name} did not converge; try another photograph or model."
        raise ExplanationError(msg)
    return Explanation(
        explainer, photograph, field, laterality, quality, inversion,
        target=target, display_size=display_size, seconds=seconds,
    )  # fmt: skip
