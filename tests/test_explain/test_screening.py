from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from known_causes import ATTRIBUTE, LAYOUT, LINEAR, SATURATED
from napari_latent_explain.domain import DiscoveryError
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.probe import StyleMove, StyleProbe
from napari_latent_explain.explain.screening import screen

EVERYTHING = np.arange(LAYOUT.size)


def _screen(known: tuple[Any, Any, Any], starts: int, ledger: Ledger | None = None) -> Any:
    explainer, reference, _ = known
    probe = StyleProbe(explainer, reference, explainer.classifier, ledger or Ledger())
    return screen(probe, np.arange(30), 1, rng=np.random.default_rng(0), columns=EVERYTHING, shifted_starts=starts)


def test_plain_gradients_find_linear_causes_in_both_signs_but_not_the_one_on_a_plateau(
    known: tuple[Any, Any, Any],
) -> None:
    screening = _screen(known, 0)
    assert screening.ranked()[:2] == [StyleMove(LINEAR, 1), StyleMove(ATTRIBUTE, 0)]
    assert (screening.plain[:, :, SATURATED] == 0).all()
    assert screening.ranked().index(StyleMove(SATURATED, 1)) > 3


def test_shifted_starts_find_it(known: tuple[Any, Any, Any]) -> None:
    assert StyleMove(SATURATED, 1) in _screen(known, 1).ranked()[:3]


def test_a_gradient_predicts_a_linear_effect_exactly(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    probe = StyleProbe(explainer, reference, explainer.classifier)
    really = probe.effects([StyleMove(LINEAR, 1)], np.arange(30))[0, :, 1]
    np.testing.assert_allclose(_screen(known, 0).plain[:, 1, LINEAR], really, atol=1e-4)


def test_forward_and_backward_are_counted(known: tuple[Any, Any, Any]) -> None:
    ledger = Ledger()
    _screen(known, 2, ledger)
    assert ledger.total() == 30 * 3 * 3


def test_a_classifier_of_nan_is_refused(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, held_out = known
    network = explainer.classifier
    explainer.classifier = lambda x: network(x) * float("nan")
    with pytest.raises(DiscoveryError, match="not finite"):
        _screen((explainer, reference, held_out), 0)


def test_without_gradients_coordinates_are_really_moved(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known

    class Opaque:
        differentiable = False

        def __call__(self, x: Any) -> Any:
            return explainer.classifier(x).detach()

    ledger = Ledger()
    probe = StyleProbe(explainer, reference, Opaque(), ledger)
    found = screen(probe, np.arange(30), 1, rng=np.random.default_rng(0), columns=EVERYTHING).ranked()
    assert {StyleMove(LINEAR, 1), StyleMove(ATTRIBUTE, 0), StyleMove(SATURATED, 1)} <= set(found[:4])  # and a twin
    assert ledger.total() == len(reference) + 2 * 2 * LAYOUT.size
