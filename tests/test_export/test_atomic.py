from __future__ import annotations

import ast
import errno
import os
from pathlib import Path

import pytest

import napari_latent_explain
from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.atomic import open_atomically, write_atomically

STRAIGHT = {"write_text", "write_bytes", "save_file", "savetxt", "tofile", "to_csv", "to_parquet"}
MODES = {"w", "wb", "wt", "w+", "w+b", "a", "ab", "at", "a+", "x", "xb", "xt"}
ALLOWED = {"decoding/limits.py", "export/moving.py"}  # a file of the kernel's; a film, into memory


def _full(_file: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomically(tmp_path / "a", b"old")
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(ExportError, match=r"a can't be written \(No space left"):
        write_atomically(tmp_path / "a", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_what_ends_in_the_middle_leaves_the_old_file_alone(tmp_path: Path, kind: type[BaseException]) -> None:
    write_atomically(tmp_path / "a", b"old")

    def write() -> None:
        with open_atomically(tmp_path / "a") as stream:
            stream.write(b"ne")
            raise kind

    with pytest.raises(kind):
        write()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    with open_atomically(tmp_path / "a") as one, open_atomically(tmp_path / "a") as other:
        one.write(b"one, the longer of the two")
        other.write(b"other")
    assert (tmp_path / "a").read_bytes() == b"one, the longer of the two"  # whole; the last to end stays
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def _writes_straight(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    words = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return name in STRAIGHT or (name == "open" and any(word in MODES for word in words))


def test_nothing_in_the_package_writes_straight_to_a_file() -> None:
    root = Path(napari_latent_explain.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        if any(map(_writes_straight, calls)):
            found.add(path.relative_to(root).as_posix())
    assert found == ALLOWED
