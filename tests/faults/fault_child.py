"""The process in which writers are killed, kept from writing, and set against each other.

Called with one argument, JSON with what `faults.faulting.strike` was asked. Everything is loaded once; what is killed is forked.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from faults.writers import PLANTED_WRITERS, WRITERS, Writer
from napari_latent_explain.domain import LatentExplainError

_ROUND = 60.0  # seconds after which one round hangs
_ROUNDS = 10  # at a time, where time is what counts


class Blow:
    """One fault against one writer: counts rounds, crashes, hangs, and what was confirmed and is lost."""

    def __init__(self, name: str, folder: Path, seed: int) -> None:
        self.writer: Writer = (WRITERS | PLANTED_WRITERS)[name]
        self.folder, self.random = folder, random.Random(seed)
        self.tried = self.crashes = self.hangs = self.lost = 0
        self.found: list[str] = []

    def note(self, kind: str, why: str) -> None:
        """Count something that is wrong."""
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.found) < 20:
            self.found.append(f"{kind}: {why}")

    def read(self, allowed: Callable[[int], bool], told: str) -> int:
        """Read back; what is not allowed, or can't be read, is lost."""
        try:
            number = self.writer.read(self.folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is lost
            self.note("lost", f"{told}; {type(error).__name__}: {str(error)[:200]}")
            return -1
        if not allowed(number):
            self.note("lost", f"{told}; version {number} is read")
        return number

    def write(self, write: Callable[[int], object], number: int) -> bool:
        """Write a version; False if it is refused in a sentence."""
        try:
            write(number)
        except LatentExplainError as error:
            if "\n" in str(error):
                self.note("crashes", f"no sentence: {error!r:.200}")
            return False
        except Exception as error:  # noqa: BLE001 - the project's own errors are above
            at = traceback.extract_tb(error.__traceback__)[-1]
            self.note("crashes", f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}: {str(error)[:200]}")
            return False
        return True


def _forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Run in a child; its number, and the pipe that it writes to."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            work(writing)
            status = 0
        except LatentExplainError:
            status = 3
        except BaseException:  # noqa: BLE001 - the parent counts it
            with contextlib.suppress(OSError):
                os.write(writing, f"! {traceback.format_exc().splitlines()[-1][:200]}\n".encode())
        finally:
            os._exit(status)
    os.close(writing)
    return child, reading


def killed(blow: Blow, rounds: int) -> None:
    """kill -9 at random moments, mostly while something is written."""
    last, pace = 0, 0.02
    for _ in range(rounds):
        blow.tried += 1

        def work(pipe: int, after: int = last) -> None:
            with blow.writer.opened(blow.folder) as write:
                os.write(pipe, b"0\n")
                for number in range(after + 1, after + 1000):
                    began = time.monotonic()
                    write(number)
                    os.write(pipe, f"{number} {time.monotonic() - began}\n".encode())

        child, pipe = _forked(work)
        with os.fdopen(pipe) as told:
            if blow.random.random() < 0.8:  # else somewhere in the opening
                told.readline()
            time.sleep(blow.random.uniform(0, 4 * pace))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            lines = told.read().split("\n")
        for line in lines:
            if line.startswith("!"):
                blow.note("crashes", line)
            elif " " in line:
                last, pace = int(line.split()[0]), float(line.split()[1])
        read = blow.read(lambda number, last=last: last <= number <= last + 1, f"{last} was confirmed")  # type: ignore[misc]
        last = max(last, read)


@contextlib.contextmanager
def _little_room(blow: Blow) -> Iterator[Callable[[int], None]]:
    """A file system of its own, if this user may mount one; else a limit for the length of files. Gives a way to set the room."""
    blow.folder.mkdir(parents=True, exist_ok=True)
    if _run("mount", "-t", "tmpfs", "-o", "size=64m", "none", str(blow.folder)):
        filler = blow.folder / "filler"

        def leave(room: int) -> None:
            filler.unlink(missing_ok=True)
            if room >= 0:
                free = os.statvfs(blow.folder).f_bavail * os.statvfs(blow.folder).f_frsize
                filler.write_bytes(bytes(max(0, free - room)))

        try:
            yield leave
        finally:
            _run("umount", "-l", str(blow.folder))
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(room: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before if room < 0 else (room, before[1]))

    try:
        yield limit
    finally:
        limit(-1)


def _run(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def full(blow: Blow, rounds: int) -> None:
    """No room left, a little of it, or enough: what was there stays, and it goes on once there is room."""
    with _little_room(blow) as leave:
        last = 0
        with blow.writer.opened(blow.folder) as write:
            last += blow.write(write, 1)
        for number in range(2, rounds + 2):
            blow.tried += 1
            leave(blow.random.choice((0, 0, blow.random.randrange(4096), blow.random.randrange(2**17))))
            wrote = False
            try:
                with blow.writer.opened(blow.folder) as write:
                    wrote = blow.write(write, number)
            except LatentExplainError:
                pass
            except Exception as error:  # noqa: BLE001 - the project's own errors are above
                blow.note("crashes", f"opening on a full disk: {type(error).__name__}: {str(error)[:200]}")
            leave(-1)
            last = number if wrote else last
            found = blow.read(lambda n, last=last, number=number: n in (last, number), f"{last} was confirmed")  # type: ignore[misc]
            last = max(last, found)
            if last != number:
                with blow.writer.opened(blow.folder) as write:
                    if not blow.write(write, number):
                        blow.note("lost", f"with room again, version {number} can't be written")
                last = number


@contextlib.contextmanager
def _read_only(folder: Path) -> Iterator[bool]:
    if os.geteuid():
        every = [folder, *folder.rglob("*")]
        modes = {path: path.stat().st_mode for path in every if path.exists()}
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        try:
            yield True
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
    elif _run("mount", "--bind", str(folder), str(folder)) and _run("mount", "-o", "remount,bind,ro", str(folder)):
        try:
            yield True
        finally:
            _run("umount", "-l", str(folder))
    else:
        yield False


def read_only(blow: Blow, rounds: int) -> None:
    """The folder may not be written, from the start or from one moment on."""
    blow.folder.mkdir(parents=True, exist_ok=True)
    with blow.writer.opened(blow.folder) as write:
        blow.write(write, 1)
    last = 1
    for number in range(2, rounds + 2):
        with _read_only(blow.folder) as held:
            if not held:
                return
            blow.tried += 1
            try:
                with blow.writer.opened(blow.folder) as write:
                    if blow.write(write, number):
                        blow.note("crashes", "it could be written")
            except LatentExplainError:
                pass
            except Exception as error:  # noqa: BLE001 - the project's own errors are above
                blow.note("crashes", f"opening what can't be written: {type(error).__name__}: {str(error)[:200]}")
        blow.read(lambda n, last=last: n == last, f"{last} was confirmed")  # type: ignore[misc]
        with blow.writer.opened(blow.folder) as write:
            if blow.write(write, number):
                last = number


def removed(blow: Blow, rounds: int) -> None:
    """Somebody deletes a file or all of them while the folder is in use: what is confirmed after that has to be there."""
    for _ in range(rounds):
        blow.tried += 1
        shutil.rmtree(blow.folder, ignore_errors=True)
        blow.folder.mkdir(parents=True)
        try:
            with blow.writer.opened(blow.folder) as write:
                for number in (1, 2, 3):
                    blow.write(write, number)
                files = [
                    path for path in sorted(blow.folder.rglob("*")) if path.is_file() and "study" not in path.parts
                ]
                for path in files if blow.random.random() < 0.5 else [blow.random.choice(files)]:
                    path.unlink()
                wrote = blow.write(write, 4)
        except LatentExplainError:
            wrote = False
        if wrote:
            blow.read(lambda n: n == 4, "4 was confirmed after files were removed")


def together(blow: Blow, rounds: int) -> None:
    """Two processes on one folder: one is refused, or both write and one of their last versions is there, whole."""
    for turn in range(rounds):
        blow.tried += 1
        shutil.rmtree(blow.folder, ignore_errors=True)
        blow.folder.mkdir(parents=True)
        if blow.writer.alone:
            with blow.writer.opened(blow.folder) as write:
                blow.write(write, 1)

        def work(pipe: int, first: int) -> None:
            for _ in range(200):
                try:
                    with blow.writer.opened(blow.folder) as write:
                        for number in range(first, first + 5):
                            write(number)
                            os.write(pipe, f"{number} 0\n".encode())
                except LatentExplainError:
                    if not blow.writer.alone:
                        raise
                    time.sleep(0.01)
                else:
                    return

        starts = (2, 2) if blow.writer.alone else (1000 * turn + 1, 1000 * turn + 501)
        children = [_forked(lambda pipe, first=first: work(pipe, first)) for first in starts]  # type: ignore[misc]
        said: list[list[int]] = []
        for child, pipe in children:
            with os.fdopen(pipe) as told:
                lines = told.read().split("\n")
            os.waitpid(child, 0)
            said.append([int(line.split()[0]) for line in lines if line and not line.startswith("!")])
            for line in lines:
                if line.startswith("!"):
                    blow.note("crashes", line)
        lasts = {numbers[-1] for numbers in said if numbers} or {0}
        blow.read(lambda n, lasts=lasts: n in lasts, f"the last ones confirmed are {sorted(lasts)}")  # type: ignore[misc]


FAULTS = {"killed": killed, "disk full": full, "read-only": read_only, "file removed": removed, "two at once": together}


def main() -> None:
    """Do what the order says, and tell what came of each fault in a line of JSON."""
    order = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("it hangs")))
    for number, (name, fault) in enumerate(order["blows"]):
        folder = Path(order["folder"]) / f"blow-{number}"
        folder.mkdir(parents=True)
        blow = Blow(name, folder, order["seed"] + number)
        began = time.monotonic()
        signal.alarm(int(_ROUND * (order["rounds"] or _ROUNDS)) + order["seconds"])
        try:
            while blow.tried < order["rounds"] or time.monotonic() - began < order["seconds"]:
                before = blow.tried
                FAULTS[fault](blow, order["rounds"] or _ROUNDS)
                if blow.tried == before or order["rounds"]:
                    break
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True, exist_ok=True)
        except TimeoutError:
            blow.note("hangs", f"longer than {_ROUND:.0f} seconds a round")
        finally:
            signal.alarm(0)
        told = {key: getattr(blow, key) for key in ("tried", "crashes", "hangs", "lost", "found")}
        sys.stdout.write(json.dumps({"writer": name, "fault": fault} | told) + "\n")
        sys.stdout.flush()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
