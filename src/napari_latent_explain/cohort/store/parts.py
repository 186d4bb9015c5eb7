"""Chunks of shards that are not complete yet."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from napari_latent_explain.export.atomic import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Parts"]


class Parts:
    """Tables under the hash of what is in them, in a folder for each shard of each stage.

    Parameters
    ----------
    folder : pathlib.Path
        Made with the first of them, and gone with the last.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self, stage: str, shard: str) -> list[Path]:
        """What there is of a shard, in an order that does not depend on when it came."""
        return sorted((self._folder / stage / shard).glob("*.parquet"))

    def add(self, stage: str, shard: str, content: bytes) -> None:
        """Keep a table; the same one twice is kept once.

        Raises
        ------
        ExportError
            If it can't be written; then nothing of it is there.
        """
        name = hashlib.sha256(content).hexdigest()[:24]
        write_atomically(self._folder / stage / shard / f"{name}.parquet", content)

    def drop(self, stage: str, shard: str) -> None:
        """Remove what there is of a shard."""
        for path in self.files(stage, shard):
            path.unlink()
        for folder in (self._folder / stage / shard, self._folder / stage, self._folder):
            with suppress(OSError):  # not empty, or not there
                folder.rmdir()
