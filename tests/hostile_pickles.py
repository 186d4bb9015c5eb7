"""Pickles that want more than to be read: every kind by name, as bytes; what most of them would do is touch a file."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

END = b"."
MAGIC, VERSION = pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2)
MACHINE = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2}}, 2)


def text(value: str) -> bytes:
    """Push a text."""
    content = value.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def named(module: str, name: str) -> bytes:
    """Push what a name stands for."""
    return f"c{module}\n{name}\n".encode()


def whole(value: int) -> bytes:
    """Push a whole number."""
    size = (value.bit_length() + 8) // 8
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def call(module: str, name: str, *arguments: bytes) -> bytes:
    """Push what a call gives."""
    return named(module, name) + b"(" + b"".join(arguments) + b"tR"


def touch(canary: Path) -> bytes:
    """Push the command that creates the canary."""
    return text(f"touch {canary}")


def plain(body: bytes) -> bytes:
    """A pickle of protocol 2 whose value is ``{"G_ema": body}``."""
    return b"\x80\x02}" + text("G_ema") + body + b"s" + END


def storage_id(kind: str = "FloatStorage", key: str = "0", count: int = 4, tag: str = "storage") -> bytes:
    """Push a storage by its persistent id."""
    return b"(" + text(tag) + named("torch", kind) + text(key) + text("cpu") + whole(count) + b"tQ"


def sides(*values: int) -> bytes:
    """Push a tuple of whole numbers."""
    return b"(" + b"".join(whole(value) for value in values) + b"t"


def tensor(storage: bytes, offset: int, size: bytes, stride: bytes, hooks: bytes = b"}") -> bytes:
    """Push a tensor."""
    return call("torch._utils", "_rebuild_tensor_v2", storage, whole(offset), size, stride, b"\x89", hooks)


def stream(body: bytes, keys: list[str], *contents: bytes) -> bytes:
    """A checkpoint of the older format: five pickles, then the storages."""
    return MAGIC + VERSION + MACHINE + b"\x80\x02" + body + END + pickle.dumps(keys, 2) + b"".join(contents)


def numbers(*values: float) -> bytes:
    """Content of a storage in the older format."""
    return struct.pack("<q", len(values)) + struct.pack(f"<{len(values)}f", *values)


def archive(data: bytes, entries: dict[str, bytes] | None = None, packed: int = zipfile.ZIP_STORED) -> bytes:
    """A checkpoint of the newer format."""
    stream_ = io.BytesIO()
    with zipfile.ZipFile(stream_, "w", packed) as made:
        made.writestr("net/data.pkl", data)
        for name, content in (entries or {"net/data/0": struct.pack("<4f", 1, 2, 3, 4)}).items():
            made.writestr(name, content)
    return stream_.getvalue()


def in_bytes(content: bytes) -> bytes:
    """A pickle with a storage that is a pickle of its own."""
    return plain(call("torch.storage", "_load_from_bytes", b"B" + struct.pack("<I", len(content)) + content))


FOUR = storage_id()


def as_weight(storage: bytes, offset: int, size: bytes, stride: bytes) -> bytes:
    """An archive in which the first weight of a generator is the given view."""
    made = tensor(storage, offset, size, stride)
    state = (
        b"}("
        + text("style.1.weight")
        + made
        + text("input.input")
        + tensor(FOUR, 0, sides(1, 2, 2), sides(4, 2, 1))
        + b"u"
    )
    return archive(b"\x80\x02}" + text("g_ema") + state + b"s" + END)


class _Reduced:
    def __init__(self, *what: Any) -> None:
        self.what = what

    def __reduce__(self) -> Any:
        return self.what


def _python(canary: Path) -> bytes:
    return text(f"open({str(canary)!r}, 'w').close()")


def _laughs(depth: int) -> bytes:
    """Lists of ten times the list before: ten to the power of `depth` when walked."""
    body = b"]q\x00" + text("ha") + b"a0"
    for level in range(depth):
        body += b"](" + b"h" + bytes([level]) + (b"h" + bytes([level])) * 9 + b"eq" + bytes([level + 1]) + b"0"
    return plain(body + b"h" + bytes([depth]))


def _modules(depth: int) -> bytes:
    """Modules that hold the module before ten times: without end when walked."""

    def module(children: bytes) -> bytes:
        state = b"}(" + text("_modules") + b"}(" + children + b"u" + b"u"
        meta = b"}(" + text("type") + text("class") + text("class_name") + text("A") + text("state") + state + b"u"
        return call("torch_utils.persistence", "_reconstruct_persistent_obj", meta)

    body = module(b"") + b"q\x00" + b"0"
    for level in range(depth):
        children = b"".join(text(f"m{i}") + b"h" + bytes([level]) for i in range(10))
        body += module(children) + b"q" + bytes([level + 1]) + b"0"
    return plain(body + b"h" + bytes([depth]))


def _module(state: bytes) -> bytes:
    """Push a module with the given state (pairs for a mapping)."""
    meta = b"}(" + text("type") + text("class") + text("class_name") + text("A") + text("state") + b"}(" + state + b"uu"
    return call("torch_utils.persistence", "_reconstruct_persistent_obj", meta)


def _wide(count: int) -> bytes:
    """A module of `count` parts that are all the same module, of as many tensors that are all the same: squared when walked."""
    one = tensor(FOUR, 0, sides(4), sides(1)) + b"q\x000"
    leaf = (
        _module(text("_buffers") + b"}(" + b"".join(text(f"b{i}") + b"h\x00" for i in range(count)) + b"u") + b"q\x010"
    )
    parts = text("_modules") + b"}(" + b"".join(text(f"m{i}") + b"h\x01" for i in range(count)) + b"u"
    return archive(b"\x80\x02" + one + leaf + b"}" + text("G_ema") + _module(parts) + b"s" + END)


def _chain(depth: int) -> bytes:
    """Modules in modules, very deep."""
    body = _module(text("_modules") + b"N") + b"q\x00"
    for _ in range(depth):
        body += b"0" + _module(text("_modules") + b"}" + text("m") + b"h\x00s") + b"q\x00"
    return plain(body)


def _many_copies() -> bytes:
    """A long text, encoded again and again: each copy would be kept."""
    one = named("_codecs", "encode") + b"q\x00" + b"0(" + text("a" * 10_000_000) + text("latin1") + b"tq\x010"
    return b"\x80\x02" + one + b"h\x00h\x01R" * 50_000 + END


def _many_entries(count: int) -> bytes:
    """An archive whose directory lists the same entry over and over."""
    made = archive(plain(b"}"))
    at = made.index(b"PK\x01\x02")
    entry = made[at : made.index(b"PK\x01\x02", at + 4)] * count
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entry), at, 0)
    return made[:at] + entry + end


def _traversing(name: str) -> bytes:
    return archive(plain(b"}"), {name: b"root::0:0", "net/data/0": bytes(16)})


def _longer_than_it_is(canary: Path) -> bytes:
    """An archive whose directory claims that an entry has four billion bytes."""
    made = bytearray(archive(b"\x80\x02" + storage_id() + END))
    at = made.rindex(b"PK\x01\x02")
    made[at + 20 : at + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    return bytes(made)


def _bad(numpy_arguments: bytes) -> bytes:
    return plain(call("numpy.core.multiarray", "_reconstruct", named("numpy", "ndarray"), numpy_arguments, b"C\x01b"))


HOSTILE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    # Names that are not on the list.
    "os.system": (lambda c: plain(call("os", "system", touch(c))), r"asks for 'os\.system'"),
    "posix.system": (lambda c: plain(call("posix", "system", touch(c))), r"'posix\.system'"),
    "subprocess": (lambda c: plain(call("subprocess", "check_output", b"]" + touch(c) + b"a")), r"'subprocess\."),
    "eval": (lambda c: plain(call("builtins", "eval", _python(c))), r"'builtins\.eval'"),
    "exec of protocol 2": (lambda c: plain(call("__builtin__", "exec", _python(c))), r"'__builtin__\.exec'"),
    "getattr chain": (
        lambda c: plain(call("builtins", "getattr", call("builtins", "__import__", text("os")), text("system"))),
        r"'builtins\.getattr'",
    ),
    "dotted name": (lambda c: b"\x80\x04" + text("torch") + text("os.system") + b"\x93.", r"'torch\.os\.system'"),
    "dotted name of a list member": (
        lambda c: b"\x80\x04" + text("collections") + text("OrderedDict.__reduce__") + b"\x93.", "OrderedDict.__reduce__",
    ),
    "operator.attrgetter": (lambda c: plain(call("operator", "attrgetter", text("system"))), r"'operator\.attrgetter'"),
    "functools.partial": (lambda c: plain(call("functools", "partial", named("os", "system"))), r"'functools\.partial'"),
    "copyreg._reconstructor": (
        lambda c: plain(call("copy_reg", "_reconstructor", named("os", "_wrap_close"), named("builtins", "object"), b"N")),
        r"'copy_reg\._reconstructor'",
    ),
    "runpy": (lambda c: plain(call("runpy", "run_path", text(str(c)))), r"'runpy\.run_path'"),
    "torch.load": (lambda c: plain(call("torch", "load", text(str(c)))), r"'torch\.load'"),
    "torch.hub": (lambda c: plain(call("torch.hub", "load", text("a/b"))), r"'torch\.hub\.load'"),
    "webbrowser": (lambda c: plain(call("webbrowser", "open", text("http://example.org"))), r"'webbrowser\.open'"),
    "TensorFlow's dnnlib": (lambda c: plain(call("dnnlib.tflib.network", "Network")), "TensorFlow"),
    "numpy array of objects": (lambda c: _bad(sides(1)), r"'numpy\.core\.multiarray\._reconstruct'"),
    "numpy type of objects": (lambda c: plain(call("numpy", "dtype", text("O8"), b"\x89", b"\x88")), "malformed"),
    "numpy number of another length": (
        lambda c: plain(call("numpy.core.multiarray", "scalar", call("numpy", "dtype", text("f8")), b"C\x02ab")), "malformed",
    ),
    "codec that decompresses": (lambda c: plain(call("_codecs", "encode", text("a"), text("zip"))), "malformed"),
    "codecs.decode": (lambda c: plain(call("codecs", "decode", text("a"), text("rot13"))), r"'codecs\.decode'"),
    "rebuild with state": (
        lambda c: plain(call("torch._utils", "_rebuild_parameter_with_state", b"N")), "_rebuild_parameter_with_state",
    ),
    "name that breaks the line": (lambda c: b"\x80\x04" + text("a\nb\x1b[2J") + text("c" * 500) + b"\x93.", r"a\\nb\\x1b"),
    # Opcodes that make things in other ways.
    "INST": (lambda c: b"(" + touch(c) + b"ios\nsystem\n.", "does not begin|neither a pickle"),
    "INST in protocol 2": (lambda c: b"\x80\x02(" + touch(c) + b"ios\nsystem\n.", r"'os\.system' \(opcode INST\)"),
    "OBJ": (lambda c: b"\x80\x02(" + named("os", "system") + touch(c) + b"o.", r"'os\.system'"),
    "OBJ of a listed name": (lambda c: b"\x80\x02(" + named("argparse", "Namespace") + b"o.", "opcode OBJ"),
    "NEWOBJ": (lambda c: plain(named("subprocess", "Popen") + b"(" + touch(c) + b"t\x81"), r"'subprocess\.Popen'"),
    "NEWOBJ of a listed name": (
        lambda c: plain(named("argparse", "Namespace") + b"(" + touch(c) + b"t\x81"), "with arguments",
    ),
    "NEWOBJ_EX": (lambda c: plain(named("argparse", "Namespace") + b")}\x92"), "opcode NEWOBJ_EX"),
    "NEWOBJ of a function": (lambda c: plain(named("_codecs", "encode") + b")\x81"), "a new '_codecs.encode'"),
    "STACK_GLOBAL of computed names": (
        lambda c: b"\x80\x04" + text("o") + call("collections", "OrderedDict") + b"\x93.", "a name that it computes",
    ),
    "EXT1": (lambda c: b"\x80\x02\x82\x01.", "opcode EXT1"),
    "EXT4": (lambda c: b"\x80\x02\x84\x01\x00\x00\x00.", "opcode EXT4"),
    "PERSID as a line": (lambda c: b"\x80\x02Pos.system\n.", "opcode PERSID"),
    "evaluated text (STRING)": (lambda c: b"\x80\x02S'a'\n.", "opcode STRING"),
    "buffers from elsewhere": (lambda c: b"\x80\x05\x97.", "opcode NEXT_BUFFER"),
    "call of a value": (lambda c: plain(text("a") + b")R"), "a call of a value of type str"),
    "call of a type of numbers": (lambda c: plain(named("torch", "FloatStorage") + b")R"), r"a call of 'torch\.FloatStorage'"),
    "BUILD on a name": (lambda c: plain(named("argparse", "Namespace") + b"}b"), "a change of 'argparse.Namespace'"),
    "BUILD with slots": (
        lambda c: plain(named("argparse", "Namespace") + b")\x81" + b"N}" + text("__class__") + b"Ns\x86b"), "malformed",
    ),
    "BUILD on a tensor": (
        lambda c: archive(b"\x80\x02" + tensor(FOUR, 0, sides(4), sides(1)) + b"}" + text("__setstate__") + b"Nsb."),
        "a change of a value of type StoredTensor",
    ),
    "BUILD on a text": (lambda c: plain(text("a") + b"}b"), "a change of a value of type str"),
    "hooks of a parameter": (
        lambda c: archive(
            b"\x80\x02"
            + call("torch._utils", "_rebuild_parameter", tensor(FOUR, 0, sides(4), sides(1)), b"\x88", b"}" + text("h") + b"Ns")
            + END
        ),
        "malformed",
    ),
    "hooks of a tensor": (
        lambda c: archive(b"\x80\x02" + tensor(FOUR, 0, sides(4), sides(1), b"}" + text("h") + b"Ns") + END), "malformed",
    ),
    # Hidden in something else.
    "in a storage as bytes": (
        lambda c: in_bytes(stream(call("os", "system", touch(c)), [])), r"'os\.system'",
    ),
    "in the magic number of a storage": (
        lambda c: in_bytes(b"\x80\x02" + call("os", "system", touch(c)) + END), r"'os\.system'",
    ),
    "in the keys of a storage": (
        lambda c: in_bytes(MAGIC + VERSION + MACHINE + b"\x80\x02" + FOUR + b".\x80\x02" + call("os", "system", touch(c)) + END),
        r"'os\.system'",
    ),
    "storage in a storage": (
        lambda c: in_bytes(stream(call("torch.storage", "_load_from_bytes", b"C\x00"), [])), "_load_from_bytes",
    ),
    "archive in a storage": (lambda c: in_bytes(archive(plain(b"}"))), "an archive in its pickle"),
    "in an archive": (lambda c: archive(plain(call("os", "system", touch(c)))), r"'os\.system'"),
    "in a stream": (lambda c: stream(call("os", "system", touch(c)), []), r"'os\.system'"),
    "made by Python": (lambda c: pickle.dumps({"G_ema": _Reduced(exec, (f"open({str(c)!r},'w')",))}), r"'builtins\.exec'"),
    # More than there is.
    "billion laughs": (lambda c: _laughs(50), "holds no generator"),
    "billion modules": (lambda c: _modules(50), "without end"),
    "modules of many shared parts": (lambda c: _wide(4000), "a million steps"),
    "modules in modules, deep": (lambda c: _chain(15_000), "without end"),
    "a text copied without end": (lambda c: _many_copies(), "64 MiB of text"),
    "an archive of a million entries": (lambda c: _many_entries(1_000_000), "20000 entries"),
    "a list in itself": (lambda c: plain(b"]q\x00h\x00a"), "holds no generator"),
    "a module in itself": (
        lambda c: plain(
            b"}q\x00" + text("_modules") + b"}" + text("a")
            + call("torch_utils.persistence", "_reconstruct_persistent_obj", b"}(" + text("type") + text("class")
                   + text("class_name") + text("A") + text("state") + b"h\x00u")
            + b"q\x01ss0h\x01"
        ),
        "without end",
    ),
    "memo of two billion places": (lambda c: b"\x80\x02Nr\xff\xff\xff\x7f0j\xfe\xff\xff\x7f.", "malformed"),
    "marks without end": (lambda c: b"\x80\x02" + b"(" * 1_000_000 + END, "nested more than"),
    "tuples without end": (lambda c: b"\x80\x02)" + b"\x85" * 900_000 + END, "holds no generator"),
    "steps without end": (lambda c: b"\x80\x02" + b"N0" * 3_000_000 + END, "a million steps"),
    "stack without end": (lambda c: b"\x80\x02" + b"N" * 500_000 + END, "stack deeper"),
    "text of four billion bytes": (lambda c: b"\x80\x04X\xff\xff\xff\xffabc.", "64 MiB of text"),
    "text of 2^63 bytes": (lambda c: b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7fabc.", "64 MiB of text"),
    "bytes of four billion bytes": (lambda c: b"\x80\x04B\xff\xff\xff\xffabc.", "breaks off"),
    "bytes of 2^63 bytes": (lambda c: b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7fabc.", "breaks off"),
    "number of two billion bytes": (lambda c: b"\x80\x02\x8b\xff\xff\xff\x7f.", "opcode LONG4"),
    "cut off": (lambda c: plain(text("a" * 100))[:50], "breaks off"),
    "nothing": (lambda c: b"", "neither a pickle"),
    "stack empty": (lambda c: b"\x80\x020.", "malformed"),
    "mark missing": (lambda c: b"\x80\x02t.", "malformed"),
    "protocol of the future": (lambda c: b"\x80\x63}.", "unknown protocol"),
    "key that is a tuple": (lambda c: b"\x80\x02}" + b")" + b"\x85" * 100_000 + b"Ns.", "malformed"),
    "keys of one hash": (lambda c: b"\x80\x02}" + whole(2**61 - 1) + b"Ns.", "malformed"),
    # Tensors that are not there.
    "past the end": (lambda c: as_weight(FOUR, 0, sides(1, 4, 4, 4), sides(64, 16, 4, 1)), "malformed"),
    "begins past the end": (lambda c: as_weight(FOUR, 4, sides(1), sides(1)), "malformed"),
    "negative side": (lambda c: as_weight(FOUR, 0, sides(-1, 4), sides(4, 1)), "malformed"),
    "negative step": (lambda c: as_weight(FOUR, 3, sides(4), sides(-1)), "malformed"),
    "negative beginning": (lambda c: as_weight(FOUR, -4, sides(4), sides(1)), "malformed"),
    "gigantic": (lambda c: as_weight(FOUR, 0, sides(2**40, 2**40), sides(2**40, 1)), "malformed"),
    "gigantic by steps of nothing": (
        lambda c: as_weight(FOUR, 0, sides(2**30, 2**30), sides(0, 0)), "overlap",
    ),
    "numbers that overlap": (lambda c: as_weight(FOUR, 0, sides(2, 2), sides(1, 1)), "overlap"),
    "no numbers": (lambda c: as_weight(FOUR, 99, sides(2, 0), sides(1, 1)), "empty"),
    "numbers of another kind": (lambda c: as_weight(storage_id("IntStorage"), 0, sides(2, 2), sides(2, 1)), "described twice"),
    "more sides than steps": (lambda c: as_weight(FOUR, 0, sides(2, 2), sides(1)), "malformed"),
    "sides that are no numbers": (lambda c: as_weight(FOUR, 0, b"(" + text("4") + b"t", sides(1)), "malformed"),
    "storage that is no storage": (lambda c: as_weight(text("0"), 0, sides(4), sides(1)), "malformed"),
    "storage of another length": (lambda c: archive(b"\x80\x02" + storage_id(count=5) + END), "another length"),
    "storage of another type": (lambda c: archive(b"\x80\x02" + storage_id(kind="DoubleStorage") + END), "another length"),
    "storage twice with two types": (
        lambda c: archive(b"\x80\x02" + FOUR + storage_id(kind="IntStorage") + b"\x86" + END), "described twice",
    ),
    "storage of quantised numbers": (lambda c: archive(b"\x80\x02" + storage_id(kind="QInt8Storage") + END), "QInt8Storage"),
    "storage that is not there": (lambda c: archive(b"\x80\x02" + storage_id(key="7") + END), "lacks data/7"),
    "storage outside the folder": (lambda c: archive(b"\x80\x02" + storage_id(key="../../x") + END), "lacks data/"),
    "storage of negative length": (lambda c: archive(b"\x80\x02" + storage_id(count=-4) + END), "described wrongly"),
    "unknown persistent id": (lambda c: archive(b"\x80\x02" + storage_id(tag="module") + END), "persistent id"),
    "persistent id that is a text": (lambda c: archive(b"\x80\x02" + text("storage") + b"Q."), "persistent id"),
    "persistent id in a plain pickle": (lambda c: plain(FOUR), "outside its pickle"),
    "stream that breaks off": (lambda c: stream(FOUR, ["0"], numbers(1, 2, 3, 4)[:-1]), "break off"),
    "stream of another length": (lambda c: stream(FOUR, ["0"], numbers(1, 2, 3), bytes(4)), "another length"),
    "stream with other keys": (lambda c: stream(FOUR, ["1"], numbers(1, 2, 3, 4)), "not those that it names"),
    "stream with a key twice": (lambda c: stream(FOUR, ["0", "0"], numbers(1, 2, 3, 4) * 2), "break off"),
    # Archives.
    "path upwards": (lambda c: _traversing("net/../../etc/passwd"), "outside its archive"),
    "path from the root": (lambda c: _traversing("/etc/passwd"), "outside its archive"),
    "path of Windows": (lambda c: _traversing("net/..\\..\\a"), "outside its archive"),
    "zip bomb": (lambda c: archive(plain(b"}"), {"net/data/0": bytes(50_000_000)}, zipfile.ZIP_DEFLATED), "unpacked"),
    "entry longer than the file": (_longer_than_it_is, "longer than the file|another length|not what was saved"),
    "archive cut off": (lambda c: archive(plain(b"}"))[:-10], "no whole zip archive"),
    "two folders": (lambda c: archive(plain(b"}"), {"other/data.pkl": plain(b"}")}), "not laid out"),
    "no pickle": (lambda c: archive(plain(b"}")).replace(b"data.pkl", b"code.pyc"), "lacks data.pkl"),
    "changed content": (lambda c: archive(plain(text("abc"))).replace(b"abc", b"abd"), "not what was saved"),
    "TorchScript": (lambda c: _torchscript(), "not laid out|unpacked|__torch__|lacks"),
}  # fmt: skip


def _torchscript() -> bytes:
    content = io.BytesIO()
    entries = {"net/code/__torch__.py": b"def forward(self): pass", "net/constants.pkl": b"\x80\x02)."}
    content.write(archive(b"\x80\x02" + named("__torch__", "Model") + b")\x81}b.", entries))
    return content.getvalue()


def honest_archive() -> bytes:
    """A checkpoint that only lacks a generator: what it takes to reach the end."""
    import torch

    content = io.BytesIO()
    torch.save({"g_ema": {"input.input": torch.ones(1, 2, 4, 4)}}, content)
    return content.getvalue()
