"""The process in which readers are given spoiled files; the parent watches it (`faults.fuzzing`).

Called with one argument, JSON with what `faults.fuzzing.fuzz` was asked. Libraries may print what they like: what is found goes
into files.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import resource
import struct
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ROOM = 8 * 2**20
_HEAD = struct.Struct("<QQQ")  # inputs tried, bytes of the one that is being read, which reader
_LONGEST = 1200


class Watched:
    """Reads spoiled files and keeps what went wrong, and the file that is being read for the case that all ends there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tried, self.seen, self.number = folder, 0, set[str](), 0
        self.reader: Any = None
        with (folder / "now").open("r+b") as stream:
            self.now = mmap.mmap(stream.fileno(), _ROOM)

    def take(self, number: int, reader: Any) -> None:
        """Go on with another reader."""
        self.number, self.reader, self.tried, self.seen = number, reader, 0, set()

    def __call__(self, data: bytes) -> None:
        """Read one file."""
        self.tried += 1
        self.now[_HEAD.size : _HEAD.size + len(data)] = data[: _ROOM - _HEAD.size]
        self.now[: _HEAD.size] = _HEAD.pack(self.tried, len(data), self.number)
        try:
            self.reader.read(data)
        except self.reader.refusals as error:
            said = str(error)
            if not said or "\n" in said or len(said) > _LONGEST:
                self._found("no sentence", f"{type(error).__name__}: {said[:300]!r}", data)
        except MemoryError:
            self._found("memory", "MemoryError", data)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what this looks for
            steps = [
                step for step in traceback.extract_tb(error.__traceback__) if "napari_latent_explain" in step.filename
            ]
            where = f"{Path(steps[-1].filename).name}:{steps[-1].lineno}" if steps else "elsewhere"
            self._found("crash", f"{type(error).__name__} at {where}: {str(error)[:200]}", data)

    def _found(self, kind: str, why: str, data: bytes) -> None:
        key = f"{kind} {why.partition(':')[0]}"
        if key not in self.seen:
            self.seen.add(key)
            name = f"{self.number}-{len(self.seen)}-{kind.replace(' ', '-')}"
            (self.folder / name).write_bytes(data)
            self.say(found=kind, why=why, input=name)

    def say(self, **what: Any) -> None:
        """Tell the parent."""
        with (self.folder / "told").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(what | {"reader": self.number, "tried": self.tried}) + "\n")


def _confine(more: int) -> None:
    """So much more address space than now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _strategy(reader: Any) -> Any:
    from faults.fuzz_targets import trees_of
    from faults.spoiling import spoiled_bytes, spoiled_json

    if not reader.trees:
        return spoiled_bytes(reader.seeds)
    return spoiled_json(trees_of(reader.seeds)) | spoiled_json(trees_of(reader.seeds)) | spoiled_bytes(reader.seeds)


def _by_hypothesis(watched: Watched, strategy: Any, inputs: int, number: int) -> Callable[[], None]:
    from hypothesis import HealthCheck, Phase, given, seed, settings

    @seed(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def all_of_them(data: bytes) -> None:
        watched(data)

    return all_of_them


def _with_atheris(watched: Watched, reader: Any, order: dict[str, Any]) -> None:
    import atheris

    corpus = watched.folder / f"corpus-{watched.number}"
    corpus.mkdir()
    for number, whole in enumerate(reader.seeds):
        (corpus / str(number)).write_bytes(whole)
    one: Callable[[bytes], Any] = watched
    if reader.trees:  # the bytes that are guided by coverage choose what hypothesis does to the tree
        one = _by_hypothesis(watched, _strategy(reader), 1, order["seed"]).hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    arguments = [
        sys.argv[0], f"-seed={order['seed'] + 1}", f"-max_total_time={order['seconds']}", "-rss_limit_mb=0", "-timeout=86400",
        "-max_len=65536", "-len_control=0", "-verbosity=0", f"-artifact_prefix={watched.folder}/",
        str(corpus),
    ]  # fmt: skip
    atheris.Setup(arguments, one)
    atheris.Fuzz()  # never returns; the process ends with 0, and without what was to be done at its exit


def main() -> None:
    """Do what the order says."""
    order = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    folder, by_atheris = Path(order["folder"]), order["seconds"] > 0
    instrumented = contextlib.nullcontext()
    if by_atheris:
        import atheris

        instrumented = atheris.instrument_imports(include=["napari_latent_explain"])
    watched = Watched(folder)
    for number, name in enumerate(order["names"]):
        if number < order["first"]:
            continue
        with instrumented:
            from faults.fuzz_targets import make_reader

            reader = make_reader(name, folder / f"reader-{number}")
            for whole in reader.seeds:
                reader.read(whole) if not name.startswith("planted") else None
        watched.take(number, reader)
        with _cap(order["memory"]):
            if by_atheris:
                _with_atheris(watched, reader, order)
            _by_hypothesis(watched, _strategy(reader), order["inputs"], order["seed"])()
        watched.say(done=True)


@contextlib.contextmanager
def _cap(memory: int) -> Any:
    before = resource.getrlimit(resource.RLIMIT_AS)
    _confine(memory)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


if __name__ == "__main__":
    main()
    os._exit(0)
