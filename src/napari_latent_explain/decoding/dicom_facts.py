"""What a DICOM photograph says of itself, and nothing of whom it shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from napari_latent_explain.decoding.wire import Facts, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["facts_of"]

# PS3.16 CID 244 (SNOMED CT, and SRT before it) and the single eyes.
_SIDES = {
    "24028007": "R", "G-A100": "R", "18944008": "R", "7771000": "L", "G-A101": "L", "8966001": "L",
}  # fmt: skip
_MOST_FRAMES = 10_000
_SPACING = (0.0002, 1.0)  # millimetres: from finer than the eye's optics to a pixel of half an optic disc


def _number_of_frames(dataset: Any) -> int:
    """How many pictures a dataset has, at least 1 (PS3.3 C.7.6.6)."""
    frames = max(1, int(dataset.get("NumberOfFrames", None) or 1))
    if frames > _MOST_FRAMES:
        msg = f"says that it has more than {_MOST_FRAMES} frames, as no photograph does: export it anew."
        raise Refusal(msg)
    return frames


def facts_of(dataset: Any, frame: int, *, on_retina: bool) -> Facts:
    """Read laterality, spacing, device and the number of frames.

    Parameters
    ----------
    dataset : pydicom.Dataset
        A photograph.
    frame : int
        Which frame, from 0: functional groups may differ from frame to frame.
    on_retina : bool
        Whether its Pixel Spacing is one on the retina. In the Ophthalmic Photography Image Module it is the nominal distance
        at the focal plane, in the retina (PS3.3 C.8.17.2, Pixel Spacing 0028,0030); Imager Pixel Spacing and what other modules
        keep are distances elsewhere, and are not read.
    """
    return Facts(
        eye=_eye(dataset, frame),
        spacing=_spacing(dataset, frame) if on_retina else None,
        device=" ".join(filter(None, (_line(dataset, "Manufacturer"), _line(dataset, "ManufacturerModelName")))),
        frames=_number_of_frames(dataset),
        simulated=_drawn(dataset),
    )


def _groups(dataset: Any, frame: int) -> Iterator[Any]:
    """The functional groups of a frame, its own first (PS3.3 C.7.6.16)."""
    own = list(dataset.get("PerFrameFunctionalGroupsSequence", None) or ())
    if 0 <= frame < len(own):
        yield own[frame]
    yield from list(dataset.get("SharedFunctionalGroupsSequence", None) or ())[:1]


def _eye(dataset: Any, frame: int) -> Any:
    """R or L if all that say so agree, else nothing (PS3.3 C.7.3.1, C.10.5, C.7.6.16.2.8, 10.5)."""
    told = []
    for group in _groups(dataset, frame):
        for item in group.get("FrameAnatomySequence", None) or ():
            told.append(str(item.get("FrameLaterality", None) or ""))
            told += _sides(item)
    told += [str(dataset.get(name, None) or "") for name in ("ImageLaterality", "Laterality")]
    told += _sides(dataset)
    said = {side.strip().upper() for side in told} & {"R", "L", "B"}
    return said.pop() if len(said) == 1 and "B" not in said else ""


def _sides(item: Any) -> list[str]:
    found = []
    for region in item.get("AnatomicRegionSequence", None) or ():
        modifiers = region.get("AnatomicRegionModifierSequence", None) or ()
        found += [_SIDES.get(str(code.get("CodeValue", "")), "") for code in (region, *modifiers)]
    return found


def _spacing(dataset: Any, frame: int) -> tuple[float, float] | None:
    given = dataset.get("PixelSpacing", None)
    for group in _groups(dataset, frame):
        for item in group.get("PixelMeasuresSequence", None) or ():
            given = item.get("PixelSpacing", None) or given
    try:
        down, across = (float(value) for value in given or ())
    except (TypeError, ValueError):
        return None
    least, most = _SPACING
    possible = all(math.isfinite(value) and least <= value <= most for value in (down, across))
    return (down, across) if possible else None


def _line(dataset: Any, name: str) -> str:
    """An LO value: one line of 64 characters at most (PS3.5 6.2)."""
    value = dataset.get(name, None)
    return " ".join(value.split())[:64] if isinstance(value, str) else ""


def _drawn(dataset: Any) -> bool:
    names = ("DerivationDescription", "ImageComments", "SeriesDescription", "Manufacturer", "ManufacturerModelName")
    told = " ".join(str(dataset.get(name, None) or "") for name in names).lower()
    return "simulated" in told or "synthetic" in told
