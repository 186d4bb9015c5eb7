"""The photographs that a DICOMDIR lists: the table of contents of a CD or of an export (PS3.10 8, PS3.3 F)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.decoding import Request
from napari_latent_explain.domain import PhotographError
from napari_latent_explain.fundus.photograph_bytes import photograph_bytes
from napari_latent_explain.fundus.reader import ask_decoder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["dicomdir_files"]


def dicomdir_files(path: Path) -> list[Path]:
    """Return the files of ophthalmic and other photographs that a DICOMDIR lists, in its order, each once.

    Other objects that it lists (tomographies, reports, ...) are left out. It is parsed in the child process, as pixels are.

    Raises
    ------
    PhotographError
        If it is no DICOMDIR, lists no photograph, or names a file outside its folder.
    """
    parts = ask_decoder(Request("directory"), photograph_bytes(path), path.name).facts.files
    found = list(dict.fromkeys(_file(path, names) for names in parts))
    if not found:
        msg = f"'{path.name}' lists no fundus photograph: name a DICOMDIR with Ophthalmic Photography files."
        raise PhotographError(msg)
    return found


def _file(directory: Path, names: tuple[str, ...]) -> Path:
    folder = directory.parent
    plain = bool(names) and all(name.strip(" .") and not set(name) & set("/\\:\0") for name in names)
    file = folder.joinpath(*names) if plain else folder
    if plain and not file.exists():  # media are written in capitals, and copied in small letters
        small = folder.joinpath(*(name.lower() for name in names))
        file = small if small.exists() else file
    if not plain or not file.resolve().is_relative_to(folder.resolve()):
        msg = f"'{directory.name}' names a file outside its folder: don't trust it, and name the photographs' files themselves."
        raise PhotographError(msg)
    return file
