"""The exact list of names that a checkpoint may use, and what stands in for each.

Nothing here is the thing that is named: a class that the file wants made is an empty mapping, and a module that was pickled with
its own source code (stylegan2-ada-pytorch, StyleGAN3) is its class name and its attributes as plain data; the source is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_latent_explain.model.importing.pickle_machine import Inert, Name, Names
from napari_latent_explain.model.importing.stored_tensor import STORAGES, Storage, StorageType, StoredTensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_latent_explain.model.importing.budget import Budget
    from napari_latent_explain.model.importing.refusal import Checkpoint

__all__ = ["PersistentModule", "checkpoint_names", "storage_names", "storage_type"]

_TYPES = {kind.name: kind for kind in STORAGES}
_SCALARS = {"f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1"}
_DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")


class _Mapping(dict[Any, Any], Inert):
    """An OrderedDict, an EasyDict or a Namespace: its items; what else it carries is dropped."""

    def built(self, state: Any) -> None:
        if state is not None and not isinstance(state, dict):
            raise ValueError


class _NumpyType(Inert):
    """The type of a number that numpy made: a letter, a size, and little-endian."""

    def __init__(self, code: str) -> None:
        self.code = code

    def built(self, state: Any) -> None:
        if type(state) is not tuple or len(state) < 2 or state[1] not in {"<", "|"}:
            raise ValueError


@dataclass(frozen=True, eq=False)
class PersistentModule:
    """A module that was pickled with its source: the name of its class, and its attributes."""

    class_name: str
    state: dict[Any, Any]

    def attribute(self, name: str) -> Any:
        """One of its attributes; None if it has none of that name."""
        return self.state.get(name)


def _one_of_these(arguments: tuple[Any, ...], kind: type) -> Any:
    if len(arguments) != 1 or not isinstance(arguments[0], kind):
        raise ValueError
    return arguments[0]


def _ordered(arguments: tuple[Any, ...]) -> _Mapping:
    if arguments:
        raise ValueError
    return _Mapping()


def _set(arguments: tuple[Any, ...]) -> Any:
    """The list that a set is made of, as it is: a copy for each call could grow without end, and nothing here asks for sets."""
    return _one_of_these(arguments, list)


def _numpy_type(arguments: tuple[Any, ...]) -> _NumpyType:
    if not 1 <= len(arguments) <= 3 or not isinstance(arguments[0], str) or arguments[0] not in _SCALARS:
        raise ValueError
    return _NumpyType(arguments[0])


def _scalar(arguments: tuple[Any, ...]) -> Any:
    kind, content = arguments
    if not isinstance(kind, _NumpyType) or not isinstance(content, memoryview) or len(content) != int(kind.code[1]):
        raise ValueError
    return np.frombuffer(content, dtype=kind.code if kind.code == "b1" else f"<{kind.code}")[0].item()


def _tensor(arguments: tuple[Any, ...]) -> StoredTensor:
    """``_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks[, metadata])``; hooks must be none."""
    storage, offset, size, stride, _, hooks, *metadata = arguments
    if hooks or len(metadata) > 1 or any(metadata):
        raise ValueError
    return StoredTensor.of(storage, offset, size, stride)


def _parameter(arguments: tuple[Any, ...]) -> StoredTensor:
    tensor, _, hooks = arguments
    if not isinstance(tensor, StoredTensor) or hooks:
        raise ValueError
    return tensor


def _module(arguments: tuple[Any, ...]) -> PersistentModule:
    told = _one_of_these(arguments, dict)
    class_name, state = told.get("class_name"), told.get("state")
    if told.get("type") != "class" or not isinstance(class_name, str) or not isinstance(state, dict):
        raise ValueError
    return PersistentModule(class_name, state)


def _as_names(names: Iterable[Name]) -> Names:
    return {(name.module, name.name): name for name in names}


def storage_names() -> Names:
    """What the bytes of a storage may name: types of numbers, nothing that is called."""
    return _as_names(Name("torch", kind.name) for kind in STORAGES)


def storage_type(value: Any, checkpoint: Checkpoint) -> StorageType:
    """Type of numbers that a persistent id names."""
    kind = _TYPES.get(value.name) if isinstance(value, Name) and value.module == "torch" else None
    if kind is None:
        raise checkpoint.asks_for("a storage of a type that is not on the list")
    return kind


def checkpoint_names(from_bytes: Callable[[memoryview], Storage], budget: Budget) -> Names:
    """The whole list; `from_bytes` reads a storage that was pickled as bytes."""

    def nested(arguments: tuple[Any, ...]) -> Storage:
        content: memoryview = _one_of_these(arguments, memoryview)
        return from_bytes(content)

    def encoded(arguments: tuple[Any, ...]) -> memoryview:
        """Bytes as protocol 2 writes them: a text in Latin-1, of which this is a copy."""
        text, encoding = arguments
        if not isinstance(text, str) or encoding != "latin1":
            raise ValueError
        budget.spell(len(text))
        return memoryview(text.encode("latin-1"))

    def plain(arguments: tuple[Any, ...]) -> Any:
        return _one_of_these(arguments, tuple)

    return storage_names() | _as_names(
        [
            Name("collections", "OrderedDict", called=_ordered),
            Name("dnnlib.util", "EasyDict", made=_Mapping),
            Name("argparse", "Namespace", made=_Mapping),
            *(Name(module, "set", called=_set) for module in ("builtins", "__builtin__")),
            Name("_codecs", "encode", called=encoded),
            Name("numpy", "dtype", called=_numpy_type),
            *(Name(f"numpy.{core}.multiarray", "scalar", called=_scalar) for core in ("core", "_core")),
            Name("torch", "Size", called=plain),
            *(Name("torch", name) for name in _DTYPES),
            Name("torch._utils", "_rebuild_tensor_v2", called=_tensor),
            Name("torch._utils", "_rebuild_parameter", called=_parameter),
            Name("torch.storage", "_load_from_bytes", called=nested),
            Name("torch_utils.persistence", "_reconstruct_persistent_obj", called=_module),
        ]
    )
