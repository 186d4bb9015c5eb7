"""Classifiers that were not made here: opened, wrapped, kept in a bundle, and refused where they are hostile."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from napari_latent_explain.domain import BundleError
from napari_latent_explain.model.foreign import ForeignClassifier, ForeignConfig, build_network
from napari_latent_explain.model.foreign_files import open_foreign_classifier

DENSE = {
    "spatial_dims": 2, "in_channels": 3, "out_channels": 2, "init_features": 8, "growth_rate": 4, "block_config": [1, 1],
}  # fmt: skip
TARGET = "monai.networks.nets.DenseNet"


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(TARGET, DENSE).eval()


def _x(n: int = 2) -> torch.Tensor:
    return torch.rand(n, 3, 48, 48, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pt", "wrapped.pt", "several.pth"])
def test_a_state_dict_gives_the_network_it_came_from(tmp_path: Path, network: torch.nn.Module, name: str) -> None:
    state, path = network.state_dict(), tmp_path / name
    if name.endswith("safetensors"):
        save_file(state, path)
    elif name == "wrapped.pt":
        torch.save({"epoch": 3, "state_dict": state}, path)
    else:
        torch.save({f"module.{k}": v for k, v in state.items()} if name == "several.pth" else state, path)
    told = {"target": TARGET, "arguments": DENSE, "classes": ("no", "yes"), "input_size": 32, "mean": (0.5, 0.4, 0.3)}
    opened = open_foreign_classifier(path, told | {"std": (0.2, 0.2, 0.2)})
    x = _x()
    small = torch.nn.functional.interpolate((x + 1) / 2, (32, 32), mode="bilinear", antialias=True)
    wanted = network((small - torch.tensor([0.5, 0.4, 0.3])[:, None, None]) / 0.2)
    torch.testing.assert_close(opened(x), wanted)


def test_one_output_is_the_log_odds_of_the_second_class() -> None:
    class Answer(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(dim=(1, 2, 3))[:, None]

    plain = {"kind": "module", "classes": ("no", "yes"), "input_size": 32, "mean": (0, 0, 0), "std": (1, 1, 1)}
    x = _x()
    means = torch.nn.functional.interpolate((x + 1) / 2, (32, 32), mode="bilinear", antialias=True).mean(dim=(1, 2, 3))
    odds = ForeignClassifier(ForeignConfig.model_validate(plain), Answer())
    torch.testing.assert_close(odds.probabilities(x)[:, 1], means.sigmoid())
    chances = ForeignClassifier(ForeignConfig.model_validate(plain | {"output": "probabilities"}), Answer())
    torch.testing.assert_close(chances.probabilities(x)[:, 1], means)
    three = ForeignClassifier(ForeignConfig.model_validate(plain | {"classes": ("a", "b", "c")}), Answer())
    with pytest.raises(BundleError, match="3 classes"):
        three(x)


def _monai_bundle(folder: Path, network: torch.nn.Module, **changes: object) -> Path:
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    definition = {"_target_": "DenseNet", **DENSE, "in_channels": "@channels", **changes}
    (folder / "configs" / "inference.json").write_text(json.dumps({"channels": 3, "network_def": definition}))
    data = {
        "inputs": {"image": {"spatial_shape": [32, 32], "value_range": [0, 1]}},
        "outputs": {"pred": {"channel_def": {"0": "healthy", "1": "ill"}}},
    }
    (folder / "configs" / "metadata.json").write_text(json.dumps({"network_data_format": data}))
    torch.save(network.state_dict(), folder / "models" / "model.pt")
    return folder


def test_a_monai_bundle_says_what_it_is(tmp_path: Path, network: torch.nn.Module) -> None:
    opened = open_foreign_classifier(_monai_bundle(tmp_path / "b", network), {})
    assert opened.config.classes == ("healthy", "ill")
    assert (opened.config.input_size, opened.config.mean, opened.config.std) == (32, (0, 0, 0), (1, 1, 1))
    assert opened(_x()).shape == (2, 2)


def test_expressions_of_a_monai_bundle_are_not_run(tmp_path: Path, network: torch.nn.Module) -> None:
    trap = tmp_path / "trap"
    folder = _monai_bundle(tmp_path / "b", network, out_channels=f"$open({str(trap)!r}, 'w').close() or 2")
    with pytest.raises(BundleError, match="expression"):
        open_foreign_classifier(folder, {})
    assert not trap.exists()


@pytest.mark.parametrize(
    "target", ["os.system", "builtins.eval", "subprocess.run", "monai.networks.netsx.A", "monai.networks.nets"]
)
def test_networks_are_built_from_trusted_packages_alone(target: str) -> None:
    with pytest.raises(BundleError, match=r"LATENT_EXPLAIN_TRUST|not a torch network"):
        build_network(target, {})


def test_a_user_may_trust_a_package_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="LATENT_EXPLAIN_TRUST"):
        build_network("torch.nn.Identity", {})
    monkeypatch.setenv("LATENT_EXPLAIN_TRUST", "torch.nn")
    assert isinstance(build_network("torch.nn.Identity", {}), torch.nn.Identity)


@pytest.mark.parametrize(
    ("content", "told", "said"),
    [
        (b"no weights", {}, "without running code"),
        (None, {}, "no classifier at"),
        ({"a": torch.zeros(1)}, {}, "do not fit"),
        ({"epoch": 3}, {}, "no tensors"),
        ({"a": torch.zeros(1)}, {"target": None}, "weights alone"),
        ({"a": torch.zeros(1)}, {"classes": None}, "name its classes"),
        ({"a": torch.zeros(1)}, {"arguments": {"spatial_dims": 7}}, "can't be built"),
        ({"a": torch.zeros(1)}, {"target": "monai.networks.nets.Nothing"}, "There is no"),
        ({"a": torch.zeros(1)}, {"input_size": 3}, "input_size"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(
    tmp_path: Path, content: object, told: dict[str, object], said: str
) -> None:
    path = tmp_path / "weights.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(BundleError, match=said) as caught:
        open_foreign_classifier(path, {"target": TARGET, "arguments": DENSE, "classes": ("a", "b")} | told)
    assert "\n" not in str(caught.value)


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch trapped",)


def test_a_hostile_pickle_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": _Trap()}, tmp_path / "weights.pt")
    with pytest.raises(BundleError, match="without running code"):
        open_foreign_classifier(tmp_path / "weights.pt", {"target": TARGET, "arguments": DENSE, "classes": ("a", "b")})
    assert not (tmp_path / "trapped").exists()


def onnx_of_mean(path: Path, batch: int | str = "n") -> Path:
    """An ONNX file that gives (red mean, green mean) as logits."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    weight = onnx.numpy_helper.from_array(np.array([[1, 0], [0, 1], [0, 0]], np.float32), "w")
    takes = helper.make_tensor_value_info("x", kinds.FLOAT, [batch, 3, 16, 16])
    gives = helper.make_tensor_value_info("y", kinds.FLOAT, [batch, 2])
    graph = helper.make_graph(nodes, "g", [takes], [gives], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("batch", ["n", 1])
def test_an_onnx_file_answers_without_gradients(tmp_path: Path, batch: int | str) -> None:
    pytest.importorskip("onnxruntime")
    path = onnx_of_mean(tmp_path / "c.onnx", batch)
    told = {"classes": ("no", "yes"), "input_size": 16, "mean": (0, 0, 0), "std": (1, 1, 1)}
    opened = open_foreign_classifier(path, told)
    assert not opened.differentiable
    x = torch.rand(3, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(opened(x), ((x + 1) / 2).mean(dim=(2, 3))[:, :2])
    (tmp_path / "bad.onnx").write_bytes(b"not a graph")
    with pytest.raises(BundleError, match="ONNX Runtime can't read"):
        open_foreign_classifier(tmp_path / "bad.onnx", told)
