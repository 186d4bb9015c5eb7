"""Right eye or left eye in words: descriptions that cameras write, and file names."""

from __future__ import annotations

import re
from pathlib import PurePath

from napari_latent_explain.domain import Laterality, LateralityReading

__all__ = ["laterality_in_description", "laterality_in_file_name"]


def _description(side: str, letter: str, latin: str, short: str) -> re.Pattern[str]:
    named = rf"{side}\s+(eye|fundus|retina)|oculus\s+{latin}|(laterality|eye)\s*[:=]\s*({letter}|{side})"
    return re.compile(rf"\b({named}|o\.?{short}\.?)(?!\w)", re.IGNORECASE)


_DESCRIBED = {
    Laterality.OD: _description("right", "r", "dexter", "d"),
    Laterality.OS: _description("left", "l", "sinister", "s"),
}
_WORDS = dict.fromkeys(("od", "right", "re", "righteye", "dexter"), Laterality.OD) | dict.fromkeys(
    ("os", "left", "le", "lefteye", "sinister"), Laterality.OS
)
_LETTERS = {"r": Laterality.OD, "l": Laterality.OS}


def laterality_in_description(text: str) -> LateralityReading:
    """Read a description such as EXIF ImageDescription; both eyes named, or none, gives an empty reading."""
    found = [eye for eye, words in _DESCRIBED.items() if words.search(text)]
    if len(found) != 1:
        return LateralityReading()
    return LateralityReading(eye=found[0], confidence=0.99, source="metadata")


def laterality_in_file_name(name: str) -> LateralityReading:
    """Read a file name: OD, OS, left, right, ``_L``, ``_R`` and ``01L`` as words of their own.

    Examples
    --------
    >>> laterality_in_file_name("patient7_OS.png").eye
    <Laterality.OS: 'OS'>
    >>> laterality_in_file_name("chase_01R.jpg").eye
    <Laterality.OD: 'OD'>
    """
    stem = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", PurePath(name).stem)
    tokens = [t for t in re.split(r"[^A-Za-z0-9]+", stem) if t]
    eyes = {_WORDS[t.lower()] for t in tokens if t.lower() in _WORDS}
    confidence = 0.97
    if not eyes:
        letters = [t.lower() for t in tokens]
        letters = [t[-1] if re.fullmatch(r"\d+[lr]", t) else t for t in letters]
        eyes = {_LETTERS[t] for t in letters if t in _LETTERS}
        confidence = 0.93
    if len(eyes) != 1:
        return LateralityReading()
    return LateralityReading(eye=eyes.pop(), confidence=confidence, source="file name")
