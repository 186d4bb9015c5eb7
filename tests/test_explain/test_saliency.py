"""Maps of where a classifier looks, with classifiers that are known to look at one corner."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from napari_latent_explain.domain import Cancelled, Photograph, SaliencyMethod, WrongUseError
from napari_latent_explain.explain import explain_photograph, require_saliency
from napari_latent_explain.explain.saliency import _opened, saliency
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import Explainer
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier, fold_batch_norms, margin

R = 32
CORNER = np.s_[6:14, 6:14]


class LooksAtTheCorner(nn.Module):
    """The brighter the corner, the more class 1."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 1, 3, padding=1, bias=False)
        self.convolution.weight.data.fill_(1 / 27)
        self.window = torch.zeros(1, 1, R, R)
        self.window[..., CORNER[0], CORNER[1]] = 1
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.convolution((x + 1) * self.window).relu().mean(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(seen), 10 * seen], dim=1)


@pytest.fixture
def looker(small_explainer: Explainer) -> Explainer:
    return replace(small_explainer, classifier=LooksAtTheCorner())


@pytest.fixture
def eye() -> tuple[Tensor, Tensor]:
    """A dim disc that is bright in two places, one of them the corner."""
    y, x = torch.meshgrid(torch.arange(R), torch.arange(R), indexing="ij")
    mask = ((x - 15.5) ** 2 + (y - 15.5) ** 2 <= 15.5**2).float()[None, None]
    picture = torch.full((1, 3, R, R), -0.6)
    picture[..., CORNER[0], CORNER[1]] = 0.8
    picture[..., 20:26, 20:26] = 0.8
    return picture * mask - (1 - mask), mask


def _available(method: SaliencyMethod) -> SaliencyMethod:
    if method is SaliencyMethod.INTEGRATED_GRADIENTS:
        pytest.importorskip("captum")
    return method


@pytest.mark.parametrize("method", SaliencyMethod)
def test_the_corner_that_counts_lights_up(
    looker: Explainer, eye: tuple[Tensor, Tensor], method: SaliencyMethod
) -> None:
    values = saliency(looker, *eye, 1, _available(method))
    assert values.shape == (R, R)
    assert values.dtype == np.float32
    assert values.max() == pytest.approx(1.0)
    assert values[CORNER].mean() > 0.5
    assert np.abs(values[18:, 18:]).max() < 0.05
    near = np.zeros((R, R), dtype=bool)
    near[2:18, 2:18] = True
    assert np.abs(values[~near]).max() < 0.05


@pytest.mark.parametrize("method", SaliencyMethod)
def test_nothing_outside_the_field_and_the_same_every_time(
    small_explainer: Explainer, eye: tuple[Tensor, Tensor], method: SaliencyMethod
) -> None:
    x, mask = eye
    values = saliency(small_explainer, x, mask, 1, _available(method))
    assert np.all(values[mask[0, 0].numpy() == 0] == 0)
    assert np.isfinite(values).all()
    assert values.min() >= (-1 if method.signed else 0)
    assert values.max() <= 1
    again = saliency(small_explainer, x, mask, 1, method)
    assert values.tobytes() == again.tobytes()


@pytest.mark.parametrize("method", [SaliencyMethod.GRADCAM, SaliencyMethod.OCCLUSION])
def test_where_nothing_speaks_for_a_class_the_map_is_empty(
    looker: Explainer, eye: tuple[Tensor, Tensor], method: SaliencyMethod
) -> None:
    assert not saliency(looker, *eye, 0, method).any()


def test_what_speaks_against_is_negative(looker: Explainer, eye: tuple[Tensor, Tensor]) -> None:
    method = _available(SaliencyMethod.INTEGRATED_GRADIENTS)
    assert saliency(looker, *eye, 0, method)[CORNER].mean() < -0.5


