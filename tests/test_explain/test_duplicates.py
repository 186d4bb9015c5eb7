from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.explain.duplicates import difference_correlation, merge_duplicates


def test_the_same_place_in_the_same_sense_correlates_however_far_it_is_moved() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=(4, 50)).astype(np.float32)
    lengths = np.array([0.1, 3.0, 0.0, 1.0], dtype=np.float32)[:, None]  # one photograph is not moved at all
    other = rng.normal(size=(4, 50)).astype(np.float32)
    correlation = difference_correlation(np.stack([one, lengths * one, -one, other]))
    assert correlation[0, 1] == pytest.approx(1)
    assert correlation[0, 2] == pytest.approx(-1)
    assert abs(correlation[0, 3]) < 0.3


def test_the_best_stands_for_its_duplicates_and_no_chain_is_built() -> None:
    correlation = np.array([[1.0, 0.92, 0.7, 0.0], [0.92, 1, 0.95, 0], [0.7, 0.95, 1, 0], [0, 0, 0, 1]])
    assert merge_duplicates(correlation, 0.9) == [[0, 1], [2], [3]]
    assert merge_duplicates(correlation, 1.1) == [[0], [1], [2], [3]]
