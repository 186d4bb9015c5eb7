"""What was found out about answers, on disk beside their explanation. No Qt here.

``answers.json`` holds at most `MOST_NOTES` notes. Whatever is wrong with it, the explanation itself is not touched: its
controls can be run again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from napari_latent_explain._qt.answer_notes import Note, newest
from napari_latent_explain.domain import LatentExplainError, ProjectError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.kept_json import read_kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_notes", "write_notes"]

_NAME = "answers.json"
_MOST_BYTES = 4 * 2**20
_LOG = logging.getLogger(__name__)


class _KeptNotes(FrozenModel):
    """What ``answers.json`` says."""

    format: Literal[1] = 1
    notes: dict[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], Note] = Field(default_factory=dict)


def write_notes(folder: Path, notes: Mapping[str, Note]) -> None:
    """Add notes to those that are there, whole or not at all; nothing is written if all are there.

    Raises
    ------
    ExportError
        If the folder can't be written.
    """
    before = read_notes(folder)
    if any(before.get(digest) != note for digest, note in notes.items()):
        older = {digest: note for digest, note in before.items() if digest not in notes}
        kept = _KeptNotes(notes=newest(older | dict(notes)))
        write_atomically(folder / _NAME, (kept.model_dump_json() + "\n").encode())


def read_notes(folder: Path) -> dict[str, Note]:
    """Read what `write_notes` wrote; nothing if there is nothing, or it is damaged."""
    path = folder / _NAME
    try:
        if not path.is_file():
            return {}
        kept = read_kept(path, _KeptNotes, ProjectError, "its controls have to be run again", _MOST_BYTES)
    except (OSError, LatentExplainError):
        _LOG.warning("What was found out about answers can't be read; it has to be found again.", exc_info=True)
        return {}
    return newest(kept.notes)
