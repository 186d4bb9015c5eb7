from __future__ import annotations

from typing import Any

import numpy as np
import torch

from known_causes import ATTRIBUTE, TWIN
from napari_latent_explain.explain.cover import flipped_jointly, greedy_cover
from napari_latent_explain.explain.probe import StyleMove, StyleProbe, margins


def test_the_cover_takes_what_helps_the_photographs_that_are_left() -> None:
    changes = np.array([[3.0, 3.0, 0.0, 0.0], [2.9, 2.9, 0.0, 0.0], [-5.0, -5.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.4]])
    cover = greedy_cover(changes, 1.0, 10)
    assert cover.chosen == (0, 2)
    assert cover.explained == (0.5, 1.0)
    assert greedy_cover(changes, np.array([1.0, 1.0, 1.0, 1.4]), 10).chosen == (0, 2, 3)
    assert greedy_cover(changes, 1.0, 1).explained == (0.5,)
    assert greedy_cover(-np.abs(changes), 1.0, 10).chosen == ()


def test_flips_are_those_of_really_moving_all_at_once(known: tuple[Any, Any, Any]) -> None:
    explainer, _, reference = known
    probe = StyleProbe(explainer, reference, explainer.classifier)
    away = np.flatnonzero(reference.logits.argmax(dim=1).numpy() == 0)
    moves = [StyleMove(ATTRIBUTE, 0), StyleMove(TWIN, 1)]
    codes = reference.codes[away].clone()
    for move in moves:
        codes[:, move.column] += probe.steps[move.end, away, move.column]
    pictures = explainer.generator.synthesise(codes)
    expected = margins(explainer.classifier(pictures.clamp(-1, 1)))[:, 1] > 0
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(flipped_jointly(probe, moves, away, 1), expected)
    assert not flipped_jointly(probe, [], away, 1).any()


def test_a_coordinate_chosen_for_both_ends_goes_to_the_later_one(known: tuple[Any, Any, Any]) -> None:
    explainer, _, reference = known
    seen: list[torch.Tensor] = []
    synthesise = explainer.generator.synthesise
    explainer.generator.synthesise = lambda code: seen.append(code[:, ATTRIBUTE].clone()) or synthesise(code)
    probe = StyleProbe(explainer, reference, lambda x: torch.tensor([[1.0, 0.0]]).repeat(len(x), 1))
    flipped_jointly(probe, [StyleMove(ATTRIBUTE, 1), StyleMove(ATTRIBUTE, 0)], np.arange(2), 1)
    assert torch.allclose(seen[-1], explainer.statistics.low[ATTRIBUTE].expand(2))
