"""Do directions act where experts outlined lesions? Over photographs with outlines, one direction at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from napari_latent_explain.domain import Edit, WrongUseError, portion, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.explain.bootstrap import bootstrap_interval
from napari_latent_explain.explain.explaining import explain_photograph
from napari_latent_explain.fundus import read_outlines, read_photograph

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_latent_explain.domain import DirectionId, LesionOverlap, Progress
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["DirectionOverlap", "benchmark_overlap"]

_DRAWS = 2000


class DirectionOverlap(FrozenModel):
    """One direction and one kind of outline.

    Parameters
    ----------
    direction, name : str
        The direction's identifier, and what it is called.
    kind : str
        What was outlined.
    n : int
        Photographs with such an outline.
    auc, auc_interval : float, (float, float)
        Mean probability that a pixel inside changes more than one outside, and its bootstrap 95 % interval.
    enrichment, enrichment_interval : float, (float, float)
        How many times its area's share of the change lies inside, likewise.
    """

    direction: str
    name: str
    kind: str
    n: Annotated[int, Field(gt=0)]
    auc: float
    auc_interval: tuple[float, float]
    enrichment: float
    enrichment_interval: tuple[float, float]


def benchmark_overlap(
    explainer: Explainer,
    photographs: Sequence[Path],
    outlines: Path,
    *,
    directions: int = 3,
    seed: int = 0,
    steps: int = 30,
    progress: Progress = silent,
) -> tuple[DirectionOverlap, ...]:
    """Move each direction alone to the end of its range, in every photograph, and see where that acts.

    Parameters
    ----------
    explainer : Explainer
        The model; its best `directions` towards each class are moved.
    photographs : sequence of pathlib.Path
        Photographs with outlines; one without any is passed over.
    outlines : pathlib.Path
        Folder of masks, as `fundus.read_outlines` takes it.
    seed, steps : int
        Of the bootstrap; Adam steps of each inversion.
    progress : Progress
        Told once a photograph; may raise `Cancelled`.

    Raises
    ------
    WrongUseError
        If no photograph has an outline.
    PhotographError
        If a file can't be read.

    Notes
    -----
    Cost: one inversion for each photograph, and one rendering for each of its directions.
    """
    moved = [d for target in range(len(explainer.classes)) for d in explainer.atlas.towards(target)[:directions]]
    found: dict[tuple[DirectionId, str], list[LesionOverlap]] = {}
    for number, path in enumerate(photographs):
        told = portion(progress, number / len(photographs), (number + 1) / len(photographs))
        photograph = read_photograph(path)
        drawn = read_outlines(outlines, photograph)
        if not drawn:
            continue
        explanation = explain_photograph(explainer, photograph, steps=steps, progress=told)
        located = explanation.locate(drawn)
        for direction in moved:
            strength = explanation.strength_range(direction.id)[1]
            for one in explanation.overlap(located, explanation.render(Edit(strengths={direction.id: strength}))):
                found.setdefault((direction.id, one.kind), []).append(one)
    if not found:
        msg = f"None of the {len(photographs)} photographs has an outline in {outlines} that a direction could act on."
        raise WrongUseError(msg)
    rng, results = np.random.default_rng(seed), []
    names = {d.id: d.name for d in moved}
    for (key, kind), overlaps in found.items():
        auc = np.array([one.auc for one in overlaps])
        enrichment = np.array([one.enrichment for one in overlaps])
        results.append(
            DirectionOverlap(
                direction=key, name=names[key], kind=kind, n=len(overlaps),
                auc=float(auc.mean()), auc_interval=bootstrap_interval(auc, _DRAWS, rng),
                enrichment=float(enrichment.mean()), enrichment_interval=bootstrap_interval(enrichment, _DRAWS, rng),
            )
        )  # fmt: skip
    return tuple(results)
