from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.explain.lesion_overlap import lesion_overlap

FIELD = np.ones((20, 20), bool)
FIELD[:4] = False


def _outlined() -> np.ndarray:
    outlined = np.zeros((20, 20), bool)
    outlined[:8, :8] = True  # 32 of the field's 320 pixels
    return outlined


def test_change_that_lies_inside_and_change_that_knows_of_no_outline() -> None:
    inside = np.zeros((20, 20, 3))
    inside[_outlined()] = -0.2
    found = lesion_overlap("EX", inside, _outlined(), FIELD)
    assert found is not None
    assert (found.kind, found.area, found.share, found.auc) == ("EX", pytest.approx(0.1), 1.0, 1.0)
    assert found.enrichment == pytest.approx(10)
    even = lesion_overlap("EX", np.full((20, 20, 3), 0.1), _outlined(), FIELD)
    assert even is not None
    assert (even.enrichment, even.auc) == (pytest.approx(1), pytest.approx(0.5))
    avoids = lesion_overlap("EX", np.where(_outlined()[..., None], 0, 0.1), _outlined(), FIELD)
    assert avoids is not None
    assert (avoids.enrichment, avoids.auc) == (0, 0)


def test_where_nothing_can_be_told() -> None:
    change = np.full((20, 20, 3), 0.1)
    assert lesion_overlap("EX", change, np.zeros((20, 20), bool), FIELD) is None
    assert lesion_overlap("EX", change, np.ones((20, 20), bool), FIELD) is None
    assert lesion_overlap("EX", 0 * change, _outlined(), FIELD) is None
    assert lesion_overlap("EX", change, _outlined() & ~FIELD, FIELD) is None
