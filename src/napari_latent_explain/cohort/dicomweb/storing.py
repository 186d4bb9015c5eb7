"""DICOM files into an archive (STOW-RS, PS3.18 10.5), one by one, each read back and compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from napari_latent_explain.cohort.dicomweb.answers import JSON, is_uid
from napari_latent_explain.cohort.dicomweb.comparing import differences
from napari_latent_explain.cohort.dicomweb.confirmation import Confirmation, confirmation
from napari_latent_explain.cohort.dicomweb.errors import AnswerError, UnreachableError
from napari_latent_explain.cohort.dicomweb.instance import read_instance, retrieve, uids_of
from napari_latent_explain.cohort.dicomweb.study_patient import study_patient
from napari_latent_explain.domain import silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pydicom import Dataset

    from napari_latent_explain.cohort.dicomweb.archive import Archive
    from napari_latent_explain.cohort.dicomweb.comparing import Difference
    from napari_latent_explain.domain import Progress

__all__ = ["Stored", "store"]


@dataclass(frozen=True)
class Stored:
    """What became of one file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    state : str
        ``stored`` or ``there already``, each read back and equal but for what the archive added; ``changed``, if it is there
        and something that was sent is not; ``refused``; ``unconfirmed``, if it was sent and could not be read back.
    study, instance : str
        UIDs; empty where the file has none.
    why : str
        One sentence; empty if all is well.
    warnings : tuple of str
        What the archive said beside.
    differences : tuple of Difference
        Between what was sent and what was read back.
    """

    path: Path
    state: Literal["stored", "there already", "changed", "refused", "unconfirmed"]
    study: str = ""
    instance: str = ""
    why: str = ""
    warnings: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


class _RefusedError(Exception):
    """Why one file is not stored."""


def store(
    archive: Archive, files: Sequence[Path], *, new_studies: bool = False, progress: Progress = silent
) -> Iterator[Stored]:
    """Store files under the studies that they name, and tell of each as soon as it was read back.

    Nothing is stored twice: a file that the archive has is compared and not sent, and after a lost connection it is seen
    whether it arrived before it is sent again, with the same bytes.

    Parameters
    ----------
    files : sequence of pathlib.Path
        DICOM files, such as `export` makes with the photograph's own as its reference and its patient kept.
    new_studies : bool
        Whether files of studies that the archive doesn't have are stored; they are then not compared with a patient.
    progress : Progress
        Called ten times a second; may raise `Cancelled`.

    Yields
    ------
    Stored
        In the order of the files.

    Raises
    ------
    ArchiveError
        If the archive can't be used any more; what was told before stays as it was told.
    """
    for number, path in enumerate(files):
        what, share = f"file {number + 1} of {len(files)}", number / len(files)

        def still_wanted(what: str = what, share: float = share) -> None:
            progress(what, share)

        still_wanted()
        yield _stored(archive, path, new_studies=new_studies, still_wanted=still_wanted)
    progress(f"{len(files)} files", 1.0)


def _stored(archive: Archive, path: Path, *, new_studies: bool, still_wanted: Callable[[], None]) -> Stored:
    study = instance = ""
    warnings: tuple[str, ...] = ()
    sending = False
    try:
        data = _bytes_of(path, archive.limits.instance_bytes)
        sent = read_instance(data)
        study, series, instance = uids_of(sent)
        if not (study and series and instance and sent.get("SOPClassUID")):
            msg = "It lacks UIDs that every DICOM object has; export it again."
            raise _RefusedError(msg)
        _see_whose(archive, sent, study, new_studies=new_studies, still_wanted=still_wanted)
        state: Literal["stored", "there already"] = "there already"
        read_back = partial(retrieve, archive, study, series, instance, still_wanted, _syntax(sent))
        kept = read_back()
        if kept is None:
            state, sending = "stored", True
            said = _posted(archive, data, study, instance, read_back, still_wanted)
            warnings = said.warnings
            kept = read_back()
            for attempt in range(0 if said.refusal else archive.limits.tries - 1):
                if kept is None:  # some archives confirm first and put in order later
                    archive.pause(attempt, still_wanted)
                    kept = read_back()
            if said.refusal and kept is None:
                msg = f"The archive did not store it: {said.refusal}."
                raise _RefusedError(msg)
            if kept is None:
                msg = "The archive confirmed it and doesn't have it under its study, series and UID; tell who runs it."
                raise _RefusedError(msg)
        found = () if kept == data else differences(sent, read_instance(kept))
    except (_RefusedError, AnswerError) as error:
        if sending and isinstance(error, AnswerError):
            why = f"It was sent, and it is not known whether it arrived as it was; store it again to see. {error}"
            return Stored(path, "unconfirmed", study, instance, why, warnings)
        return Stored(path, "refused", study, instance, str(error), warnings)
    if all(one.added for one in found):
        return Stored(path, state, study, instance, "", warnings, found)
    why = "What the archive has differs from the file in " + ", ".join(
        f"{one.where} ({one.kind})" for one in found if not one.added
    )
    if state == "there already":
        why += ": it has another object of the same UID, and the file was not sent"
    return Stored(path, "changed", study, instance, why + ".", warnings, found)


def _see_whose(
    archive: Archive, sent: Dataset, study: str, *, new_studies: bool, still_wanted: Callable[[], None]
) -> None:
    """See that the archive has the study, and of the same patient."""
    patient = study_patient(archive, study, still_wanted)
    if patient is None:
        if not new_studies:
            msg = "The archive does not have its study; export it with the photograph's own file (--reference)."
            raise _RefusedError(msg)
        return
    differing = patient.differing(sent)
    if differing:
        msg = (
            f"It is of another patient than its study in the archive ({', '.join(differing)} differ); "
            "export it with the photograph's own file and patient (--reference, --keep-patient)."
        )
        raise _RefusedError(msg)


def _syntax(sent: Dataset) -> str:
    syntax = str(sent.file_meta.get("TransferSyntaxUID", ""))
    return syntax if is_uid(syntax) else "*"


def _posted(
    archive: Archive, data: bytes, study: str, instance: str,
    read_back: Callable[[], bytes | None], still_wanted: Callable[[], None],
) -> Confirmation:  # fmt: skip
    """Send it; after a failed try see first whether it arrived."""
    boundary = hashlib.sha256(data).hexdigest()
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = head + data + f"\r\n--{boundary}--\r\n".encode()
    url = archive.url(study)
    for attempt in range(archive.limits.tries):
        try:
            return confirmation(archive.post(url, JSON, kind, body, still_wanted), instance)
        except UnreachableError:
            if attempt + 1 == archive.limits.tries:
                raise
        archive.pause(attempt, still_wanted)
        if read_back() is not None:
            break
    return Confirmation("")


def _bytes_of(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        msg = f"It can't be read ({error.strerror or error})."
        raise _RefusedError(msg) from error
    if len(data) > most:
        msg = f"It is larger than {most / 2**20:g} MiB; allow more if that is meant."
        raise _RefusedError(msg)
    if data[128:132] != b"DICM":
        msg = "It is no DICOM file; export it with --format dicom or sr."
        raise _RefusedError(msg)
    return data
