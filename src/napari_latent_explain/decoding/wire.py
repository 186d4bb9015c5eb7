"""What parent and child say to one another: fixed headers, JSON of limited size, raw pixels; nothing is unpickled."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.decoding.limits import Limits

__all__ = [
    "Answer",
    "Facts",
    "Refusal",
    "Request",
    "WireError",
    "read_answer",
    "read_request",
    "send_answer",
    "send_request",
]

_ASK = struct.Struct("<4sIQ")  # mark, bytes of JSON, bytes of the file
_TELL = struct.Struct("<4sBBIII")  # mark, refused, bytes a sample, height, width, bytes of JSON
_MARK = b"LEx1"
_MOST_JSON = 16 * 2**20
_PIECE = 2**20


class Refusal(Exception):  # noqa: N818 - the same words, whether they are raised here or in the child
    """A file that is not read; the message is what stands after its name in a sentence."""


class WireError(Exception):
    """The other side is gone or talks nonsense."""


@dataclass(frozen=True)
class Request:
    """What is asked of a file's bytes.

    Parameters
    ----------
    task : str
        ``picture`` (upright RGB pixels and facts), ``thumbnail`` (small RGB pixels), ``facts`` (no pixels), or ``directory`` (the
        photographs that a DICOMDIR lists).
    frame : int
        Which picture of a multi-frame file, from 0.
    size : int
        The longer side of a thumbnail.
    """

    task: Literal["picture", "thumbnail", "facts", "directory"] = "picture"
    frame: int = 0
    size: int = 0


@dataclass(frozen=True)
class Facts:
    """What a file says of its picture; nothing in it names a patient.

    Parameters
    ----------
    eye : str
        ``R``, ``L``, or empty.
    words : str
        What a JPEG, PNG or TIFF says of itself: to look for words in, not to keep.
    spacing : (float, float), optional
        Millimetres on the retina from row to row and from column to column.
    device : str
        Manufacturer and model.
    frames : int
        Pictures in the file.
    simulated : bool
        Whether the file says that a program drew it.
    files : tuple of tuple of str
        Paths, part by part, that a DICOMDIR lists.
    """

    eye: Literal["R", "L", ""] = ""
    words: str = ""
    spacing: tuple[float, float] | None = None
    device: str = ""
    frames: int = 1
    simulated: bool = False
    files: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class Answer:
    """Pixels (H, W, 3), uint8 or uint16, or (0, 0, 3) where none were asked for; and facts."""

    pixels: NDArray[np.uint8] | NDArray[np.uint16] = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8))
    facts: Facts = Facts()


def send_request(stream: IO[bytes], request: Request, data: bytes) -> None:
    """Send a request and the bytes of the file."""
    asked = json.dumps(asdict(request)).encode()
    for part in (_ASK.pack(_MARK, len(asked), len(data)) + asked, data):
        left = memoryview(part)
        while left:  # a pipe without a buffer may take less than all
            left = left[stream.write(left) :]


def read_request(stream: IO[bytes]) -> tuple[Request, bytes] | None:
    """Read a request; None if there are no more."""
    head = stream.read(_ASK.size)
    if len(head) < _ASK.size:
        return None
    _, asked, size = _ASK.unpack(head)
    request = Request(**json.loads(stream.read(asked)))
    data = stream.read(size)
    return (request, data) if len(data) == size else None


def send_answer(stream: IO[bytes], answer: Answer | Refusal) -> None:
    """Send pixels and facts, or the words of a refusal."""
    if isinstance(answer, Refusal):
        told = json.dumps({"why": str(answer)}).encode()
        stream.write(_TELL.pack(_MARK, 1, 1, 0, 0, len(told)) + told)
    else:
        told = json.dumps(asdict(answer.facts)).encode()
        height, width, _ = answer.pixels.shape
        stream.write(_TELL.pack(_MARK, 0, answer.pixels.itemsize, height, width, len(told)) + told)
        if answer.pixels.size:
            stream.write(np.ascontiguousarray(answer.pixels).data.cast("B"))
    stream.flush()


def read_answer(stream: IO[bytes], limits: Limits) -> Answer:
    """Read an answer, and believe nothing of it that can't be.

    Raises
    ------
    Refusal
        If the child refused the file.
    WireError
        If the child ended, or sent anything else than an answer.
    """
    mark, refused, depth, height, width, size = _TELL.unpack(_exactly(stream, _TELL.size))
    if mark != _MARK or depth not in (1, 2) or height * width > limits.pixels or size > _MOST_JSON:
        raise WireError
    try:
        told = json.loads(_exactly(stream, size))
    except (ValueError, RecursionError) as error:
        raise WireError from error
    if not isinstance(told, dict):
        raise WireError
    if refused:
        raise Refusal(_line(told.get("why"), 300) or "was refused without a reason.")
    pixels = np.empty((height, width, 3), np.uint8 if depth == 1 else np.uint16)
    if pixels.size:
        _fill(stream, pixels.data.cast("B"))
    return Answer(pixels, _facts(told))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = bytearray(size)
    _fill(stream, memoryview(data))
    return bytes(data)


def _fill(stream: IO[bytes], room: memoryview) -> None:
    at = 0
    while at < len(room):
        got: int = stream.readinto(room[at : at + _PIECE])  # type: ignore[attr-defined]
        if not got:
            raise WireError
        at += got


def _line(value: Any, most: int) -> str:
    """One printable line."""
    return (
        " ".join("".join(c if c.isprintable() else " " for c in value).split())[:most] if isinstance(value, str) else ""
    )


def _facts(told: dict[str, Any]) -> Facts:
    try:
        spacing = told["spacing"]
        if spacing is not None:
            down, across = (float(value) for value in spacing)
            if not (math.isfinite(down) and math.isfinite(across) and down > 0 and across > 0):
                raise WireError
            spacing = (down, across)
        words = told["words"]
        return Facts(
            eye=told["eye"] if told["eye"] in ("R", "L") else "",
            words=words[:40_000] if isinstance(words, str) else "",
            spacing=spacing,
            device=_line(told["device"], 130),
            frames=max(1, int(told["frames"])),
            simulated=told["simulated"] is True,
            files=tuple(tuple(str(part) for part in parts) for parts in told["files"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise WireError from error
