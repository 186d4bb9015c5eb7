"""Valid files made invalid: bits and pieces of bytes, nodes of JSON trees."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

__all__ = ["spoiled_bytes", "spoiled_json"]

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_DEEP = "DEEP"
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 10**9, 2**31, 2**63, -(2**63), 10**39, 10**400, 0.5, -0.0, 1e-320, 1e308, float("nan"),
    float("inf"), "", " ", "a", "0" * 64, "x" * 100_000, "\x00", "\ud800", "\u202e", "a\nb", "../../etc/passwd", "/etc/passwd",
    "$import os", "@a", "%a", [], {}, [[]], [None] * 10_000, {"_target_": "os.system"}, {"": {}}, _DEEP, "1e999",
    "2026-01-01T00:00:00+00:00", "9999-12-31T23:59:59-23:59", "NaN",
)  # fmt: skip


@st.composite
def spoiled_bytes(draw: st.DrawFn, whole: Sequence[bytes]) -> bytes:
    """One of some valid files with one to six changes: bits, numbers, cuts, parts doubled, moved or left out, noise."""
    data = bytearray(draw(st.sampled_from(list(whole))))
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(("bit", "bit", "number", "cut", "out", "twice", "noise")))
        at = draw(st.integers(0, max(0, len(data) - 1)))
        if kind == "bit" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "number":
            size = draw(st.sampled_from((1, 2, 4, 8)))
            value = draw(st.sampled_from(_NUMBERS)) & (2 ** (8 * size) - 1)
            data[at : at + size] = value.to_bytes(size, draw(st.sampled_from(("little", "big"))))
        elif kind == "cut":
            del data[at:]
        elif kind == "noise":
            data[at:at] = draw(st.binary(max_size=16))
        else:
            end = min(len(data), at + draw(st.integers(1, 64)))
            part = data[at:end]
            data[at:end] = b"" if kind == "out" else part + part
    return bytes(data)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with every key in it."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        keys: Any = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            found.append((node, key))
            waiting.append(node[key])
    return found


@st.composite
def spoiled_json(draw: st.DrawFn, trees: Sequence[Any]) -> bytes:
    """One of some valid trees with one to four nodes replaced, left out, exchanged, doubled or added; some keys twice."""
    tree = copy.deepcopy(draw(st.sampled_from(list(trees))))
    for _ in range(draw(st.integers(1, 4))):
        places = _places(tree)
        if not places:
            break
        node, key = places[draw(st.integers(0, len(places) - 1))]
        kind = draw(st.sampled_from(("value", "value", "value", "out", "exchange", "more")))
        if kind == "value":
            node[key] = copy.deepcopy(draw(st.sampled_from(_VALUES)))
        elif kind == "out":
            del node[key]
        elif kind == "exchange":
            other, its = places[draw(st.integers(0, len(places) - 1))]
            node[key] = copy.deepcopy(other[its])
        elif isinstance(node, dict):
            node[draw(st.text(max_size=8))] = copy.deepcopy(draw(st.sampled_from(_VALUES)))
        else:
            node.extend(copy.deepcopy(node[key]) for _ in range(draw(st.sampled_from((1, 3000)))))
    text = json.dumps(tree).replace(f'"{_DEEP}"', "[" * 100_000 + "]" * 100_000)
    if draw(st.integers(0, 9)) == 0:
        text = text.replace("{", '{"format": 1, "format": 1,', 1)
    return text.encode("utf-8", "surrogatepass")
