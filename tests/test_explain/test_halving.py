from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from known_causes import ATTRIBUTE, LAYOUT, LINEAR, SATURATED
from napari_latent_explain.explain.halving import corrected_mean, halve, halving_rounds
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.probe import StyleMove, StyleProbe

MOVES = [StyleMove(column, end) for column in range(LAYOUT.size) for end in (0, 1)]


def test_rounds_halve_candidates_and_double_photographs() -> None:
    assert halving_rounds(512, 48, 16) == ((512, 4), (256, 4), (128, 6), (64, 12), (32, 24), (16, 48))
    assert halving_rounds(5, 3, 24) == ((5, 3),)


def test_the_best_come_through_and_are_measured_on_every_photograph_once(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    ledger = Ledger()
    probe = StyleProbe(explainer, reference, explainer.classifier, ledger)
    away = np.flatnonzero(reference.logits.argmax(dim=1).numpy() == 0)[:24]
    found = halve(probe, MOVES, away, 1, 4)
    assert set(found.finalists[:3]) == {StyleMove(LINEAR, 1), StyleMove(SATURATED, 1), StyleMove(ATTRIBUTE, 0)}
    assert list(found.finalists) == sorted(found.finalists, key=found.effect, reverse=True)
    really = probe.effects(found.finalists, away)[..., 1]
    np.testing.assert_allclose(found.table(found.finalists), really, atol=1e-5)
    sizes = sorted(len(values) for values in found.changes.values())
    assert ledger.total() == len(reference) + sum(sizes) + really.size
    assert sum(sizes) < 0.4 * len(MOVES) * len(away)


def test_what_gradients_predict_of_all_photographs_corrects_the_mean_of_a_few() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(1.0, 2.0, 32)
    few, all_of_them = truth[:4], float(truth.mean())
    assert corrected_mean(few, (3 * truth).astype(np.float32)) == pytest.approx(all_of_them, abs=1e-5)
    assert corrected_mean(few, truth.astype(np.float32), np.array([0, 0, 3, 1])) == pytest.approx(all_of_them, abs=1e-5)
    plain = pytest.approx(few.mean())
    assert corrected_mean(few, (-truth).astype(np.float32)) == plain  # what says the contrary is not believed
    assert corrected_mean(few, np.zeros(32, np.float32)) == plain
    assert corrected_mean(few, np.zeros(0, np.float32)) == plain
    assert corrected_mean(truth, (3 * truth).astype(np.float32)) == pytest.approx(all_of_them)


def test_a_move_whose_first_photographs_are_unlucky_comes_through() -> None:
    """One move does much in most photographs and nothing in the first four, the others a little in all."""
    moves = [StyleMove(column, 1) for column in range(16)]
    table = np.full((16, 32), 0.2) + 0.01 * np.arange(16)[:, None]
    table[0] = 1.0
    table[0, :4] = [0.0, 0.02, 0.0, 0.05]
    probe: Any = SimpleNamespace(effects=lambda who, where, **_: table[[m.column for m in who]][:, where][:, :, None])
    predicted = {move: table[move.column].astype(np.float32) * 0.7 for move in moves}
    photographs = np.arange(32)
    assert len(halve(probe, moves, photographs, 0, 2).changes[moves[0]]) == 4  # out after the first round
    assert halve(probe, moves, photographs, 0, 2, predicted=predicted).finalists[0] == moves[0]
