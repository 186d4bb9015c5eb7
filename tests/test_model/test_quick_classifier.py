"""The faster way is taken only where it says the same and is faster."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from napari_latent_explain.model import Explainer
from napari_latent_explain.model import quick_classifier as module
from napari_latent_explain.model.quick_classifier import TOLERANCE, Begun, accelerated, through_openvino


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


def test_the_faster_is_taken(small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 2.0, 2.0, 1.0])
    monkeypatch.setattr(module, "_duration", lambda judge, x: next(times))
    assert accelerated(small_explainer, _maker()).quick is not None
    assert accelerated(small_explainer, _maker()).quick is None


def test_another_answer_is_not_taken_however_fast(small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 2.0])
    monkeypatch.setattr(module, "_duration", lambda judge, x: next(times))
    assert accelerated(small_explainer, _maker(wrong=0.01)).quick is None


def test_what_can_not_be_compiled_or_is_not_installed_leaves_torch(small_explainer: Explainer) -> None:
    def make(network: nn.Module, example: Tensor) -> Begun:
        raise ImportError

    assert accelerated(small_explainer, make) is small_explainer


def test_single_pictures_go_the_quick_way_and_batches_do_not(small_explainer: Explainer) -> None:
    from dataclasses import replace

    heard = []

    def quick(x: Tensor) -> Callable[[], Tensor]:
        heard.append(len(x))
        return lambda: torch.zeros(len(x), 2)

    explainer = replace(small_explainer, quick=quick)
    x = torch.zeros(2, 3, explainer.resolution, explainer.resolution)
    assert torch.equal(explainer.judging(x)(), explainer.classifier(x))
    assert not heard
    assert torch.equal(explainer.judging(x[:1])(), torch.zeros(1, 2))
    assert heard == [1]
