"""What an archive answers: DICOM JSON (PS3.18 F) and one DICOM file in a multipart message (RFC 2387); none of it is trusted."""

from __future__ import annotations

import json
import re
from email.message import Message
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cohort.dicomweb.errors import AnswerError

if TYPE_CHECKING:
    from napari_latent_explain.cohort.dicomweb.transport import Answer

__all__ = ["JSON", "MULTIPART", "first", "instance_in", "is_uid", "items_in", "list_in", "number_in", "text_in"]

JSON = "application/dicom+json, application/json;q=0.9"
MULTIPART = 'multipart/related; type="application/dicom"; transfer-syntax='
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST = 64


def is_uid(text: object) -> bool:
    """Whether it is a DICOM UID (PS3.5 9.1)."""
    return isinstance(text, str) and len(text) <= _LONGEST and _UID.fullmatch(text) is not None


def list_in(answer: Answer) -> list[dict[str, Any]]:
    """The data sets of an answer to a search, or to storing.

    Raises
    ------
    AnswerError
        If it is not DICOM JSON.
    """
    if answer.status == 204 or not answer.body.strip():
        return []
    try:
        tree = json.loads(answer.body)
    except (ValueError, RecursionError):
        tree = None
    found = [tree] if isinstance(tree, dict) else tree
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        msg = "What the archive answers is not DICOM JSON; check that its address is that of a DICOMweb service."
        raise AnswerError(msg)
    return found


def _values(item: dict[str, Any], tag: str) -> list[Any]:
    held = item.get(tag)
    values = held.get("Value") if isinstance(held, dict) else None
    return values if isinstance(values, list) else []


def first(item: dict[str, Any], tag: str) -> Any:
    """The first value of an attribute (eight hexadecimal digits); None if there is none."""
    return next(iter(_values(item, tag)), None)


def items_in(item: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    """The items of a sequence."""
    return [one for one in _values(item, tag) if isinstance(one, dict)]


def text_in(item: dict[str, Any], tag: str) -> str:
    """The first value as a short line; empty if it is none."""
    value = first(item, tag)
    return value.strip() if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable() else ""


def number_in(item: dict[str, Any], tag: str) -> int:
    """The first value as a whole number from 0; 0 if it is none."""
    value = first(item, tag)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)  # some write numbers of kind IS as text
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32 else 0


def instance_in(answer: Answer) -> bytes:
    """The DICOM file in an answer.

    Raises
    ------
    AnswerError
        If there is none, or more than one.
    """
    header = Message()
    header["Content-Type"] = answer.kind.replace("\r", " ").replace("\n", " ") or "text/plain"
    kind = header.get_content_type()
    if kind == "application/dicom":
        found = [answer.body]
    elif kind == "multipart/related":
        found = _parts(answer.body, header.get_boundary() or "")
    else:
        found = []
    if len(found) != 1 or found[0][128:132] != b"DICM":
        msg = "The archive answers with something that is not one DICOM file."
        raise AnswerError(msg)
    return found[0]


def _parts(body: bytes, boundary: str) -> list[bytes]:
    """The parts of a message that ends as it should; else none. No more than two are looked at."""
    line = f"--{boundary}".encode("latin-1", "replace")
    if not boundary or not body.rstrip().endswith(line + b"--"):
        return []
    found: list[bytes] = []
    at = body.find(line)
    while len(found) < 2 and not body.startswith(line + b"--", at):
        begin, end = body.find(b"\r\n\r\n", at), body.find(b"\r\n" + line, at)
        if begin < 0 or end < begin:
            return []
        found.append(body[begin + 4 : end])
        at = end + 2
    return found
