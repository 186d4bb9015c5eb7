"""Readers that are wrong on purpose: a harness that does not see them is worth nothing."""

from __future__ import annotations

import os
import signal
import time

__all__ = ["PLANTED_READERS"]


def _raises(data: bytes) -> None:
    if data:
        {}["what is not there"]


def _says_two_lines(data: bytes) -> None:
    msg = "one line\nand another"
    raise ValueError(msg)


def _dies(data: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _hangs(data: bytes) -> None:
    while True:
        time.sleep(1)


def _eats(data: bytes) -> None:
    bytearray(2**36)


def _refuses(data: bytes) -> None:
    msg = "It is refused."
    raise ValueError(msg)


PLANTED_READERS = {
    "planted: raises": _raises,
    "planted: says two lines": _says_two_lines,
    "planted: dies": _dies,
    "planted: hangs": _hangs,
    "planted: eats memory": _eats,
    "planted: refuses": _refuses,
}
