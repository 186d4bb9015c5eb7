from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from known_causes import LAYOUT, LINEAR
from napari_latent_explain.explain.probe import StyleMove, StyleProbe
from napari_latent_explain.explain.screening import screen
from napari_latent_explain.explain.search_settings import SearchSettings
from napari_latent_explain.explain.selection import select_moves

EVERYTHING = np.arange(LAYOUT.size)
BOTH_WAYS = LAYOUT.column("attributes", 0)


def test_a_coordinate_that_raises_the_target_at_both_ends_is_found_at_both(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    plain = explainer.classifier

    def classify(x: Tensor) -> Tensor:
        logits = plain(x)
        row, column = divmod(BOTH_WAYS, 6)
        patch = x[:, 0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].mean(dim=(1, 2))
        logits[:, 1] += 10 * (patch + 0.03).abs()  # at its own code of 0, a step down lowers it
        return logits

    probe = StyleProbe(explainer, reference, classify)
    away = np.flatnonzero(reference.logits.argmax(dim=1).numpy() == 0)
    up, down = StyleMove(BOTH_WAYS, 1), StyleMove(BOTH_WAYS, 0)
    screening = screen(probe, away, 1, rng=np.random.default_rng(0), columns=EVERYTHING, shifted_starts=0)
    assert screening.ranked().index(down) > 40
    settings = SearchSettings(screened=24, selection=24, tested=6, gradients=24, groups=0, shifted_starts=0)
    chosen = select_moves(probe, away, 1, rng=np.random.default_rng(0), settings=settings, columns=EVERYTHING)
    assert down in chosen.reversed
    assert {up, down, StyleMove(LINEAR, 1)} <= set(chosen.halving.finalists)
    assert chosen.halving.rounds[0][0] == 24  # reverses take places, they add none
