"""Where one photograph comes from."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Self

from napari_latent_explain.domain import silent
from napari_latent_explain.fundus.reader import frames_in, read_photograph, shown_name

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Photograph, Progress

__all__ = ["FileSource", "PhotographSource", "file_of_frame", "name_of_frame"]


def name_of_frame(file: str, frame: int) -> str:
    """Return what a frame is called: the first as its file, others with their number."""
    return f"{file}#{frame}" if frame else file


def file_of_frame(name: str, frame: int) -> str:
    """Return what the file is called in which a frame is."""
    return name.removesuffix(f"#{frame}") if frame else name


def _any_of(names: set[str]) -> str:
    """A pattern for any of the names that are more than dots, the longest first; it fits nothing, if there are none."""
    told = sorted((name for name in names if re.search(r"\w", name)), key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, told)) or '(?!)'})"


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
        return replace(self, frame=frame, name=name_of_frame(file_of_frame(self.name, self.frame), frame))

    def unnamed(self, sentence: str, called: str) -> str:
        """Return a sentence with `called` for each name in it: of the file, or of the archive or list that it is from.

        Names are known by their quotation marks, their ending, or the folder that they begin with. A name that has none of these
        (an archive's ``IM0001``, or ``fundus``) is any word that reads so, and counts if no other name is found.
        """
        path, within = self.path, PurePath(file_of_frame(self.name, self.frame))
        names = {str(path.resolve()), str(path), self.name, str(within), path.name, within.name}
        names |= {shown_name(name, self.frame) for name in (path.name, within.name)}
        plain = {name for name in names if not re.search(r"[./\\]", name)}
        word, end = r"(?<![^\W_])", r"(?![^\W_])"
        other_file = rf"{word}{_any_of({path.stem, within.stem})}{end}(?=[^\s']*\.\w)"  # such as a mask beside it
        known = rf"'{_any_of(names)}'|{word}{_any_of(names - plain)}{end}|{other_file}"
        said, found = re.subn(known, lambda _: called, sentence)
        return said if found else re.sub(rf"{word}{_any_of(plain)}{end}", lambda _: called, sentence)


@dataclass(frozen=True)
class FileSource(PhotographSource):
    """A photograph in a file of its own."""

    def read(self, progress: Progress = silent) -> Photograph:
        """Read it."""
        return read_photograph(self.path, self.frame, progress)

    def frames(self) -> int:
        """Count the frames."""
        return frames_in(self.path)
