"""Each end of a search is said as what it is."""

from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.domain import Edit, Probabilities
from napari_latent_explain.explain.frame import Frame
from napari_latent_explain.explain.search_answer import (
    BARELY_REACHED,
    HARDLY_VISIBLE,
    LESS_THAN_ASKED,
    NOT_REACHED,
    as_answer,
)


@pytest.mark.parametrize(
    ("reached", "flipped", "changed", "probability", "note"),
    [
        (True, True, 0.2, None, ""),
        (True, True, 0.004, None, HARDLY_VISIBLE),
        (True, True, 0.004, 0.9, HARDLY_VISIBLE),
        (True, False, 0.0, None, ""),  # it was decided for the target before: nothing had to change
        (False, False, 0.2, None, NOT_REACHED),
        (False, False, 0.2, 0.9, NOT_REACHED),
        (False, True, 0.2, None, BARELY_REACHED),
        (False, True, 0.2, 0.9, LESS_THAN_ASKED),
    ],
)
def test_what_is_said(reached: bool, flipped: bool, changed: float, probability: float | None, note: str) -> None:
    frame = Frame(
        edit=Edit(),
        counterfactual=np.zeros((4, 4, 3), np.uint8),
        difference=np.zeros((2, 2, 3), np.float32),
        probabilities=Probabilities(original=(0.7, 0.3), reconstruction=(0.6, 0.4), counterfactual=(0.4, 0.6)),
        flipped=flipped,
        changed_area_fraction=changed,
    )
    answer = as_answer(frame, reached=reached, probability=probability)
    assert (answer.note, answer.reached) == (note, reached)
    assert (answer.edit, answer.counterfactual is frame.counterfactual) == (frame.edit, True)
    assert not frame.reached
