"""Classifiers as people keep them: a state dict, a MONAI bundle, or an ONNX file. Nothing in them is executed.

Pickled weights are read by torch's restricted reader (``weights_only=True``); expressions of a MONAI bundle (``$...``) are not
evaluated.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from napari_latent_explain.domain import BundleError
from napari_latent_explain.model.foreign import ForeignClassifier, ForeignConfig, build_network
from napari_latent_explain.model.onnx_network import OnnxNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["foreign_state", "open_foreign_classifier"]

_LARGEST = 2 * 2**30
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name, of a .safetensors file or of a checkpoint that torch's restricted reader accepts."""
    try:
        if path.stat().st_size > _LARGEST:
            msg = f"{path} is larger than any classifier; it is refused."
            raise BundleError(msg)
        if path.suffix == ".safetensors":
            found: dict[str, Tensor] = load_file(path)
            return found
        tree: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        msg = f"The classifier {path} can't be read ({error.strerror or error}); name an existing file."
        raise BundleError(msg) from error
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        msg = (
            f"{path} is not a state dict that can be read without running code; save one with "
            f"torch.save(network.state_dict(), ...) or as safetensors."
        )
        raise BundleError(msg) from error
    for name in _WRAPPERS:
        if isinstance(tree, dict) and isinstance(tree.get(name), dict):
            tree = tree[name]
            break
    state = {k: v for k, v in tree.items() if isinstance(v, Tensor)} if isinstance(tree, dict) else {}
    if not state:
        msg = f"{path} holds no tensors by name; save torch.save(network.state_dict(), ...)."
        raise BundleError(msg)
    if all(name.startswith("module.") for name in state):  # as saved from several processes
        state = {name.removeprefix("module."): value for name, value in state.items()}
    return state


def _json(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        msg = f"{path} of the MONAI bundle can't be read as JSON ({error})."
        raise BundleError(msg) from error
    if not isinstance(tree, dict):
        msg = f"{path} of the MONAI bundle is not a JSON object."
        raise BundleError(msg)
    return tree


def _plain(value: Any, tree: Mapping[str, Any], where: str, depth: int = 0) -> Any:
    """A value of a MONAI configuration with its references (``@name``) followed; expressions are refused."""
    if isinstance(value, str) and value.startswith("@") and depth < 8:
        found: Any = tree
        for part in value[1:].replace("::", "#").split("#"):
            found = found.get(part) if isinstance(found, dict) else None
        return _plain(found, tree, where, depth + 1)
    if isinstance(value, str) and value.startswith(("$", "@", "%")):
        msg = f"The network of the MONAI bundle has the expression '{value}' at '{where}'; write its value instead."
        raise BundleError(msg)
    if isinstance(value, list):
        return [_plain(item, tree, where, depth) for item in value]
    return value


def _monai_bundle(folder: Path) -> tuple[dict[str, Any], Path]:
    """What a MONAI bundle says of its classifier, and the file of its weights."""
    configs = [folder / "configs" / f"{name}.json" for name in ("inference", "evaluate", "train")]
    definition: dict[str, Any] = {}
    tree: dict[str, Any] = {}
    for path in filter(Path.is_file, configs):
        tree = _json(path)
        definition = next((tree[key] for key in ("network_def", "net_def", "network", "net") if key in tree), {})
        if isinstance(definition, dict) and "_target_" in definition:
            break
    if not isinstance(definition, dict) or not isinstance(definition.get("_target_"), str):
        msg = f"The MONAI bundle {folder} has no network_def with a _target_ in configs/inference.json or train.json."
        raise BundleError(msg)
    target = definition["_target_"]
    said: dict[str, Any] = {
        "kind": "module",
        "target": target if "." in target else f"monai.networks.nets.{target}",
        "arguments": {k: _plain(v, tree, k) for k, v in definition.items() if not k.startswith("_")},
    }
    metadata = folder / "configs" / "metadata.json"
    shown = _json(metadata) if metadata.is_file() else {}
    data = shown.get("network_data_format", {})
    image = data.get("inputs", {}).get("image", {})
    size = [side for side in image.get("spatial_shape", []) if isinstance(side, int)]
    if size:
        said["input_size"] = size[0]
    if image.get("value_range") == [0, 1]:
        said |= {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    channels = data.get("outputs", {}).get("pred", {}).get("channel_def", {})
    if isinstance(channels, dict) and len(channels) > 1:
        said["classes"] = tuple(str(channels[key]) for key in sorted(channels, key=int))
    weights = next((p for s in ("safetensors", "pt", "pth") if (p := folder / "models" / f"model.{s}").is_file()), None)
    if weights is None:
        msg = f"The MONAI bundle {folder} has no models/model.pt or model.safetensors; download it whole."
        raise BundleError(msg)
    return said, weights


def open_foreign_classifier(path: Path, told: Mapping[str, Any]) -> ForeignClassifier:
    """Open a classifier that was not made here.

    Parameters
    ----------
    path : pathlib.Path
        A state dict (.safetensors, .pt, .pth), the folder of a MONAI bundle, or an .onnx file.
    told : mapping
        Fields of `ForeignConfig` that the file does not say: ``target`` and ``arguments`` of a state dict, ``classes`` where
        no metadata name them, ``input_size``, ``mean``, ``std``, ``output``. They win over what the file says.

    Raises
    ------
    BundleError
        With one sentence about what is wrong.
    """
    said: dict[str, Any] = {"kind": "onnx" if path.suffix == ".onnx" else "module"}
    weights = path
    if path.is_dir():
        said, weights = _monai_bundle(path)
    elif not path.is_file():
        msg = f"There is no classifier at {path}; name a state dict, the folder of a MONAI bundle, or an ONNX file."
        raise BundleError(msg)
    said |= {key: value for key, value in told.items() if value is not None}
    if said["kind"] == "module" and not said.get("target"):
        msg = f"{path.name} holds weights alone; say which network they are of, for example monai.networks.nets.DenseNet121."
        raise BundleError(msg)
    if not said.get("classes"):
        msg = f"{path.name} does not name its classes; name them in the order of its outputs."
        raise BundleError(msg)
    try:
        config = ForeignConfig.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"'{'.'.join(str(part) for part in first['loc'])}' of the classifier is wrong: {first['msg']}."
        raise BundleError(msg) from error
    if config.kind == "onnx":
        network: torch.nn.Module = OnnxNetwork(weights.read_bytes())
    else:
        network = build_network(config.target, config.arguments)
        try:
            network.load_state_dict(_read_weights(weights))
        except RuntimeError as error:
            msg = f"The weights of {weights} do not fit {config.target}: {str(error).splitlines()[-1].strip()}"
            raise BundleError(msg) from error
    return ForeignClassifier(config, network).eval().requires_grad_(False)


def foreign_state(classifier: ForeignClassifier, path: Path) -> dict[str, Tensor]:
    """What a bundle stores of it: the network's state, or the bytes of the ONNX file."""
    if classifier.config.kind == "onnx":
        return {"onnx": torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)}
    return dict(classifier.network.state_dict())
