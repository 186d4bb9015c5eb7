from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from known_causes import ATTRIBUTE, LAYOUT, LINEAR
from napari_latent_explain.explain.discovery_benchmark import benchmark_discovery
from napari_latent_explain.explain.search_settings import SearchSettings


def test_both_searches_agree_where_the_causes_are_known(known: tuple[Any, Any, Any], tmp_path: Path) -> None:
    result = benchmark_discovery(*known, rng=np.random.default_rng(0), folder=tmp_path)
    assert result.recall_at_10 == 1.0
    assert result.spearman == pytest.approx(1.0, abs=0.05)
    assert result.explained_images_fast == result.explained_images_exhaustive == 1.0
    assert result.forwards_exhaustive == 60 + 2 * 60 * LAYOUT.size
    assert result.forwards_ratio == pytest.approx(result.forwards_exhaustive / result.forwards_fast)
    everything = result.forwards_fast + result.forwards_evidence
    assert result.forwards_ratio_with_evidence == pytest.approx(result.forwards_exhaustive / everything)
    assert list(tmp_path.glob("attfind-*.safetensors"))


def test_what_the_fast_search_misses_is_seen(known: tuple[Any, Any, Any]) -> None:
    blind = SearchSettings(screened=2, tested=2, kept=1, shifted_starts=0, groups=0, selection=4)
    result = benchmark_discovery(*known, rng=np.random.default_rng(0), settings=blind)
    assert result.recall_at_10 < 0.6


def test_it_can_be_tried_on_few_coordinates(known: tuple[Any, Any, Any]) -> None:
    result = benchmark_discovery(*known, rng=np.random.default_rng(0), columns=np.array([ATTRIBUTE, LINEAR, 0]))
    assert result.coordinates == 3
    assert result.forwards_exhaustive == 60 + 2 * 60 * 3
    assert result.recall_at_10 == 1.0
