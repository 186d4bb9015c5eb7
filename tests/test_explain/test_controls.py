"""What estimates what was missed, what is false, and what is stable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from known_causes import ATTRIBUTE, LAYOUT, LINEAR, SATURATED
from napari_latent_explain.explain.controls import estimate_missed, share_interval
from napari_latent_explain.explain.halving import halve
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.probe import StyleMove, StyleProbe
from napari_latent_explain.explain.randomised_classifier import chance_effects, false_discovery_rate, randomise
from napari_latent_explain.explain.screening import screen
from napari_latent_explain.explain.stability import selection_stability
from napari_latent_explain.explain.style_groups import group_effects, style_groups

EVERYTHING = np.arange(LAYOUT.size)


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert share_interval(0, 32) == pytest.approx((0, 0.1072), abs=1e-3)
    assert share_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)
    assert share_interval(0, 0) == (0, 1)


def test_missed_moves_are_estimated(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    probe = StyleProbe(explainer, reference, explainer.classifier)
    rejected = [StyleMove(c, e) for c in range(LAYOUT.size) for e in (0, 1)]
    settings: dict[str, Any] = {"rng": np.random.default_rng(0), "controls": 200}
    missed = estimate_missed(probe, rejected, np.arange(8), 1, 1.0, **settings)
    assert missed.estimate == 4  # the causes and the twin: every rejected move is a control here
    assert missed.interval[0] < 4 < missed.interval[1]
    harmless = [move for move in rejected if move.column < LINEAR]
    assert estimate_missed(probe, harmless, np.arange(8), 1, 1.0, **settings).estimate == 0
    assert estimate_missed(probe, [], np.arange(8), 1, 1.0, **settings).effects == {}


def test_a_randomised_classifier_keeps_its_weights_but_not_their_meaning(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    before = explainer.classifier.head.weight.clone()
    randomised = randomise(explainer.classifier, reference.pictures, reference.logits, np.random.default_rng(0))
    assert randomised is not None
    network, logits = randomised
    weight = network.network.head.weight
    assert torch.equal(explainer.classifier.head.weight, before)
    assert not torch.equal(weight, before)
    assert torch.equal(weight.sort(dim=1).values, before.sort(dim=1).values)
    assert torch.allclose(logits.mean(dim=0), reference.logits.mean(dim=0), atol=1e-4)
    assert torch.allclose(network(reference.pictures), logits)
    assert randomise(lambda x: x, reference.pictures, reference.logits, np.random.default_rng(0)) is None


def test_a_randomised_classifier_is_as_sure_as_the_real_one(known: tuple[Any, Any, Any]) -> None:
    """A head with a wider spread of log odds moves further by the same change of a picture, and would pass any bar."""
    explainer, reference, _ = known
    odds = reference.logits[:, 1] - reference.logits[:, 0]
    for seed in range(5):
        randomised = randomise(explainer.classifier, reference.pictures, reference.logits, np.random.default_rng(seed))
        assert randomised is not None
        found = randomised[0](reference.pictures)
        assert float((found[:, 1] - found[:, 0]).std()) == pytest.approx(float(odds.std()), rel=1e-3)
        assert float((found[:, 1] - found[:, 0]).mean()) == pytest.approx(float(odds.mean()), abs=1e-3)


def test_false_discoveries_are_those_at_the_bar(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    settings: dict[str, Any] = {"columns": EVERYTHING, "candidates": 6, "photographs": 8, "ledger": Ledger()}
    effects = chance_effects(explainer, reference, 1, rng=np.random.default_rng(3), **settings)
    assert effects is not None
    assert effects.shape == (6,)
    assert 0 < (effects > 0.1).sum() <= 3  # at most as many patches as the classifier has weights
    none, some = np.array([0.1, 0.2]), np.array([0.3, 2.0, 5.0])
    assert false_discovery_rate([1.0, 4.0], [none, some], 4.0) == 0.5
    assert false_discovery_rate([1.0, 4.0], [none, some], 1.0) == 0.5
    assert false_discovery_rate([1.0, 4.0, 0.2], [none, some], 0.2) == pytest.approx(2 / 3)
    assert false_discovery_rate([1.0], [some, some], 0.1) == 1


def test_groups_stay_between_the_ends_and_show_what_their_members_do(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    probe = StyleProbe(explainer, reference, explainer.classifier)
    groups = style_groups(explainer, EVERYTHING, 2)
    assert len(groups) == 2 * 2 * 2  # layers with an affine map, groups, senses
    seen: list[torch.Tensor] = []
    synthesise = explainer.generator.synthesise
    explainer.generator.synthesise = lambda code: seen.append(code) or synthesise(code)
    effects = group_effects(probe, groups, np.arange(4), 1)
    for group, codes in zip(groups, seen, strict=True):
        moved = codes[:, group.columns]
        outside = torch.maximum(moved - explainer.statistics.high[group.columns],
                                explainer.statistics.low[group.columns] - moved)  # fmt: skip
        before = reference.codes[:4][:, group.columns]
        was = torch.maximum(before - explainer.statistics.high[group.columns],
                            explainer.statistics.low[group.columns] - before)  # fmt: skip
        assert (outside <= was.clamp_min(0) + 1e-5).all()
        assert torch.equal(codes[:, LAYOUT.size :], reference.codes[:4, LAYOUT.size :])
        strongest = group.members(1)[0]
        assert abs(group.loadings[list(group.columns).index(strongest.column)]) == pytest.approx(1)
    first = [i for i, g in enumerate(groups) if LINEAR in g.columns]
    for i in first:
        loading = groups[i].loadings[list(groups[i].columns).index(LINEAR)]
        assert np.sign(effects[i]) == np.sign(loading)


def test_what_every_draw_finds_is_stable_and_what_few_photographs_carry_is_not(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    probe = StyleProbe(explainer, reference, explainer.classifier)
    rng, away = np.random.default_rng(0), np.flatnonzero(reference.logits.argmax(dim=1).numpy() == 0)
    screening = screen(probe, away, 1, rng=rng, columns=EVERYTHING)
    halving = halve(probe, screening.ranked()[:12], away[:24], 1, 6)
    odd = StyleMove(0, 0)
    carried = np.zeros(24)
    carried[:2] = 30.0
    halving = replace(
        halving, changes=dict(halving.changes) | {odd: carried}, finalists=(*halving.finalists, odd),
        predicted=dict(halving.predicted) | {odd: np.zeros(0, np.float32)},
    )  # fmt: skip
    stability = selection_stability(screening, halving, 3, rng=rng, seeds=200, rescued=frozenset({odd}))
    assert stability[StyleMove(SATURATED, 1)] > 0.95
    assert stability[StyleMove(LINEAR, 1)] > 0.9
    assert stability[odd] + stability[StyleMove(ATTRIBUTE, 0)] == pytest.approx(1, abs=0.05)
    assert 0.1 < stability[odd] < 0.9
