"""DICOM ophthalmic photographs to RGB, and what else a file turns out to be."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

from napari_latent_explain.decoding.dicom_facts import facts_of
from napari_latent_explain.decoding.wire import Answer, Facts, Refusal

if TYPE_CHECKING:
    from napari_latent_explain.decoding.limits import Limits
    from napari_latent_explain.decoding.wire import Request

__all__ = ["directory", "photograph"]

_OPHTHALMIC = ("1.2.840.10008.5.1.4.1.1.77.1.5.1", "1.2.840.10008.5.1.4.1.1.77.1.5.2")
_PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_MOST_INFLATED = 2**30
_DIRECTORY = "1.2.840.10008.1.3.10"
_MISSING = "is a DICOM file, and what reads those is not installed: pip install 'napari-latent-explain[dicom]'."
# PS3.3 C.8.17.2: the later values of Image Type say through which filter an ophthalmic photograph was taken.
_FILTERED = {
    "FLUORESCEIN": "a fluorescein angiogram",
    "ICG": "an indocyanine green angiogram",
    "REDFREE": "a red-free photograph",
    "RED": "a photograph in red light",
    "BLUE": "a photograph in blue light",
    "AUTOFLUORESCENCE": "an autofluorescence picture",
}
# PS3.16 CID 4202, as SNOMED CT codes and the SRT codes before them: devices that do not look at the retina.
_OTHER_DEVICES = {
    "409903006": "an external camera", "R-1021B": "an external camera",
    "397522002": "a keratoscope", "A-00FCA": "a keratoscope",
    "102321001": "an operating microscope", "A-2B210": "an operating microscope",
    "420827006": "a pupillograph", "A-00FF4": "a pupillograph",
    "397247004": "a slit lamp", "A-2B201": "a slit lamp",
    "409899004": "a specular microscope", "R-1021C": "a specular microscope",
}  # fmt: skip


def photograph(data: bytes, request: Request, limits: Limits) -> Answer:
    """Decode one frame of a DICOM photograph of the fundus, or, for the task ``facts``, read what it says alone.

    Ophthalmic Photography 8 Bit and 16 Bit Image Storage (PS3.3 A.41, A.42) and VL Photographic Image Storage (A.32.4).
    VOI LUTs and windows are ignored, as is an ICC profile: pixels are what the camera stored.

    Raises
    ------
    Refusal
        If it is another kind of object, or is encoded in a way that is not read here.
    """
    dataset = _read(data)
    _refuse_others(dataset)
    facts = facts_of(dataset, request.frame, on_retina=str(dataset.SOPClassUID) in _OPHTHALMIC)
    if request.task == "facts":
        return Answer(facts=facts)
    if not 0 <= request.frame < facts.frames:
        many = "one frame" if facts.frames == 1 else f"{facts.frames} frames"
        msg = f"has {many}, and no frame {request.frame} (they count from 0): ask for one that it has."
        raise Refusal(msg)
    from napari_latent_explain.decoding.dicom_pixels import rgb_frame

    return Answer(rgb_frame(dataset, request.frame, limits), facts)


def directory(data: bytes) -> Facts:
    """Return the paths of the photographs that a DICOMDIR lists (PS3.3 F.3, PS3.10 8.6).

    Raises
    ------
    Refusal
        If it is no DICOMDIR.
    """
    dataset = _read(data)
    if str(dataset.file_meta.get("MediaStorageSOPClassUID", "")) != _DIRECTORY:
        msg = "is no DICOMDIR: name the file DICOMDIR of the medium."
        raise Refusal(msg)
    found = []
    for record in dataset.DirectoryRecordSequence:
        if str(record.get("ReferencedSOPClassUIDInFile", "")) in (*_OPHTHALMIC, _PHOTOGRAPHIC):
            path = record.get("ReferencedFileID", None)
            if path:
                found.append((path,) if isinstance(path, str) else tuple(str(part) for part in path))
    return Facts(files=tuple(found))


def _read(data: bytes) -> Any:
    try:
        import pydicom
        from pydicom import config
    except ImportError as error:
        raise Refusal(_MISSING) from error
    _refuse_deflated_bomb(data)
    config.settings.reading_validation_mode = config.IGNORE
    return pydicom.dcmread(io.BytesIO(data))


def _refuse_deflated_bomb(data: bytes) -> None:
    """Inflate no more than a photograph has; pydicom would inflate all (PS3.5 A.5)."""
    end_of_meta = 144 + int.from_bytes(data[140:144], "little")
    if _DEFLATED in data[132:end_of_meta]:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[end_of_meta:], _MOST_INFLATED + 1)
        if len(inflated) > _MOST_INFLATED:
            msg = f"holds more than {_MOST_INFLATED // 2**20} MiB once it is unpacked, as no photograph does: export it anew."
            raise Refusal(msg)


def _refuse_others(dataset: Any) -> None:
    kind = str(dataset.get("SOPClassUID", "") or dataset.file_meta.get("MediaStorageSOPClassUID", ""))
    if kind == _DIRECTORY:
        msg = "is a DICOMDIR, a list of files, not a fundus photograph: open it as a source of photographs."
        raise Refusal(msg)
    if kind not in (*_OPHTHALMIC, _PHOTOGRAPHIC):
        msg = f"is {_kind_in_words(kind)}, not a fundus photograph: choose an Ophthalmic Photography file."
        raise Refusal(msg)
    if "SOPClassUID" not in dataset:
        dataset.SOPClassUID = kind
    for value in list(dataset.get("ImageType", None) or ())[2:]:
        if filtered := _FILTERED.get(str(value).upper()):
            msg = f"is {filtered}, not a colour photograph, and the model knows colour alone: choose that one."
            raise Refusal(msg)
    devices = [str(item.get("CodeValue", "")) for item in dataset.get("AcquisitionDeviceTypeCodeSequence", None) or ()]
    if devices and all(code in _OTHER_DEVICES for code in devices):
        msg = (
            f"was taken with {_OTHER_DEVICES[devices[0]]}, which does not show the retina: choose a fundus photograph."
        )
        raise Refusal(msg)
    if "PixelData" not in dataset:
        msg = "is a DICOM photograph without pixels: copy it again from its source."
        raise Refusal(msg)


def _kind_in_words(kind: str) -> str:
    """A SOP class as pydicom's dictionary names it, never in the words of the file."""
    from pydicom.uid import UID_dictionary

    name, sort, *_ = UID_dictionary.get(kind, ("", ""))
    if sort != "SOP Class":
        return "a DICOM object of an unknown kind"
    name = name.split(" - For ")[0].removesuffix(" Storage").removesuffix(" (Retired)").removesuffix(" Storage")
    spoken_with_vowel = name[0] in "AEIOU" or name.startswith(("MR ", "RT ", "X-Ray", "XA ", "XRF"))
    return f"{'an' if spoken_with_vowel else 'a'} {name}"
