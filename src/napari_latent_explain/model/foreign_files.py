"""Classifiers as people keep them: a state dict, a MONAI bundle, or an ONNX file. Nothing in them is executed.

Pickled weights are read by torch's restricted reader (``weights_only=True``); expressions of a MONAI bundle (``$...``) are not
evaluated.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError
from torch import Tensor

from napari_latent_explain.domain import BundleError
from napari_latent_explain.domain.plain_file import plain_file
from napari_latent_explain.domain.plain_json import plain_json
from napari_latent_explain.model.foreign import ForeignClassifier, ForeignConfig, build_network, numbers_for
from napari_latent_explain.model.onnx_network import OnnxNetwork
from napari_latent_explain.model.tensor_file import read_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["foreign_state", "open_foreign_classifier"]

_LARGEST = 2 * 2**30
_LARGEST_TEXT = 64 * 2**20
_MOST_REFERENCES = 8
_MOST_ITEMS = 4097  # one more than a network's arguments may have
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name, of a .safetensors file or of a checkpoint that torch's restricted reader accepts."""
    try:
        content = plain_file(path, _LARGEST)
    except OSError as error:
        msg = f"The classifier {path} can't be read ({error.strerror or error}); name an existing file."
        raise BundleError(msg) from error
    try:
        if path.suffix == ".safetensors":
            return read_tensors(content)
        _refuse_packed(content)
        tree: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
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


def _refuse_packed(content: bytes) -> None:
    """Torch packs nothing: an archive whose entries have to be unpacked can grow a thousandfold in memory."""
    if content[:2] != b"PK":
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        msg = "packed entries"
        raise ValueError(msg)
    if sum(entry.file_size for entry in entries) > len(content):
        msg = "entries that share bytes"
        raise ValueError(msg)


def _inside(folder: Path, path: Path) -> bool:
    """Whether it is an ordinary file of the bundle; a link to a file elsewhere is none."""
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def _json(path: Path) -> dict[str, Any]:
    try:
        tree = plain_json(plain_file(path, _LARGEST_TEXT))
    except (OSError, ValueError) as error:
        msg = f"{path} of the MONAI bundle can't be read as JSON ({error})."
        raise BundleError(msg) from error
    if not isinstance(tree, dict):
        msg = f"{path} of the MONAI bundle is not a JSON object."
        raise BundleError(msg)
    return tree


def _plain(value: Any, tree: Mapping[str, Any], where: str, depth: int = 0) -> Any:
    """A value of a MONAI configuration with its references (``@name``) followed; expressions are refused.

    A reference may name a list, but not one with references in it: those could be followed without end.
    """
    followed = 0
    while isinstance(value, str) and value.startswith("@") and not depth and followed < _MOST_REFERENCES:
        found: Any = tree
        for part in value[1:].replace("::", "#").split("#"):
            found = found.get(part) if isinstance(found, dict) else None
        value, followed = found, followed + 1
    if isinstance(value, str) and value.startswith(("$", "@", "%")):
        msg = f"The network of the MONAI bundle has the expression {ascii(value)[:80]} at '{where}'; write its value instead."
        raise BundleError(msg)
    if isinstance(value, list):
        return [_plain(item, tree, where, depth + followed) for item in value[:_MOST_ITEMS]]
    return value


def _at(tree: Any, *path: str) -> Any:
    """What stands at a path of keys; nothing if there is no such path."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _monai_bundle(folder: Path) -> tuple[dict[str, Any], Path]:
    """What a MONAI bundle says of its classifier, and the file of its weights."""
    configs = [folder / "configs" / f"{name}.json" for name in ("inference", "evaluate", "train")]
    definition: dict[str, Any] = {}
    tree: dict[str, Any] = {}
    for path in configs:
        if not _inside(folder, path):
            continue
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
    data = _json(metadata).get("network_data_format") if _inside(folder, metadata) else None
    shape = _at(data, "inputs", "image", "spatial_shape")
    size = [side for side in shape if type(side) is int] if isinstance(shape, list) else []
    if size:
        said["input_size"] = size[0]
    if _at(data, "inputs", "image", "value_range") == [0, 1]:
        said |= {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    channels = _at(data, "outputs", "pred", "channel_def")
    if isinstance(channels, dict) and len(channels) > 1:
        if not all(re.fullmatch(r"[0-9]{1,4}", key) for key in channels):
            msg = f"The MONAI bundle {folder} numbers its classes wrongly (channel_def); name them in the order of its outputs."
            raise BundleError(msg)
        said["classes"] = tuple(str(channels[key]) for key in sorted(channels, key=int))
    files = (folder / "models" / f"model.{suffix}" for suffix in ("safetensors", "pt", "pth"))
    weights = next((path for path in files if _inside(folder, path)), None)
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
        network: torch.nn.Module = OnnxNetwork(_onnx_bytes(weights))
    else:
        state = _read_weights(weights)
        network = build_network(config.target, config.arguments, numbers_for(state))
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            msg = f"The weights of {weights} do not fit {config.target}: {str(error).splitlines()[-1].strip()[:300]}"
            raise BundleError(msg) from error
    return ForeignClassifier(config, network).eval().requires_grad_(False)


def _onnx_bytes(path: Path) -> bytes:
    try:
        return plain_file(path, _LARGEST)
    except OSError as error:
        msg = f"The classifier {path} can't be read ({error.strerror or error}); name an existing file."
        raise BundleError(msg) from error


def foreign_state(classifier: ForeignClassifier, path: Path) -> dict[str, Tensor]:
    """What a bundle stores of it: the network's state, or the bytes of the ONNX file.

    Raises
    ------
    BundleError
        If the ONNX file is not the one any more that was opened.
    """
    if isinstance(classifier.network, OnnxNetwork):
        content = _onnx_bytes(path)
        if hashlib.sha256(content).hexdigest() != classifier.network.sha256:
            msg = f"{path} was replaced after it was opened; begin again with the file that you mean."
            raise BundleError(msg)
        return {"onnx": torch.frombuffer(bytearray(content), dtype=torch.uint8)}
    return dict(classifier.network.state_dict())
