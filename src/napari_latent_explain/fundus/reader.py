"""Files to `Photograph`: JPEG, PNG, TIFF, BMP, WebP, JPEG 2000 and DICOM, decoded in a child process."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_latent_explain.decoding import Request, shared_decoders
from napari_latent_explain.decoding.wire import Refusal
from napari_latent_explain.domain import Laterality, LateralityReading, Photograph, PhotographError, silent
from napari_latent_explain.fundus.eye_words import laterality_in_description, laterality_in_file_name
from napari_latent_explain.fundus.photograph_bytes import photograph_bytes

if TYPE_CHECKING:
    from os import PathLike

    from napari_latent_explain.decoding import Answer, Facts
    from napari_latent_explain.domain import Progress

__all__ = ["ask_decoder", "count_frames", "decode_photograph", "frames_in", "read_photograph", "shown_name"]

_EYES = {"R": Laterality.OD, "L": Laterality.OS}


def read_photograph(path: str | PathLike[str], frame: int = 0, progress: Progress = silent) -> Photograph:
    """Read a photograph as it is meant to be seen.

    EXIF rotation is applied, transparent parts lie over black, grey, palette and CMYK pictures become RGB;
    16 bits a channel stay 16 bits. Of a plain file with several pictures, the first counts. Of DICOM, Ophthalmic Photography
    8 Bit and 16 Bit and VL Photographic are read, in colour; anything else is refused by what it is.

    The file is decoded in a child process with limits on memory, time and size (`decoding.Limits`): the first call starts it,
    which takes a moment.

    Parameters
    ----------
    path : path-like
        A JPEG, PNG, TIFF, BMP, WebP, JPEG 2000 or DICOM file.
    frame : int
        Which picture of a multi-frame DICOM file, from 0.
    progress : Progress
        Told about twenty times a second; may raise `Cancelled`, which ends the child.

    Returns
    -------
    Photograph
        With the SHA-256 of the file's bytes, and the laterality if metadata or file name tell it.

    Raises
    ------
    PhotographError
        If there is no such file or it is no readable picture.
    """
    path = Path(path)
    return replace(decode_photograph(photograph_bytes(path), path.name, frame, progress), path=path)


def decode_photograph(data: bytes, name: str, frame: int = 0, progress: Progress = silent) -> Photograph:
    """Decode a photograph that is in memory, as `read_photograph` does with a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What it is called; the laterality may be read from it.
    frame, progress : int, Progress
        As for `read_photograph`.

    Raises
    ------
    PhotographError
        If it is no readable picture.
    """
    answer = ask_decoder(Request("picture", frame=frame), data, name, progress)
    told = f"{answer.facts.words} {name}".lower()
    return Photograph(
        pixels=answer.pixels,
        name=shown_name(name, frame),
        sha256=hashlib.sha256(data + (f"#{frame}".encode() if frame else b"")).hexdigest(),
        laterality=_laterality(answer.facts, name),
        simulated=answer.facts.simulated or "simulated" in told or "synthetic" in told,
        spacing_mm=answer.facts.spacing,
        device=answer.facts.device,
        frame=frame,
    )


def shown_name(file: str, frame: int) -> str:
    """Return the `Photograph.name` of a frame: the first as its file, others with their number before the ending."""
    stem, dot, ending = file.rpartition(".")
    if frame == 0:
        return file
    return f"{stem}_frame{frame}{dot}{ending}" if stem else f"{ending}_frame{frame}"


def frames_in(path: str | PathLike[str]) -> int:
    """Return how many photographs a file has: the frames of a DICOM file, 1 for others.

    Raises
    ------
    PhotographError
        If there is no such file, or it is DICOM and no photograph.
    """
    path = Path(path)
    return count_frames(photograph_bytes(path), path.name)


def count_frames(data: bytes, name: str) -> int:
    """Return how many photographs a file in memory has, as `frames_in`.

    Raises
    ------
    PhotographError
        If it is DICOM and no photograph.
    """
    return ask_decoder(Request("facts"), data, name).facts.frames


def ask_decoder(request: Request, data: bytes, name: str, progress: Progress = silent) -> Answer:
    """Have a child do a request.

    Raises
    ------
    PhotographError
        If the file is refused.
    """
    try:
        answer = shared_decoders().ask(request, data, lambda: progress(f"Reading {name}", 0.0))
    except Refusal as refusal:
        msg = f"'{name}' {refusal}"
        raise PhotographError(msg) from None  # what the child came across stays there
    if request.task in ("picture", "thumbnail") and not answer.pixels.size:
        msg = f"'{name}' has no pixels: export it anew."
        raise PhotographError(msg)
    return answer


def _laterality(facts: Facts, name: str) -> LateralityReading:
    if facts.eye:
        return LateralityReading(eye=_EYES[facts.eye], confidence=0.99, source="metadata")
    described = laterality_in_description(facts.words)
    return described if described.eye is not None else laterality_in_file_name(name)
