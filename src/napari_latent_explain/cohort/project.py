"""A folder that keeps a person's photographs, their explanations, the names given to directions, and the view."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from filelock import FileLock, Timeout
from pydantic import Field as Constraint

from napari_latent_explain.cohort.case import Case, CaseState
from napari_latent_explain.domain import DirectionId, LatentExplainError, Naming, PhotographError, ProjectError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.kept_json import read_kept
from napari_latent_explain.fundus.photograph_files import can_be_kept, photograph_files, printable
from napari_latent_explain.fundus.sources import photograph_sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Project", "View", "photographs_in"]

_NAME = "project.json"
_MOST_BYTES = 256 * 2**20


class View(FrozenModel):
    """What a window had on show.

    Parameters
    ----------
    shown : str
        Path of the photograph; empty if there was none.
    bundle, device, directions : str or None, str, str or None
        The model's folder (None: the default one), what was chosen to run it on (empty: nothing), and the file that directions
        came from (None: the model's own).
    looked_at, centre, zoom : str, (float, float), float, optional
        At which photograph the camera looked, where, (y, x) in its pixels, and screen pixels for one of them.
    two_rows, reconstruction : bool
        How pictures were arranged, and whether the reconstruction was among them.
    guided : bool
        Whether somebody has been through the first steps.
    goal : float, optional
        The probability that searches go to; a changed decision if there is none.
    """

    shown: str = ""
    bundle: str | None = None
    device: str = ""
    directions: str | None = None
    looked_at: str = ""
    centre: tuple[float, float] | None = None
    zoom: float | None = None
    two_rows: bool = True
    reconstruction: bool = False
    guided: bool = False
    goal: float | None = None


class _State(FrozenModel):
    """What ``project.json`` says."""

    format: Literal[1] = 1
    cases: tuple[Case, ...] = ()
    removed: tuple[Case, ...] = ()
    names: dict[str, dict[DirectionId, Naming]] = Constraint(default_factory=dict)
    directions: dict[Annotated[str, Constraint(pattern=r"^[0-9a-f]{64}$")], str] = Constraint(default_factory=dict)
    view: View = View()


def photographs_in(folder: Path) -> tuple[Path, ...]:
    """Return the files of the photographs in a folder and below it, sorted; hidden ones are left out.

    Of a file with several frames, a project knows the first.

    Parameters
    ----------
    folder : pathlib.Path
        A folder, or what else stands for files: a DICOMDIR, or a CSV file that names them. A project finds photographs by path,
        so that a zip archive has to be unpacked first.

    Raises
    ------
    ProjectError
        If there is no such folder, or no such file in it.
    """
    if not folder.exists():
        msg = f"There is no folder {folder}; name one with photographs."
        raise ProjectError(msg)
    try:
        photographs = tuple(_files(folder))
    except PhotographError as error:
        raise ProjectError(str(error)) from error
    if not photographs:
        msg = f"There is no JPEG, PNG or TIFF file in {folder}, nor another photograph; name a folder with photographs."
        raise ProjectError(msg)
    return photographs


def _files(folder: Path) -> list[Path]:
    if folder.is_dir():
        return photograph_files(folder)
    if folder.suffix.lower() == ".zip":
        msg = f"A project finds photographs by their files: unpack {folder}, and name the folder."
        raise ProjectError(msg)
    return [source.path for source in photograph_sources(folder)]


class Project:
    """Photographs and what became of them, on disk after every change; one window or program at a time.

    ``project.json`` and one folder for each explanation. Made by `open`; end it with `close`. Its methods may be called from
    any thread. Cost: every change writes ``project.json`` anew, about 400 bytes a photograph that is explained.

    Parameters
    ----------
    folder : pathlib.Path
        Where it lies.
    """

    def __init__(self, folder: Path, state: _State, lock: FileLock) -> None:
        self.folder, self._state, self._lock = folder, state, lock
        self._order = threading.RLock()
        self._closed = False

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a project, or begin one if there is none; photographs that were running when it was left wait again.

        Raises
        ------
        ProjectError
            If it is open elsewhere, damaged, of a newer version, or the folder can't be written.
        """
        folder = folder.absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / "project.lock", timeout=0, thread_local=False)
            lock.acquire()
        except Timeout as error:
            msg = f"The project {folder} is open in another window; close it there, or choose another folder."
            raise ProjectError(msg) from error
        except OSError as error:
            msg = f"The folder {folder} can't be written ({error.strerror}); choose another one for the project."
            raise ProjectError(msg) from error
        try:
            state = _read(folder / _NAME)
        except LatentExplainError:
            lock.release()
            raise
        left = (c.replace(state=CaseState.WAITING) if c.state is CaseState.RUNNING else c for c in state.cases)
        return cls(folder, state.replace(cases=tuple(left)), lock)

    @property
    def cases(self) -> tuple[Case, ...]:
        """All photographs, in the order in which they were added."""
        return self._state.cases

    @property
    def view(self) -> View:
        """What was on show."""
        return self._state.view

    def __getitem__(self, path: Path | str) -> Case:
        """Return the case of a photograph (KeyError if there is none)."""
        key = _key(path)
        for case in self._state.cases:
            if case.path == key:
                return case
        raise KeyError(key)

    def waiting(self) -> tuple[Case, ...]:
        """The photographs that are still to be explained."""
        return tuple(case for case in self._state.cases if case.state is CaseState.WAITING)

    def add(self, paths: Iterable[Path | str]) -> int:
        """Add photographs that are not there yet, and return how many those were; one that was taken away is as it was.

        Raises
        ------
        ExportError
            As every change, if the project can't be written; then nothing is changed.
        ProjectError
            As every change, once it is closed; also if a name is not UTF-8 (`can_be_kept`).
        """
        paths = list(paths)
        for path in paths:
            if not can_be_kept(path):
                msg = f"The name of {printable(path)} is not UTF-8, so that a project can't keep it; rename the file."
                raise ProjectError(msg)
        with self._order:
            known = {case.path for case in self._state.cases}
            new = [key for key in dict.fromkeys(_key(path) for path in paths) if key not in known]
            if new:
                before = {case.path: case for case in self._state.removed}
                added = (before.get(key) or Case(path=key) for key in new)
                left = tuple(case for case in self._state.removed if case.path not in new)
                self._write(cases=(*self._state.cases, *added), removed=left)
            return len(new)

    def update(self, path: Path | str, **changes: Any) -> Case:
        """Change what is known of a photograph (`Case`'s fields)."""
        with self._order:
            changed = self[path].replace(**changes)
            self._write(cases=tuple(changed if c.path == changed.path else c for c in self._state.cases))
            return changed

    def put_back(self, path: Path | str) -> None:
        """Let a photograph that runs wait again, without writing that: what is on disk says so when it is opened next."""
        with self._order:
            cases = self._state.cases
            running = [case for case in cases if case.path == _key(path) and case.state is CaseState.RUNNING]
            if running:
                waits = running[0].replace(state=CaseState.WAITING)
                self._state = self._state.replace(cases=tuple(waits if c is running[0] else c for c in cases))

    def remove(self, paths: Iterable[Path | str]) -> None:
        """Take photographs from the list; neither they nor their explanations are deleted."""
        with self._order:
            gone = {_key(path) for path in paths}
            removed = tuple(c for c in self._state.cases if c.path in gone and c.explained)
            self._write(
                cases=tuple(c for c in self._state.cases if c.path not in gone),
                removed=(*self._state.removed, *removed),
            )

    def names(self, model: str) -> dict[DirectionId, Naming]:
        """What people called the directions of the model with this hash."""
        return dict(self._state.names.get(model, {}))

    def keep_names(self, model: str, names: Mapping[DirectionId, Naming]) -> None:
        """Keep what the directions of a model are called, in place of what was kept before."""
        with self._order:
            if dict(names) != self.names(model):
                self._write(names={**self._state.names, model: dict(names)})

    def directions_file(self, sha256: str) -> Path | None:
        """Where directions were found that were not a model's own, by their `directions_sha256`; None if nobody said."""
        known = self._state.directions.get(sha256)
        return Path(known) if known is not None else None

    def keep_directions(self, sha256: str, file: Path) -> None:
        """Keep which file directions came from."""
        with self._order:
            if self._state.directions.get(sha256) != str(file):
                self._write(directions={**self._state.directions, sha256: str(file)})

    def keep_view(self, **changes: Any) -> None:
        """Keep what is on show (`View`'s fields)."""
        view = self._state.view.replace(**changes)
        with self._order:
            if view != self._state.view:
                self._write(view=view)

    def explanation_folder(self, photograph: str, model: str) -> Path:
        """Where the explanation of a photograph by a model lies, both given by their hashes."""
        return self.folder / "explanations" / f"{photograph[:16]}_{model[:16]}"

    def close(self) -> None:
        """Let another window have it; nothing is written any more."""
        with self._order:
            self._closed = True
            self._lock.release()

    def _write(self, **changes: Any) -> None:
        if self._closed:
            msg = f"The project {self.folder} is closed."
            raise ProjectError(msg)
        state = self._state.replace(**changes)
        write_atomically(self.folder / _NAME, (state.model_dump_json(indent=1) + "\n").encode())
        self._state = state


def _key(path: Path | str) -> str:
    return str(Path(path).absolute())


def _read(path: Path) -> _State:
    try:
        if not path.exists():
            return _State()
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path} is larger than a project can be; it is refused."
            raise ProjectError(msg)
        return read_kept(path, _State, ProjectError, "move it away to begin a new project there")
    except OSError as error:
        msg = f"{path} can't be read ({error.strerror}); choose another folder for the project."
        raise ProjectError(msg) from error
