"""One hash for plain JSON, however it was laid out."""

from __future__ import annotations

import hashlib
import json
from typing import Any

__all__ = ["canonical_sha256"]


def canonical_sha256(tree: Any) -> str:
    """SHA-256 of a JSON tree with sorted keys and no blanks, hexadecimal."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
