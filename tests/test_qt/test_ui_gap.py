"""What is measured is how long the event loop stands still."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.gui


def test_a_gap_is_at_least_as_long_as_what_holds_the_loop_up(qapp):
    from napari_latent_explain._qt.ui_gap import _gap_while

    moves: list[float] = []

    def move(share):
        moves.append(share)
        time.sleep(0.1)

    assert _gap_while(move, 0.5) >= 100
    assert all(0 <= share <= 1 for share in moves)
    assert len(set(moves)) > 1
