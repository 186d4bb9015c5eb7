"""From an explanation to its record: plain arrays and numbers, which need neither model nor torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import Alternative, CounterfactualRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_latent_explain.domain import DoseResponse, Faithfulness, LesionOverlap
    from napari_latent_explain.explain.explanation import Explanation
    from napari_latent_explain.explain.frame import Frame

__all__ = ["record_of"]

BOUND = "Nothing was allowed to change outside the drawn outline."


def record_of(
    explanation: Explanation,
    frame: Frame,
    *,
    dose_response: DoseResponse | None = None,
    faithfulness: Faithfulness | None = None,
    alternatives: Sequence[Frame] = (),
    overlap: Sequence[LesionOverlap] = (),
) -> CounterfactualRecord:
    """Record one frame of an explanation, with what else was measured of it; its note says all that must be known."""
    said = (f"{frame.note.capitalize()}." if frame.note else "", BOUND if explanation.region else "")
    return CounterfactualRecord(
        name=explanation.photograph.name,
        sha256=explanation.photograph.sha256,
        original=explanation.original,
        reconstruction=explanation.reconstruction,
        counterfactual=frame.counterfactual,
        difference=frame.difference,
        field=explanation.field,
        laterality=explanation.laterality,
        quality=explanation.quality,
        model=explanation.explainer.identity,
        classes=explanation.explainer.classes,
        target=explanation.target,
        probabilities=frame.probabilities,
        edit=frame.edit,
        directions=explanation.directions,
        flipped=frame.flipped,
        changed_area_fraction=frame.changed_area_fraction,
        note=" ".join(filter(None, (*said, explanation.inversion_note))),
        simulated=explanation.photograph.simulated,
        seconds=dict(explanation.seconds),
        dose_response=dose_response,
        faithfulness=faithfulness,
        alternatives=tuple(
            Alternative(
                edit=other.edit,
                probabilities=other.probabilities,
                flipped=other.flipped,
                changed_area_fraction=other.changed_area_fraction,
                note=other.note,
            )
            for other in alternatives
        ),
        overlap=tuple(overlap),
        region=explanation.region,
    )
