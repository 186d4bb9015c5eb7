"""What runs in the child: files come in, pixels go out, until nothing comes any more."""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from napari_latent_explain.decoding.limits import Limits
from napari_latent_explain.decoding.wire import Answer, Refusal, Request, read_request, send_answer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DAMAGED", "main"]

DAMAGED = "is damaged or cut short and can't be read to its end: copy it again from its source."
_TOO_LARGE = "does not fit into memory: save a smaller copy of the photograph."


def main(entry: str, limits: str) -> None:
    """Serve until standard input ends.

    Parameters
    ----------
    entry : str
        Module and function that does a request: ``module:function``, called with `Request`, bytes and `Limits`.
    limits : str
        The fields of `Limits` as JSON.
    """
    allowed = Limits(**json.loads(limits))
    allowed.confine()
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what a library prints must not be taken for an answer, and may name a patient
        os.dup2(nowhere, stream)
    warnings.simplefilter("ignore")
    module, _, name = entry.partition(":")
    perform = getattr(importlib.import_module(module), name)
    send_answer(sink, Answer())
    while (asked := read_request(source)) is not None:
        allowed.grant_time()
        send_answer(sink, _answer(perform, *asked, allowed))
        del asked
    sys.exit(0)


def _answer(
    perform: Callable[[Request, bytes, Limits], Answer], request: Request, data: bytes, limits: Limits
) -> Answer | Refusal:
    try:
        return perform(request, data, limits)
    except Refusal as refusal:
        return refusal
    except MemoryError:
        return Refusal(_TOO_LARGE)
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like of damaged files
        return Refusal(_TOO_LARGE if _out_of_memory(error) else DAMAGED)


def _out_of_memory(error: Any) -> bool:
    """Whether memory ran out beneath this error (libraries wrap it)."""
    seen = 0
    while error is not None and seen < 20:
        if isinstance(error, MemoryError):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
