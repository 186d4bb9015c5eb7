"""Where one photograph comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from napari_latent_explain.domain import silent
from napari_latent_explain.fundus.reader import frames_in, read_photograph

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Photograph, Progress

__all__ = ["FileSource", "PhotographSource"]


@dataclass(frozen=True)
class PhotographSource(ABC):
    """One photograph that can be read, now or later.

    Parameters
    ----------
    name : str
        What it is called within where it comes from, such as a path in a folder; unique there.
    path : pathlib.Path
        The file to find it in.
    label : str
        What a table says of it; empty if nothing does.
    frame : int
        Which picture of a multi-frame file, from 0.
    """

    name: str
    path: Path
    label: str = ""
    frame: int = 0

    @abstractmethod
    def read(self, progress: Progress = silent) -> Photograph:
        """Read it, as `read_photograph` does.

        Raises
        ------
        PhotographError
            If it can't be read.
        """

    @abstractmethod
    def frames(self) -> int:
        """Return how many pictures its file has.

        Raises
        ------
        PhotographError
            If it can't be read.
        """

    def at(self, frame: int) -> Self:
        """Return another frame of the same file."""
        first = self.name.split("#")[0] if self.frame else self.name
        return replace(self, frame=frame, name=f"{first}#{frame}" if frame else first)


@dataclass(frozen=True)
class FileSource(PhotographSource):
    """A photograph in a file of its own."""

    def read(self, progress: Progress = silent) -> Photograph:
        """Read it."""
        return read_photograph(self.path, self.frame, progress)

    def frames(self) -> int:
        """Count the frames."""
        return frames_in(self.path)
