"""What an archive made of an object that was stored there: every attribute, pixels too, beside what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import DataElement, Dataset

__all__ = ["Difference", "differences"]


class Difference(NamedTuple):
    """One attribute; its values, which may be a patient's, are not kept.

    Parameters
    ----------
    kind : str
        Whether the archive lost it, changed it, or added it.
    where : str
        Its keyword, after those of the sequences that it is in; a tag where there is no keyword.
    """

    kind: Literal["lost", "changed", "added"]
    where: str

    @property
    def added(self) -> bool:
        """Whether everything that was sent is as it was."""
        return self.kind == "added"


def differences(sent: Dataset, kept: Dataset) -> tuple[Difference, ...]:
    """Compare two data sets attribute by attribute, sequences item by item, encapsulated or native pixels by their bytes.

    Empty values are one, however they are written; lengths of groups are left out, and of what belongs to the file alone only
    the transfer syntax counts.
    """
    found = list(_compared(sent, kept, ""))
    syntaxes = [str(one.file_meta.get("TransferSyntaxUID", "")) for one in (sent, kept) if hasattr(one, "file_meta")]
    if len(set(syntaxes)) > 1:
        found.append(Difference("changed", "TransferSyntaxUID"))
    return tuple(found)


def _compared(sent: Any, kept: Any, within: str) -> Iterator[Difference]:
    for tag in sorted({*sent.keys(), *kept.keys()}):
        if tag.element == 0:
            continue
        if tag not in kept:
            yield Difference("lost", within + _name(sent[tag]))
        elif tag not in sent:
            yield Difference("added", within + _name(kept[tag]))
        else:
            yield from _in_element(sent[tag], kept[tag], within)


def _in_element(ours: DataElement, theirs: DataElement, within: str) -> Iterator[Difference]:
    name = within + _name(ours)
    if ours.VR == theirs.VR == "SQ":
        if len(ours.value) != len(theirs.value):
            yield Difference("changed", name)
            return
        for index, (one, other) in enumerate(zip(ours.value, theirs.value, strict=True)):
            yield from _compared(one, other, f"{name}[{index}].")
    elif _plain(ours) != _plain(theirs):
        yield Difference("changed", name)


def _plain(element: DataElement) -> Any:
    value = element.value
    if value is None or (not isinstance(value, (int, float, bytes)) and len(value) == 0):
        return ""
    if isinstance(value, bytes):
        return value.rstrip(b"\0")  # padded to an even length
    if element.VM > 1:
        return [str(one) if element.VR == "PN" else one for one in value]
    return str(value) if element.VR == "PN" else value


def _name(element: DataElement) -> str:
    return element.keyword or f"({element.tag.group:04X},{element.tag.element:04X})"
