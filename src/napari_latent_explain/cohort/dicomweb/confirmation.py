"""What an archive says of an object that it was given (PS3.18 10.5, I.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_latent_explain.cohort.dicomweb.answers import first, items_in, list_in, number_in
from napari_latent_explain.cohort.dicomweb.errors import AnswerError

if TYPE_CHECKING:
    from napari_latent_explain.cohort.dicomweb.transport import Answer

__all__ = ["Confirmation", "confirmation"]

_FAILED, _OTHER_FAILED, _STORED = "00081198", "0008119A", "00081199"
_INSTANCE, _FAILURE, _WARNING = "00081155", "00081197", "00081196"
_FAILURES = {  # PS3.18 I.2-2, PS3.4 B.2.3, by their first digits
    "A7": "it has no room", "A9": "the object is not what its SOP class wants", "C122": "it does not take the transfer syntax",
    "C": "it does not understand the object", "0110": "it failed at it", "0111": "it has another object of the same UID",
    "0122": "it does not take the SOP class", "0124": "it does not allow it", "0117": "the UID of the object is none",
}  # fmt: skip
_WARNINGS = {
    "B000": "values were changed", "B006": "attributes were left out", "B007": "the object is not quite what its SOP class wants",
}  # fmt: skip
_STATUSES = {
    400: "it does not understand the object", 409: "it refuses the object", 413: "the object is too large for it",
    415: "it does not take such objects", 404: "there is no DICOMweb service at its address",
    405: "it takes nothing", 507: "it has no room",
}  # fmt: skip


class Confirmation(NamedTuple):
    """What was said of one object.

    Parameters
    ----------
    refusal : str
        Why it was not stored; empty if that is not said.
    warnings : tuple of str
        What was said beside.
    """

    refusal: str
    warnings: tuple[str, ...] = ()


def confirmation(answer: Answer, instance: str) -> Confirmation:
    """Read the answer to storing one instance.

    What is said of other instances does not count. An answer that can't be read neither confirms nor refuses: reading the
    object back decides.
    """
    try:
        said = list_in(answer)
    except AnswerError:
        said = []
    failures = [one for tag in (_FAILED, _OTHER_FAILED) for item in said for one in items_in(item, tag)]
    failures = [one for one in failures if first(one, _INSTANCE) in (instance, None)]
    stored = [one for item in said for one in items_in(item, _STORED) if first(one, _INSTANCE) == instance]
    warnings = tuple(_in_words(number_in(one, _WARNING), _WARNINGS) for one in stored if number_in(one, _WARNING))
    if failures:
        return Confirmation(_in_words(number_in(failures[0], _FAILURE), _FAILURES), warnings)
    if not 200 <= answer.status < 300:
        why = _STATUSES.get(answer.status, "it does not say why")
        return Confirmation(f"{why} (HTTP {answer.status})", warnings)
    if answer.status == 202 and not warnings:
        warnings = ("it accepted the object with a warning, and does not say which",)
    return Confirmation("", warnings)


def _in_words(code: int, known: dict[str, str]) -> str:
    digits = f"{code:04X}"
    words = next((known[digits[:n]] for n in (4, 2, 1) if digits[:n] in known), "it does not say why")
    return f"{words} ({digits})"
