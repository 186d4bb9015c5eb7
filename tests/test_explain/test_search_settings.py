from __future__ import annotations

import pytest

from napari_latent_explain.explain.halving import halving_rounds
from napari_latent_explain.explain.search_settings import SearchSettings


def _cost(coordinates: int, photographs: int, layers: int) -> int:
    """Forward passes that find directions towards two classes, each with half of the photographs away from it."""
    s = SearchSettings.fitted(coordinates)
    away = photographs // 2
    rounds, halving, before = halving_rounds(s.screened, min(s.selection, away), s.tested), 0, 0
    for count, many in rounds:
        halving, before = halving + count * (many - before), many
    gradients = 3 * (1 + s.shifted_starts) * min(s.gradients, away)
    return photographs + 2 * (gradients + 2 * layers * s.groups * (s.group_photographs // 2) + halving)


@pytest.mark.parametrize(("coordinates", "layers"), [(458, 10), (1500, 15), (5760, 26)])
def test_finding_takes_a_sixtieth_of_the_exhaustive_search_of_250_photographs(coordinates: int, layers: int) -> None:
    assert 250 + 2 * 250 * coordinates >= 60 * _cost(coordinates, 250, layers)


def test_small_spaces_are_searched_whole() -> None:
    assert SearchSettings.fitted(3).tested == 6
