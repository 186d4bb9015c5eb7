"""Files of a bundle that are not what they seem: JSON that is none, headers of safetensors files that lie."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any


def described(folder: Path, name: str, content: bytes) -> None:
    """Put a file in place, with its hash in the metadata."""
    (folder / name).write_bytes(content)
    path = folder / "configs/metadata.json"
    tree = json.loads(path.read_text())
    tree["files"][name] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(tree))


def rewritten(folder: Path, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a JSON file in place; its hash is put right."""
    tree = json.loads((folder / name).read_text())
    change(tree)
    content = json.dumps(tree).encode()
    if name == "configs/metadata.json":
        (folder / name).write_bytes(content)
    else:
        described(folder, name, content)


def _first(content: bytes, more: bytes) -> bytes:
    """The same object with something more at its beginning."""
    return content.replace(b"{", b"{" + more + b", ", 1)


JSON_FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda _: b"", "."),
    "half": (lambda c: c[: len(c) // 2], "."),
    "a list": (lambda _: b"[]", "."),
    "lists in lists": (lambda _: b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
    "objects in objects": (lambda c: _first(c, b'"x": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000), "nested too deeply"),
    "a key twice": (lambda c: _first(c, b'"classes": ["x", "y"]'), "stands twice"),
    "not UTF-8": (lambda c: _first(c, b'"\xff\xfe": 1'), "UTF-8"),
    "UTF-16": (lambda c: c.decode().encode("utf-16"), "UTF-8"),
    "NaN": (lambda c: _first(c, b'"x": NaN'), "no number"),
    "infinity": (lambda c: _first(c, b'"x": 1e999'), "too large"),
    "a whole number without end": (lambda c: _first(c, b'"x": ' + b"9" * 100_000), "digits"),
}  # fmt: skip


def safetensors_file(header: Any, data: bytes = b"") -> bytes:
    """A safetensors file with this header: JSON to be, or bytes."""
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(content)) + content + data


def _one(**changes: Any) -> bytes:
    return safetensors_file({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}, bytes(8))


def _two(first: list[int], second: list[int], size: int) -> bytes:
    told = {n: {"dtype": "F32", "shape": [2], "data_offsets": o} for n, o in (("a", first), ("b", second))}
    return safetensors_file(told, bytes(size))


HEADERS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "seven bytes": lambda: b"\0" * 7,
    "a header of 10 GB": lambda: struct.pack("<Q", 10 * 10**9) + b"{}",
    "a header of 2^64 - 1": lambda: b"\xff" * 8 + b"{}",
    "a header longer than the file": lambda: struct.pack("<Q", 100) + b"{}",
    "no JSON": lambda: safetensors_file(b"pickle me"),
    "a pickle": lambda: b"\x80\x02cos\nsystem\n(X\x05\0\0\0touchtR.",
    "a list": lambda: safetensors_file([]),
    "nested": lambda: safetensors_file(b"[" * 100_000 + b"]" * 100_000),
    "a name twice": lambda: safetensors_file(
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
        bytes(8),
    ),
    "overlap": lambda: _two([0, 8], [4, 12], 12),
    "the same place": lambda: _two([0, 8], [0, 8], 8),
    "a gap": lambda: _two([0, 8], [12, 20], 20),
    "behind the end": lambda: _one(data_offsets=[8, 16]),
    "before the beginning": lambda: _one(data_offsets=[-8, 0]),
    "backwards": lambda: _one(data_offsets=[8, 0]),
    "bytes left over": lambda: _one() + b"more",
    "a huge shape": lambda: _one(shape=[2**39, 2**39]),
    "a huge shape and place": lambda: _one(shape=[2**38], data_offsets=[0, 2**40]),
    "a shape that wraps": lambda: _one(shape=[2**32, 2**32 + 1]),
    "a negative side": lambda: _one(shape=[-2]),
    "a fractional side": lambda: _one(shape=[2.0]),
    "no shape": lambda: _one(shape="2"),
    "an unknown type": lambda: _one(dtype="O"),
    "a type that is a list": lambda: _one(dtype=["F32"]),
    "complex numbers": lambda: _one(dtype="C64", shape=[1]),
    "something more": lambda: _one(_target_="os.system"),
}


def mean_colour_onnx(path: Path) -> Path:
    """An ONNX classifier of pictures of any size: the means of its three colours."""
    import onnx

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["y"]),
    ]
    takes, gives = (
        helper.make_tensor_value_info(*told) for told in (("x", kind, ["n", 3, 16, 16]), ("y", kind, ["n", 3]))
    )
    graph = helper.make_graph(nodes, "g", [takes], [gives])
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )
    return path
