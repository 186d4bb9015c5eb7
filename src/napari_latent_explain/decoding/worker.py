"""One child process, from the outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from napari_latent_explain.decoding.interpreter import python_executable
from napari_latent_explain.decoding.wire import Answer, Refusal, WireError, read_answer, send_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain.decoding.limits import Limits
    from napari_latent_explain.decoding.wire import Request

__all__ = ["Worker"]

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from napari_latent_explain.decoding.child import main; main(*sys.argv[2:])"
)
_KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMP")
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_PIPE = 2**20
_TICK = 0.05


class Worker:
    """A child that decodes one file after another; it starts at once, and is ready a moment later.

    Parameters
    ----------
    limits : Limits
        What it may use.
    entry : str
        Module and function that does a request.
    """

    def __init__(self, limits: Limits, entry: str) -> None:
        self._limits, self.served, self._ready = limits, 0, False
        self._exchange: _Exchange | None = None
        paths = [path for path in sys.path if Path(path).is_absolute()]
        command = [python_executable(), "-I", "-c", _START, json.dumps(paths), entry, json.dumps(asdict(limits))]
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | _THREADS,
                start_new_session=os.name == "posix", creationflags=hidden, cwd=sys.exec_prefix,
            )  # fmt: skip
        except OSError as error:
            raise Refusal(_NO_START.format(error.strerror or error)) from error
        self._widen_pipes()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def ask(self, request: Request, data: bytes, waiting: Callable[[], None]) -> Answer:
        """Let it do a request; it is gone after anything but an answer or a refusal of its own.

        Parameters
        ----------
        request : Request
            What to do.
        data : bytes
            The file.
        waiting : callable
            Called about twenty times a second until the answer is there; whatever it raises kills the child and passes.

        Raises
        ------
        Refusal
            If the child refuses the file, dies of it, or takes too long.
        """
        exchange = self._exchange = _Exchange(self._process, request, data, self._limits, ready=self._ready)
        deadline = time.monotonic() + self._limits.seconds + (0.0 if self._ready else self._limits.start_seconds)
        try:
            while not exchange.done.wait(_TICK):
                waiting()
                if time.monotonic() > deadline:
                    raise Refusal(_TOO_LONG.format(self._limits.seconds))
            answer = exchange.result()
        except Refusal as refusal:
            if refusal is exchange.refusal:
                self._ready, self.served = True, self.served + 1
            else:
                self.kill()
            raise
        except WireError as error:
            self.kill()
            raise Refusal(self._cause_of_death(started=self._ready or exchange.greeted)) from error
        except BaseException:
            self.kill()
            raise
        self._ready, self.served = True, self.served + 1
        return answer

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        if self._exchange is not None:
            self._exchange.done.wait()  # its thread sees the pipes end; only then may their numbers be used again
        self.leave()

    def leave(self) -> None:
        """Close this side of its pipes, in a process that a fork made: the child is the first one's."""
        self._process.returncode = self._process.returncode or 0
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _cause_of_death(self, *, started: bool) -> str:
        if not started:
            return _NO_START.format(f"exit status {self._process.returncode}")
        if self._process.returncode == -getattr(signal, "SIGXCPU", 0):
            return _TOO_LONG.format(self._limits.cpu_seconds)
        return (
            "makes the program that decodes pictures crash, as damaged or hostile files do: export the photograph anew."
        )

    def _widen_pipes(self) -> None:
        """Fewer, larger pieces; Linux alone has it."""
        with contextlib.suppress(ImportError, AttributeError, OSError):
            import fcntl

            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


_NO_START = "can't be read, since the process that decodes pictures does not start ({}): install the package again."
_TOO_LONG = "takes more than {:.0f} seconds to decode, as no photograph does: export it anew, or save a smaller copy."


class _Exchange:
    """One request and its answer, in a thread, since not every system can wait for a pipe and a clock at once."""

    def __init__(
        self, process: subprocess.Popen[bytes], request: Request, data: bytes, limits: Limits, *, ready: bool
    ) -> None:
        self.done, self.greeted = threading.Event(), ready
        self.refusal: Refusal | None = None
        self._answer: Answer | None = None
        self._what = (process, request, data, limits)
        threading.Thread(target=self._run, name="decoding", daemon=True).start()

    def result(self) -> Answer:
        if self.refusal is not None:
            raise self.refusal
        if self._answer is None:
            raise WireError
        return self._answer

    def _run(self) -> None:
        process, request, data, limits = self._what
        try:
            if process.stdin is None or process.stdout is None:
                return
            if not self.greeted:
                read_answer(process.stdout, limits)
                self.greeted = True
            send_request(process.stdin, request, data)
            self._answer = read_answer(process.stdout, limits)
        except Refusal as refusal:
            self.refusal = refusal
        except (WireError, OSError, ValueError, MemoryError):  # gone, closed meanwhile, or no room for its pixels
            pass
        finally:
            self.done.set()
