"""The direction search on a made-up model whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_latent_explain.explain.discovery import SearchSettings, find_directions
from napari_latent_explain.explain.reference import ReferenceSet
from napari_latent_explain.latent import reconstruct
from napari_latent_explain.model.explainer import StyleStatistics
from napari_latent_explain.model.style_space import StyleLayer, StyleLayout

LAYOUT = StyleLayout((StyleLayer("first", 5), StyleLayer("second", 4)))
RED, GREEN = LAYOUT.column("first", 3), LAYOUT.column("second", 1)


def _synthesise(s: Tensor) -> Tensor:
    """Coordinate RED is the level of red, GREEN lowers green; the others do nothing."""
    levels = torch.stack([0.1 * s[:, RED], -0.1 * s[:, GREEN], 0 * s[:, 0]], dim=1)
    return levels[:, :, None, None].expand(-1, -1, 8, 8)


def _classify(x: Tensor) -> Tensor:
    """Likes red twice as much as green."""
    value = 20 * x[:, 0].mean(dim=(1, 2)) + 10 * x[:, 1].mean(dim=(1, 2))
    return torch.stack([torch.zeros_like(value), value - 3], dim=1)


@pytest.fixture
def model() -> tuple[Any, ReferenceSet]:
    codes = torch.randn(40, LAYOUT.size, generator=torch.Generator().manual_seed(0))
    explainer: Any = SimpleNamespace(
        layout=LAYOUT, device=torch.device("cpu"), classes=("no", "yes"), statistics=StyleStatistics.of(codes),
        generator=SimpleNamespace(synthesise=_synthesise), classifier=_classify,
    )  # fmt: skip
    masks = torch.ones(40, 1, 8, 8)
    bases = reconstruct(explainer, codes, masks)
    return explainer, ReferenceSet(bases, masks, codes, bases, _classify(bases))


def test_the_causes_are_found_in_order_with_their_sense_and_nothing_else(model: tuple[Any, ReferenceSet]) -> None:
    explainer, reference = model
    halves = reference.take(torch.arange(20)), reference.take(torch.arange(20, 40))
    settings = SearchSettings(screened=18, selection=20, tested=18, kept=10, bootstrap=200)
    found = find_directions(explainer, *halves, 1, rng=np.random.default_rng(0), settings=settings)
    assert [(d.layer, d.channel, d.sign) for d in found] == [("first", 3, 1), ("second", 1, -1)]
    best = found[0]
    assert best.effect_logit_interval[0] <= best.effect_logit <= best.effect_logit_interval[1]
    assert best.held_out == len(halves[1].away_from(1))
    low, high = best.strength_range(0.0)
    assert low == pytest.approx(best.low / best.spread)
    assert high == pytest.approx(best.high / best.spread)


def test_towards_the_other_class_the_senses_turn_round(model: tuple[Any, ReferenceSet]) -> None:
    explainer, reference = model
    settings = SearchSettings(screened=18, selection=20, tested=18, bootstrap=200)

    def lenient(x: Tensor) -> Tensor:
        return _classify(x) + torch.tensor([0.0, 6.0])

    explainer.classifier = lenient
    lifted = ReferenceSet(
        reference.pictures, reference.masks, reference.codes, reference.bases, lenient(reference.bases)
    )
    found = find_directions(explainer, lifted, lifted, 0, rng=np.random.default_rng(0), settings=settings)
    assert [(d.layer, d.channel, d.sign) for d in found] == [("first", 3, -1), ("second", 1, 1)]


def test_no_photograph_of_the_other_class_no_direction(model: tuple[Any, ReferenceSet]) -> None:
    explainer, reference = model
    nobody = reference.take(torch.arange(0))
    assert find_directions(explainer, nobody, reference, 1, rng=np.random.default_rng(0)) == ()
