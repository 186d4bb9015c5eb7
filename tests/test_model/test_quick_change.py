"""The faster way is taken only where it says the same and is faster."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from napari_latent_explain.model import Explainer
from napari_latent_explain.model import quick_change as module
from napari_latent_explain.model.photograph_change import PhotographChange, composite_with
from napari_latent_explain.model.quick_change import (
    TOLERANCE,
    Changing,
    QuickChange,
    accelerated,
    through_openvino,
)

Inputs = tuple[Tensor, Tensor, Tensor, Tensor]


def _inputs(explainer: Explainer, seed: int = 0) -> Inputs:
    """A code a spread from the mean, noise for a photograph, the mean's picture, a field of 0.5 in a half of it."""
    noise, size = torch.Generator().manual_seed(seed), explainer.resolution
    mean, spread = explainer.statistics.mean, explainer.statistics.spread
    code = mean + spread * torch.randn(len(mean), generator=noise)
    x = torch.rand(1, 3, size, size, generator=noise) * 2 - 1
    weight = torch.ones(1, 1, size, size)
    weight[..., : size // 2] = 0.5
    return code[None], x, explainer.generator.synthesise(mean[None]).clamp(-1, 1).contiguous(), weight


@pytest.fixture
def openvino(small_explainer: Explainer) -> Changing:
    pytest.importorskip("openvino")
    return through_openvino(PhotographChange(small_explainer), _inputs(small_explainer, 100))


@torch.inference_mode()
def test_openvino_says_what_torch_says(small_explainer: Explainer, openvino: Changing) -> None:
    for seed in range(5):
        code, x, base, weight = _inputs(small_explainer, seed)
        difference, logits = openvino(code, x, base, weight)
        made = small_explainer.generator.synthesise(code).clamp(-1, 1)
        assert torch.allclose(difference, (made - base) * weight, rtol=0, atol=TOLERANCE)
        assert difference.abs().max() > 100 * TOLERANCE
        composite = (x + (made - base) * weight).clamp(-1, 1)
        assert torch.allclose(logits, small_explainer.classifier(composite), rtol=0, atol=TOLERANCE)


@torch.inference_mode()
def test_what_came_back_stays_when_the_next_is_computed(small_explainer: Explainer, openvino: Changing) -> None:
    first = openvino(*_inputs(small_explainer, 0))
    kept = [x.clone() for x in first]
    openvino(*_inputs(small_explainer, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, kept, strict=True))


def test_a_composite_stays_in_range_and_its_difference_is_weighted() -> None:
    picture, x = torch.full((1, 3, 2, 2), 3.0), torch.full((1, 3, 2, 2), 0.5)
    base, weight = torch.full((1, 3, 2, 2), -0.5), torch.tensor([[[[0.0, 0.25], [0.5, 1.0]]]])
    composite, difference = composite_with(picture, x, base, weight)
    assert difference[0, 0].tolist() == [[0.0, 0.375], [0.75, 1.5]]
    assert composite[0, 2].tolist() == [[0.5, 0.875], [1.0, 1.0]]


class _Other:
    """Computes as torch does, off by so much, and remembers how often."""

    def __init__(self, *, pixels: float = 0.0, logits: float = 0.0) -> None:
        self.off, self.made, self.calls = (pixels, logits), 0, 0

    def __call__(self, network: nn.Module, example: tuple[Tensor, ...]) -> Changing:
        self.made += 1

        def change(*inputs: Tensor) -> tuple[Tensor, Tensor]:
            self.calls += 1
            difference, logits = network(*inputs)
            return difference + self.off[0], logits + self.off[1]

        return change


def _settled(explainer: Explainer, make: _Other) -> QuickChange:
    quick = accelerated(explainer, make).quick
    assert quick is not None
    quick.settle()
    return quick


def _times(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    times = iter(seconds)
    monkeypatch.setattr(module, "_duration", lambda change, inputs: next(times))


def test_the_faster_is_taken(small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    _times(monkeypatch, 1.0, 2.0, 2.0, 1.0)
    assert _settled(small_explainer, _Other()).faster_than_torch
    assert not _settled(small_explainer, _Other()).faster_than_torch


@pytest.mark.parametrize("off", ["pixels", "logits"])
def test_another_answer_is_not_taken_however_fast(
    small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch, off: str
) -> None:
    _times(monkeypatch, 1.0, 2.0)
    assert not _settled(small_explainer, _Other(**{off: 0.01})).faster_than_torch


def test_what_can_not_be_compiled_or_is_not_installed_leaves_torch(small_explainer: Explainer) -> None:
    def make(network: nn.Module, example: tuple[Tensor, ...]) -> Changing:
        raise ImportError

    quick = accelerated(small_explainer, make).quick
    assert quick is not None
    quick.settle()
    assert not quick.faster_than_torch


@torch.inference_mode()
def test_torch_changes_until_it_is_settled_and_nothing_is_made_twice(
    small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _times(monkeypatch, 1.0, 2.0)
    make, inputs = _Other(logits=0.5 * TOLERANCE), _inputs(small_explainer)
    quick = accelerated(small_explainer, make).quick
    assert quick is not None
    logits = PhotographChange(small_explainer)(*inputs)[1]
    assert torch.equal(quick(*inputs)[1], logits)
    assert not make.made
    for _ in range(2):
        quick.settle()
    assert make.made == 1
    assert torch.equal(quick(*inputs)[1], logits + 0.5 * TOLERANCE)