@pytest.mark.parametrize("folded", [False, True])
def test_grad_cam_adds_up_to_the_log_odds(folded: bool) -> None:
    """Behind the last activation the decision is linear in the mean: the weighted maps and the biases are the log odds."""
    from monai.visualize.class_activation_maps import ModelWithHooks

    torch.manual_seed(0)
    classifier = FundusClassifier(ClassifierConfig(input_size=32)).eval().requires_grad_(False)
    if folded:
        fold_batch_norms(classifier.backbone)
    x = torch.randn(1, 3, 32, 32)
    network, layer = _opened(classifier)
    assert torch.allclose(network(x), classifier(x), atol=1e-5)
    _, (maps,), (gradient,) = ModelWithHooks(network, layer, register_forward=True, register_backward=True)(
        x.requires_grad_(), class_idx=1
    )
    bias = classifier.backbone._fc.bias[1]
    assert (maps * gradient).sum().item() + bias.item() == pytest.approx(classifier(x)[0, 1].item(), abs=1e-4)


@pytest.mark.parametrize("method", SaliencyMethod)
def test_the_classifier_is_left_as_it_was(
    small_explainer: Explainer, eye: tuple[Tensor, Tensor], method: SaliencyMethod
) -> None:
    classifier = small_explainer.classifier
    before = copy.deepcopy(classifier.state_dict())
    with torch.inference_mode():
        saliency(small_explainer, *eye, 1, _available(method))
    assert all(torch.equal(a, b) for a, b in zip(before.values(), classifier.state_dict().values(), strict=True))
    assert not any(m._forward_hooks or m._backward_hooks for m in classifier.modules())
    assert not classifier.training
    assert not eye[0].requires_grad
    assert margin(classifier(eye[0]), 1).isfinite().all()


def test_occlusion_tells_how_far_it_is_and_stops_when_asked(looker: Explainer, eye: tuple[Tensor, Tensor]) -> None:
    heard: list[float] = []
    saliency(looker, *eye, 1, SaliencyMethod.OCCLUSION, lambda _, done: heard.append(done))
    assert len(heard) > 10
    assert heard == sorted(heard)
    assert heard[-2] > 0.8

    def stop(what: str, done: float) -> None:
        if done > 0.3:
            raise Cancelled(what)

    with pytest.raises(Cancelled):
        saliency(looker, *eye, 1, SaliencyMethod.OCCLUSION, stop)


def test_without_captum_it_says_what_to_install(
    looker: Explainer, eye: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_latent_explain.explain.saliency.find_spec", lambda name: None)
    for method in (SaliencyMethod.GRADCAM, SaliencyMethod.OCCLUSION):
        require_saliency(method)
    with pytest.raises(WrongUseError, match=r"pip install 'napari-latent-explain\[saliency\]'"):
        saliency(looker, *eye, 1, SaliencyMethod.INTEGRATED_GRADIENTS)


def test_grad_cam_needs_a_convolution(small_explainer: Explainer, eye: tuple[Tensor, Tensor]) -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * R * R, 2))
    with pytest.raises(WrongUseError, match="use occlusion"):
        saliency(replace(small_explainer, classifier=flat), *eye, 1, SaliencyMethod.GRADCAM)


def test_the_map_lies_as_the_photograph_does(small_explainer: Explainer) -> None:
    """The mirrored photograph gives the mirrored map, though the model sees the same eye."""
    picture = simulate(seed=3, size=256).picture
    maps, mirrored = [], []
    for pixels in (picture, np.ascontiguousarray(picture[:, ::-1])):
        photograph = Photograph(pixels, "eye.png", hashlib.sha256(pixels.tobytes()).hexdigest(), simulated=True)
        explanation = explain_photograph(small_explainer, photograph, target=1, steps=1)
        explanation.explainer = replace(small_explainer, classifier=LooksAtTheCorner())
        maps.append(explanation.saliency_map(SaliencyMethod.GRADCAM))
        mirrored.append(explanation.field.mirrored)
        assert "saliency_gradcam" in explanation.seconds
        assert maps[-1].target == 1
        assert maps[-1].values.shape == explanation.frame.difference.shape[:2]
    assert mirrored[0] != mirrored[1]
    left, right = (found.values[:, :16].sum() > found.values[:, 16:].sum() for found in maps)
    assert left != right
    assert left != mirrored[0]
    assert np.abs(maps[0].values - maps[1].values[:, ::-1]).mean() < 0.02
