"""JSON that says one thing: no key twice, no NaN, no number beyond all measure, no nesting without end."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["plain_json"]

_MOST_DIGITS = 40


def plain_json(content: bytes) -> Any:
    """Read JSON in UTF-8.

    Raises
    ------
    ValueError
        If it is none, with a few words about why. Python's own reader lets the last of two equal keys win, reads ``NaN`` and
        ``1e999`` as numbers, and ends with a `RecursionError` where lists are nested deeply.
    """
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite,
            parse_int=_whole,
        )  # fmt: skip
    except UnicodeDecodeError as error:
        msg = f"it is not text in UTF-8 (byte {error.start})"
        raise ValueError(msg) from error
    except RecursionError as error:
        msg = "its values are nested too deeply"
        raise ValueError(msg) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"the key {ascii(twice)[:60]} stands twice in one object"
        raise ValueError(msg)
    return found


def _no_number(word: str) -> float:
    msg = f"{word} is no number"
    raise ValueError(msg)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        msg = "it has a number too large for any computer"
        raise ValueError(msg)
    return value


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        msg = f"it has a whole number of {len(text)} digits"
        raise ValueError(msg)
    return int(text)
