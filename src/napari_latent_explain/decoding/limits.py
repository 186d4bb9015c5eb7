"""What the child may use, and how it is held to it."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import resource

__all__ = ["Limits"]


def _memory() -> int:
    """4 GiB, or half of a smaller machine's memory: what 150 megapixels of 16-bit colour take."""
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 4 * 2**30
    return max(2**30, min(4 * 2**30, installed // 2))


@dataclass(frozen=True)
class Limits:
    """What one file may cost.

    Linux holds the child to all of them. macOS does not enforce a limit of address space, and Windows has no such limits:
    there time, pixels and bytes are limited alone. They are limits, not a sandbox: a child that was taken over may still do what
    its user may.

    Parameters
    ----------
    memory : int
        Address space of the child in bytes (RLIMIT_AS, RLIMIT_DATA).
    cpu_seconds : int
        Processor time of one file (RLIMIT_CPU).
    seconds : float
        Time that one file may take, watched from outside.
    start_seconds : float
        Time until the child says that it is there.
    pixels : int
        Width times height.
    files : int
        After how many files a new child takes over.
    """

    memory: int = _memory()
    cpu_seconds: int = 60
    seconds: float = 60.0
    start_seconds: float = 60.0
    pixels: int = 150_000_000
    files: int = 200

    def confine(self) -> None:
        """Hold this process to the limits for good: no more memory, no file written, no core dumped, first to be killed."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        if sys.platform != "win32":
            for name, most in (
                ("RLIMIT_AS", self.memory), ("RLIMIT_DATA", self.memory), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0),
                ("RLIMIT_NOFILE", 64),
            ):  # fmt: skip
                with contextlib.suppress(AttributeError, OSError, ValueError):  # not every system has every one
                    resource.setrlimit(getattr(resource, name), (most, most))

    def grant_time(self) -> None:
        """Let this process run for the processor time of one more file."""
        if sys.platform != "win32":
            used = resource.getrusage(resource.RUSAGE_SELF)
            soon = int(used.ru_utime + used.ru_stime) + 1 + self.cpu_seconds
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_CPU, (soon, resource.RLIM_INFINITY))
