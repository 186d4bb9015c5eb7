from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import Cancelled, Edit, Faithfulness
from napari_latent_explain.explain.faithfulness import DISTURBANCES, check_faithfulness
from napari_latent_explain.explain.pivot import Pivot
from napari_latent_explain.latent import reconstruct
from napari_latent_explain.model import Explainer
from napari_latent_explain.model.control_heads import ControlHeads


class Brightness(torch.nn.Module):
    """Log odds = `gain` times the mean of the picture: a broad, robust property. `pixels`: of a checkerboard instead."""

    differentiable = True

    def __init__(self, gain: float, *, pixels: bool = False) -> None:
        super().__init__()
        board = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1
        self.register_buffer("weight", gain * (board if pixels else torch.ones(32, 32)) / 1024)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        odds = (x.mean(dim=1) * self.weight).sum(dim=(1, 2))
        return odds[:, None].expand(-1, 1280)

    def head(self, features: torch.Tensor) -> torch.Tensor:
        return torch.stack([-features[:, 0] / 2, features[:, 0] / 2], dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x))


def _pivot(explainer: Explainer, classifier: torch.nn.Module) -> Pivot:
    explainer = replace(explainer, classifier=classifier)
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.6 - 0.3
    mask = torch.ones(1, 1, 32, 32)
    with torch.no_grad():
        code = explainer.generator.styles(torch.zeros(1, 8))
        return Pivot(explainer, x, mask, code, reconstruct(explainer, code, mask))


def _check(explainer: Explainer, classifier: torch.nn.Module, strength: float = 3.0) -> Faithfulness:
    pivot = _pivot(explainer, classifier)
    direction = explainer.atlas.directions[0]
    edit = Edit(strengths={direction.id: strength})
    found = check_faithfulness(pivot, edit, 1, np.random.default_rng(0), count=6, refinement=3)
    assert found is not None
    return found


def test_random_moves_have_the_energy_of_the_edit(small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_latent_explain.explain import faithfulness

    energies: list[float] = []
    measure = faithfulness._energy

    def noted(difference: torch.Tensor, mask: torch.Tensor) -> float:
        energies.append(measure(difference, mask))
        return energies[-1]

    monkeypatch.setattr(faithfulness, "_energy", noted)
    pivot = _pivot(small_explainer, Brightness(10))
    faithfulness._random_effects(pivot, 0.02, 0.0, 1, np.random.default_rng(0), 3)
    assert energies[-1] == pytest.approx(0.02, rel=0.05)


def test_what_the_controls_say_of_a_broad_and_of_a_brittle_classifier(small_explainer: Explainer) -> None:
    broad, brittle = _check(small_explainer, Brightness(50)), _check(small_explainer, Brightness(50, pixels=True))
    assert set(broad.kept) == set(DISTURBANCES)
    assert len(broad.random_effects) == 6
    assert min(broad.kept.values()) > 0.8
    assert brittle.kept["blur"] < 0.2
    assert not brittle.passed
    for found in (broad, brittle):
        wanted = np.mean([abs(value) < abs(found.effect) for value in found.random_effects])
        assert found.random_share == wanted


def test_an_edit_that_changes_nothing_has_nothing_to_check(small_explainer: Explainer) -> None:
    pivot = _pivot(small_explainer, Brightness(1))
    assert check_faithfulness(pivot, Edit(), 1, np.random.default_rng(0)) is None


def test_heads_that_know_nothing_are_asked(small_explainer: Explainer) -> None:
    torch.manual_seed(0)
    weights = {name: torch.randn(5, 2, 1280) for name in ("random", "shuffled")}
    biases = {name: torch.zeros(5, 2) for name in weights}
    explainer = replace(small_explainer, controls=ControlHeads(weights, biases))
    found = _check(explainer, small_explainer.classifier)
    assert {name: len(values) for name, values in found.control_effects.items()} == {"random": 5, "shuffled": 5}
    assert all(0 <= share <= 1 for share in found.control_share.values())
    own = explainer.classifier.backbone._fc
    same = ControlHeads(
        {name: own.weight.detach()[None].expand(3, -1, -1) for name in weights},
        {name: own.bias.detach()[None].expand(3, -1) for name in weights},
    )
    for values in _check(replace(explainer, controls=same), explainer.classifier).control_effects.values():
        assert values == pytest.approx([found.effect] * 3, rel=1e-3, abs=1e-6)


def test_the_checks_are_repeatable_and_can_be_stopped(small_explainer: Explainer) -> None:
    assert _check(small_explainer, Brightness(5)) == _check(small_explainer, Brightness(5))

    def stop(what: str, done: float) -> None:
        raise Cancelled(what)

    pivot = _pivot(small_explainer, Brightness(5))
    edit = Edit(strengths={small_explainer.atlas.directions[0].id: 1.0})
    with pytest.raises(Cancelled):
        check_faithfulness(pivot, edit, 1, np.random.default_rng(0), progress=stop)


class Oracle(torch.nn.Module):
    """Log odds of the second class = `gain` times the mean of the picture."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = gain

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gain * x.mean(dim=(1, 2, 3))


def test_an_independent_classifier_is_asked_and_must_follow(small_explainer: Explainer) -> None:
    classifier = Brightness(40.0)

    def asked(gain: float | None) -> Faithfulness:
        second = None if gain is None else Oracle(gain)
        return _check(replace(small_explainer, second_opinion=second), classifier)

    alone, follows, stays, opposes = asked(None), asked(20.0), asked(1.0), asked(-20.0)
    assert alone.second_follows is None
    assert "independent classifier" not in alone.failed
    assert follows.second_follows is True
    assert follows.second_before is not None
    assert follows.second_after is not None
    assert (follows.second_after > follows.second_before) == (follows.effect > 0)
    assert follows.failed == alone.failed
    for one in (stays, opposes):
        assert one.second_follows is False
        assert one.failed == (*alone.failed, "independent classifier")


def test_the_second_opinion_is_of_the_class_that_is_asked_for(small_explainer: Explainer) -> None:
    pivot = _pivot(replace(small_explainer, second_opinion=Oracle(20.0)), Brightness(40.0))
    edit = Edit(strengths={small_explainer.atlas.directions[0].id: 3.0})
    one, other = (check_faithfulness(pivot, edit, t, np.random.default_rng(0), count=1, refinement=1) for t in (1, 0))
    assert one is not None
    assert other is not None
    assert one.second_before == pytest.approx(1 - (other.second_before or 0))
    assert one.second_follows
    assert other.second_follows
