"""Whatever writes a person's results, as a writer of numbered versions: what was confirmed has to be read back."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faults.neighbours import neighbour

__all__ = ["WRITERS", "Writer"]

Write = Callable[[int], object]


@dataclass(frozen=True)
class Writer:
    """One that writes.

    Parameters
    ----------
    opened : callable
        Folder to a context in which versions are written: numbers from 1, each confirmed when the call returns.
    read : callable
        Folder to the version that is read back; 0 if there is none. Raises if it is not whole.
    alone : bool
        Whether a second one is refused while the first has the folder.
    """

    opened: Callable[[Path], contextlib.AbstractContextManager[Write]]
    read: Callable[[Path], int]
    alone: bool = False


@contextlib.contextmanager
def _project(folder: Path) -> Iterator[Write]:
    from napari_latent_explain.cohort import Project

    project = Project.open(folder / "project")
    try:

        def write(number: int) -> None:
            project.add([f"/nowhere/{number}.png"])
            project.keep_view(zoom=float(number))

        yield write
    finally:
        project.close()


def _read_project(folder: Path) -> int:
    from napari_latent_explain.cohort import Project

    project = Project.open(folder / "project")
    try:
        number = int(project.view.zoom or 0)
        if number and not any(case.path == f"/nowhere/{number}.png" for case in project.cases):
            msg = f"the photograph of version {number} is not there"
            raise AssertionError(msg)
        return number
    finally:
        project.close()


@contextlib.contextmanager
def _explanation(folder: Path) -> Iterator[Write]:
    from faults.made import small_snapshot

    yield lambda number: small_snapshot(number).write(folder / "explanation")


def _read_explanation(folder: Path) -> int:
    import hashlib

    from napari_latent_explain.explain.saved_explanation import read_saved

    if not (folder / "explanation/explanation.json").exists():
        return 0
    saved = read_saved(folder / "explanation")
    code = (folder / "explanation" / saved.code).read_bytes()
    if f"{hashlib.sha256(code).hexdigest()}.safetensors" != saved.code or code[:8] != int(saved.note).to_bytes(
        8, "little"
    ):
        msg = "its code is of another version"
        raise AssertionError(msg)
    return int(saved.note)


@contextlib.contextmanager
def _review(folder: Path) -> Iterator[Write]:
    from napari_latent_explain.review import RatingStore, rater_file

    store = RatingStore.open(rater_file(folder, "rater"), _study(folder), "rater")
    try:
        yield lambda number: store.append("answered", f"trial-{number}", question="verdict", answer="artefact")
    finally:
        store.close()


def _study(folder: Path):  # type: ignore[no-untyped-def]
    from napari_latent_explain.domain import StudyError
    from napari_latent_explain.review import Study

    with contextlib.suppress(StudyError):
        return Study.open(folder / "study")
    return neighbour("test_review/conftest.py").make_study(folder / "study", photographs=1, directions=1)


def _read_review(folder: Path) -> int:
    from napari_latent_explain.review import Study, rater_file, read_chain

    path = rater_file(folder, "rater")
    if not path.exists():
        return 0
    chains = read_chain(path, Study.open(folder / "study").sha256)
    numbers = {int(record.trial.removeprefix("trial-")) for chain in chains for record in chain}
    last = max(numbers, default=0)
    if numbers != set(range(min(numbers, default=1), last + 1)):
        msg = "answers are missing"
        raise AssertionError(msg)
    return last


@contextlib.contextmanager
def _record(folder: Path) -> Iterator[Write]:
    from faults.made import small_record
    from napari_latent_explain.export import write_record

    yield lambda number: write_record(small_record(str(number)), folder / "explained")


def _read_record(folder: Path) -> int:
    import json

    from PIL import Image

    from napari_latent_explain.export import read_record

    if not (folder / "explained/record.json").exists():
        return 0
    for path in (folder / "explained").glob("*.png"):
        Image.open(io.BytesIO(path.read_bytes())).load()
    json.loads((folder / "explained/record.json").read_text(encoding="utf-8"))
    return int(read_record(folder / "explained").note)


@contextlib.contextmanager
def _bundle(folder: Path) -> Iterator[Write]:
    from napari_latent_explain.model.bundle import read_bundle, write_bundle

    small = _small_bundle()
    metadata, networks, atlas, card = read_bundle(small)

    def write(number: int) -> None:
        statistics = {name: value + number for name, value in networks["statistics"].items()}
        write_bundle(folder / "bundle", metadata, {**networks, "statistics": statistics}, atlas, f"{card}\n{number}")

    yield write


_SMALL: list[Path] = []


def _small_bundle() -> Path:
    """A small bundle beside the folders that are written to."""
    import tempfile

    if not _SMALL:
        _SMALL.append(neighbour("small_model.py").write_small_bundle(Path(tempfile.mkdtemp(prefix="faults-"))))
    return _SMALL[0]


def _read_bundle(folder: Path) -> int:
    from napari_latent_explain.model.bundle import read_bundle

    if not (folder / "bundle/configs/metadata.json").exists() and not (folder / "bundle/.next").exists():
        return 0
    before, (_, networks, _, card) = read_bundle(_small_bundle())[1], read_bundle(folder / "bundle")
    number = int(card.splitlines()[-1])
    if abs(float((networks["statistics"]["mean"] - before["statistics"]["mean"]).mean()) - number) > 1e-2:
        msg = "card and statistics are of different versions"
        raise AssertionError(msg)
    return number


@contextlib.contextmanager
def _imported(folder: Path) -> Iterator[Write]:
    from napari_latent_explain.model.importing import import_generator, write_imported

    if not _IMPORTED:
        import tempfile

        published = neighbour("published_stylegan2.py")
        path = Path(tempfile.mkdtemp(prefix="faults-")) / "net.pkl"
        _IMPORTED.append(import_generator(published.nvlabs_pickle(path, published.make_published((6, 5)))))
    yield lambda number: write_imported(folder / f"eyes-{number}", _IMPORTED[0])


_IMPORTED: list = []  # type: ignore[type-arg]


def _read_imported(folder: Path) -> int:
    from napari_latent_explain.model.importing import read_imported

    found = sorted(int(path.name.removeprefix("eyes-")) for path in folder.glob("eyes-*"))
    for number in found:
        read_imported(folder / f"eyes-{number}")
    return max(found, default=0)


WRITERS = {
    "project": Writer(_project, _read_project, alone=True),
    "saved explanation": Writer(_explanation, _read_explanation),
    "review": Writer(_review, _read_review, alone=True),
    "exported record": Writer(_record, _read_record),
    "bundle": Writer(_bundle, _read_bundle),
    "imported generator": Writer(_imported, _read_imported),
}


# Wrong on purpose: the harness has to see what it loses.


@contextlib.contextmanager
def _careless(folder: Path) -> Iterator[Write]:
    """Writes in place, a bit at a time, and confirms before it is through."""

    def write(number: int) -> None:
        import time

        with (folder / "careless").open("w") as stream:
            for digit in f"{number:06d}":
                stream.write(digit)
                stream.flush()
                time.sleep(0.001)

    yield write


def _read_careless(folder: Path) -> int:
    path = folder / "careless"
    return int(path.read_text() if len(path.read_text()) == 6 else "cut short") if path.exists() else 0


@contextlib.contextmanager
def _crashing(folder: Path) -> Iterator[Write]:
    """Does not turn the system's errors into a sentence."""
    yield lambda number: (folder / f"{number}.bin").write_bytes(bytes(200_000))


PLANTED_WRITERS = {
    "planted: careless": Writer(_careless, _read_careless),
    "planted: crashing": Writer(_crashing, lambda folder: len(list(folder.glob("*.bin")))),
}
