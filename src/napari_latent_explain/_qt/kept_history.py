"""Undo that outlives the window: the history of an explanation, on disk beside it. No Qt here.

``history.json`` holds at most `MOST_STANDS` stands and `MOST_BYTES`; of a longer history, the oldest are left out. Whatever is
wrong with it, the explanation itself is not touched: undo then begins anew.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from napari_latent_explain._qt.history import History, Stand
from napari_latent_explain.domain import DirectionId, LatentExplainError, Mix, Naming, ProjectError, Region
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.kept_json import read_kept

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MOST_BYTES", "MOST_STANDS", "About", "read_history", "write_history"]

MOST_STANDS = 500
MOST_BYTES = 2**20
_NAME = "history.json"
_LOG = logging.getLogger(__name__)


class About(FrozenModel):
    """What a history is of: hashes of photograph, model and directions. Its strengths mean nothing with others."""

    photograph: str
    model: str
    directions: str


class _KeptStand(FrozenModel):
    """A stand; names and region by their number, since most stands share them."""

    target: Annotated[int, Field(ge=0)]
    mix: Mix
    region: Annotated[int, Field(ge=0)] | None = None
    names: Annotated[int, Field(ge=0)]


class _KeptHistory(FrozenModel):
    """What ``history.json`` says."""

    format: Literal[1] = 1
    about: About
    at: Annotated[int, Field(ge=0)]
    stands: Annotated[tuple[_KeptStand, ...], Field(min_length=1, max_length=MOST_STANDS)]
    regions: tuple[Region, ...] = ()
    names: Annotated[tuple[dict[DirectionId, Naming], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _numbers_are_known(self) -> Self:
        if self.at >= len(self.stands) or any(
            stand.names >= len(self.names) or (stand.region is not None and stand.region >= len(self.regions))
            for stand in self.stands
        ):
            msg = "a number leads nowhere"
            raise ValueError(msg)
        return self

    @classmethod
    def of(cls, about: About, stands: tuple[Stand, ...], at: int) -> Self:
        names: list[dict[DirectionId, Naming]] = []
        regions: list[Region] = []
        kept = []
        for stand in stands:
            called = dict(stand.names)
            if called not in names:
                names.append(called)
            if stand.region is not None and stand.region not in regions:
                regions.append(stand.region)
            region = None if stand.region is None else regions.index(stand.region)
            kept.append(_KeptStand(target=stand.target, mix=stand.mix, region=region, names=names.index(called)))
        return cls(about=about, at=at, stands=tuple(kept), regions=tuple(regions), names=tuple(names))

    def row(self) -> tuple[Stand, ...]:
        return tuple(
            Stand(
                kept.target,
                kept.mix,
                None if kept.region is None else self.regions[kept.region],
                self.names[kept.names],
            )
            for kept in self.stands
        )


def write_history(folder: Path, about: About, history: History) -> None:
    """Write a history, whole or not at all.

    Raises
    ------
    ExportError
        If the folder can't be written.
    """
    stands, at, most = history.stands, history.at, MOST_STANDS
    while most:
        first = min(max(0, len(stands) - most), at)
        kept = _KeptHistory.of(about, stands[first : first + most], at - first)
        content = (kept.model_dump_json() + "\n").encode()
        if len(content) <= MOST_BYTES:
            write_atomically(folder / _NAME, content)
            return
        most //= 2
    (folder / _NAME).unlink(missing_ok=True)  # an older one would lead back to what was not there


def read_history(folder: Path, about: About) -> History | None:
    """Read what `write_history` wrote; None if there is none, it is damaged, or of something else."""
    path = folder / _NAME
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        kept = read_kept(path, _KeptHistory, ProjectError, "undo begins anew")
    except (OSError, LatentExplainError):
        _LOG.warning("The history beside an explanation can't be read; undo begins anew.", exc_info=True)
        return None
    return History(kept.row(), kept.at) if kept.about == about else None
