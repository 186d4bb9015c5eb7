"""The faster way is taken only where it says the same and is faster."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from napari_latent_explain.model import Explainer
from napari_latent_explain.model import quick_classifier as module
from napari_latent_explain.model.quick_classifier import (
    TOLERANCE,
    Begun,
    QuickClassifier,
    accelerated,
    through_openvino,
)


def test_openvino_says_what_torch_says(small_explainer: Explainer) -> None:
    pytest.importorskip("openvino")
    size = small_explainer.resolution
    x = torch.rand(1, 3, size, size) * 2 - 1
    quick = through_openvino(small_explainer.classifier, x)
    for seed in range(5):
        x = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1
        assert torch.allclose(quick(x)(), small_explainer.classifier(x), rtol=0, atol=TOLERANCE)


def _maker(*, wrong: float = 0.0) -> Callable[[nn.Module, Tensor], Begun]:
    def make(network: nn.Module, example: Tensor) -> Begun:
        return lambda x: lambda: network(x) + wrong

    return make


def _settled(explainer: Explainer, make: Callable[[nn.Module, Tensor], Begun]) -> QuickClassifier:
    quick = accelerated(explainer, make).quick
    assert quick is not None
    quick.settle()
    return quick


def test_the_faster_is_taken(small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 2.0, 2.0, 1.0])
    monkeypatch.setattr(module, "_duration", lambda judge, x: next(times))
    assert _settled(small_explainer, _maker()).faster_than_torch
    assert not _settled(small_explainer, _maker()).faster_than_torch


def test_another_answer_is_not_taken_however_fast(small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 2.0])
    monkeypatch.setattr(module, "_duration", lambda judge, x: next(times))
    assert not _settled(small_explainer, _maker(wrong=0.01)).faster_than_torch


def test_what_can_not_be_compiled_or_is_not_installed_leaves_torch(small_explainer: Explainer) -> None:
    def make(network: nn.Module, example: Tensor) -> Begun:
        raise ImportError

    assert not _settled(small_explainer, make).faster_than_torch


def test_torch_judges_until_it_is_settled_and_nothing_is_made_twice(
    small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(network: nn.Module, example: Tensor) -> Begun:
        made.append(network)
        return lambda x: lambda: network(x) + 0.5 * TOLERANCE

    monkeypatch.setattr(module, "_duration", lambda judge, x: 1.0 if len(made) == 1 and judge is not network else 2.0)
    network = small_explainer.classifier
    explainer = accelerated(small_explainer, make)
    x = torch.zeros(1, 3, explainer.resolution, explainer.resolution)
    assert torch.equal(explainer.judging(x)(), network(x))
    assert not made
    for _ in range(2):
        assert explainer.quick is not None
        explainer.quick.settle()
    assert made == [network]
    assert torch.equal(explainer.judging(x)(), network(x) + 0.5 * TOLERANCE)


def test_single_pictures_go_the_quick_way_and_batches_do_not(
    small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    def make(network: nn.Module, example: Tensor) -> Begun:
        def begin(x: Tensor) -> Callable[[], Tensor]:
            heard.append(len(x))
            return lambda: network(x)

        return begin

    times = iter([1.0, 2.0])
    monkeypatch.setattr(module, "_duration", lambda judge, x: next(times))
    explainer = accelerated(small_explainer, make)
    assert explainer.quick is not None
    explainer.quick.settle()
    heard.clear()
    x = torch.zeros(2, 3, explainer.resolution, explainer.resolution)
    assert torch.equal(explainer.judging(x)(), explainer.classifier(x))
    assert not heard
    assert torch.equal(explainer.judging(x[:1])(), explainer.classifier(x[:1]))
    assert heard == [1]
