"""What must be said of the frame that a search came to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_latent_explain.explain.frame import Frame

__all__ = ["as_answer"]

LEAST_VISIBLE = 0.005  # share of the field; below it a change counts as hardly visible
NOT_REACHED = "not reached within the tested range"
HARDLY_VISIBLE = (
    "the change is hardly visible: the classifier is close to its boundary here, "
    "or reacts to what a person does not see"
)
LESS_THAN_ASKED = "the decision changes, but the probability that was asked for is not reached within the tested range"
BARELY_REACHED = "the decision changes only just; no clear change within the tested range"


def as_answer(frame: Frame, *, reached: bool, probability: float | None) -> Frame:
    """The same frame as the answer of a search, with a note if it needs one.

    Parameters
    ----------
    frame : Frame
        Of the edit that was found.
    reached : bool
        Whether the search reached its goal.
    probability : float or None
        The goal: the least probability of the target; None if the decision was to change.
    """
    return replace(frame, reached=reached, note=_note(frame, reached=reached, probability=probability))


def _note(frame: Frame, *, reached: bool, probability: float | None) -> str:
    if reached:
        return HARDLY_VISIBLE if frame.flipped and frame.changed_area_fraction < LEAST_VISIBLE else ""
    if not frame.flipped:
        return NOT_REACHED
    return BARELY_REACHED if probability is None else LESS_THAN_ASKED
