"""Bringing together what raters said, from files, folders or a site's database, checked and nothing lost."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review.address import place_name
from napari_latent_explain.review.database import open_database
from napari_latent_explain.review.store import in_one_sentence, read_chain, write_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from napari_latent_explain.review.record import Record
    from napari_latent_explain.review.study import Study

__all__ = ["audit_head", "gather", "merge"]

Chain = tuple["Record", ...]
_PATIENCE = 60.0  # seconds


def gather(study: Study, sources: Iterable[Path | str]) -> dict[str, Chain]:
    """Read and check the records of all raters.

    Parameters
    ----------
    study : Study
        Whose they must be.
    sources : iterable of path or str
        Files, folders with ``*.sqlite`` files, or addresses of databases. The same rater may come twice, if one of the two
        goes on where the other ends.

    Returns
    -------
    dict
        Records by rater, raters in alphabetical order.

    Raises
    ------
    StudyError
        If something can't be read, was changed or cut short, is of another study, or a rater's records differ between sources.
    """
    found: dict[str, Chain] = {}
    for place in _places(sources):
        for chain in read_chain(place, study.sha256):
            if not chain:
                continue
            rater = chain[0].rater
            found[rater] = _longer(found[rater], chain, place_name(place)) if rater in found else chain
    return dict(sorted(found.items()))


def _places(sources: Iterable[Path | str]) -> list[Path | str]:
    places: list[Path | str] = []
    for source in sources:
        if "://" not in str(source) and Path(source).is_dir():
            places += sorted(Path(source).glob("*.sqlite"))
        else:
            places.append(source)
    return places


def _longer(one: Sequence[Record], other: Sequence[Record], place: str) -> Chain:
    """The longer of two chains, if it goes on where the shorter ends."""
    shorter, longer = sorted((one, other), key=len)
    if shorter and longer[len(shorter) - 1].seal != shorter[-1].seal:
        msg = (
            f"The records of '{one[0].rater}' in {place} differ from those that were read before: somebody went on from a copy. "
            "Keep the one that counts, and leave the other out."
        )
        raise StudyError(msg)
    return tuple(longer)


def audit_head(chains: Mapping[str, Sequence[Record]]) -> str:
    """One hash for all answers: SHA-256 of a line a rater, in alphabetical order, each with the pseudonym and the last seal."""
    lines = (f"{rater} {records[-1].seal}\n" for rater, records in sorted(chains.items()) if records)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def merge(study: Study, sources: Iterable[Path | str], output: Path) -> dict[str, Chain]:
    """Write the records of all raters into one file, and return them.

    What an earlier merge wrote there is read too, so that nothing that was merged once gets lost; another merge into the same
    file waits. Time and memory grow with the number of records.

    Raises
    ------
    StudyError
        As `gather`, or if the file can't be written.
    """
    with _alone(output):
        chains = gather(study, [*([output] if output.is_file() else []), *sources])
        with (
            in_one_sentence(str(output)),
            tempfile.TemporaryDirectory(prefix=f".{output.name}.", suffix=".part", dir=output.parent) as folder,
        ):
            part = Path(folder) / output.name
            _write(chains, part)
            part.replace(output)
    return chains


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Keep other merges from the same file."""
    lock = FileLock(output.with_name(f".{output.name}.lock"), timeout=_PATIENCE)
    with in_one_sentence(str(output)):
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout as error:
            msg = f"Another merge is writing {output}; merge again when it is done."
            raise StudyError(msg) from error
    try:
        yield
    finally:
        lock.release()


def _write(chains: Mapping[str, Chain], path: Path) -> None:
    connection = open_database(path)
    try:
        with connection.begin():
            for chain in chains.values():
                write_records(connection, list(chain))
    finally:
        connection.close()
        connection.engine.dispose()
