"""What a child does in the tests: misbehave as a hostile file would make a decoder."""

from __future__ import annotations

import faulthandler
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_latent_explain.decoding.tasks import perform
from napari_latent_explain.decoding.wire import Answer, Facts, Refusal


def misbehave(request: Any, data: bytes, limits: Any) -> Answer:
    """Do what the file says."""
    word = data.decode("latin-1")
    if word == "abort":
        os.abort()
    if word == "segfault":
        faulthandler._sigsegv()
    if word == "exit":
        os._exit(0)
    if word == "hang":
        time.sleep(600)
    if word == "burn":
        while True:
            pass
    if word == "eat":
        kept = []
        while True:
            kept.append(np.ones(2**22))
    if word == "print":
        os.write(1, b"patient Zzyxquark")
        os.write(2, b"patient Zzyxquark")
        sys.stdout.write("patient Zzyxquark")
    if word == "recurse":
        return misbehave(request, data, limits)
    if word == "write":
        Path("/tmp/latent_explain_must_not_be_there").write_bytes(b"x" * 10)  # noqa: S108
    if word == "error":
        raise RuntimeError("patient Zzyxquark")
    if word == "refuse":
        raise Refusal("is\nnot \x1b[31mwanted" + "!" * 1000)
    if word == "lie":
        return Answer(facts=Facts(spacing=(float("nan"), -1.0)))
    if word == "nonsense":
        return Answer(facts=Facts(frames="many", files=7))
    return Answer(np.full((2, 3, 3), len(data), np.uint8), Facts(device=str(os.getpid())))


def talk_nonsense(request: Any, data: bytes, limits: Any) -> Answer:
    """Write into the pipe what is no answer, as a child that was taken over could."""
    for number in range(3, 20):
        try:
            os.write(number, data * 100)
        except OSError:
            continue
    return Answer()


def without_pydicom(request: Any, data: bytes, limits: Any) -> Answer:
    """As in an installation without the extra `dicom`."""
    sys.modules["pydicom"] = None  # type: ignore[assignment]
    return perform(request, data, limits)
