from __future__ import annotations

from typing import Any

import numpy as np

from known_causes import ATTRIBUTE, LAYOUT, LINEAR, SATURATED
from napari_latent_explain.explain.halving import halve, halving_rounds
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
