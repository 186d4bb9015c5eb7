"""One DICOM file in memory: what is read of it here, and how it is asked for (WADO-RS, PS3.18 10.4)."""

from __future__ import annotations

import io
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cohort.dicomweb.answers import MULTIPART, instance_in, is_uid
from napari_latent_explain.cohort.dicomweb.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom import Dataset

    from napari_latent_explain.cohort.dicomweb.archive import Archive

__all__ = ["read_instance", "retrieve", "uids_of"]

_DEFLATED = b"1.2.840.10008.1.2.1.99"
_MOST_INFLATED = 2**30
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


def retrieve(
    archive: Archive, study: str, series: str, instance: str, still_wanted: Callable[[], None], syntax: str = "*"
) -> bytes | None:
    """Fetch one instance; None if the archive doesn't have it.

    Parameters
    ----------
    syntax : str
        UID of the transfer syntax that is wanted; without it, or if the archive can't, it comes in the one that it is kept in.

    Raises
    ------
    AnswerError
        If what comes is too large, too slow, no DICOM file, or another instance.
    ArchiveError
        If the archive can't be used.
    """
    url = archive.url(study, series, instance)
    answer = archive.get(url, MULTIPART + syntax, archive.limits.instance_bytes, still_wanted)
    if answer.status == 406 and syntax != "*":
        return retrieve(archive, study, series, instance, still_wanted)
    if answer.status in (404, 410):
        return None
    if answer.status not in (200, 206):
        msg = f"The archive answers {answer.status} instead of the instance."
        raise AnswerError(msg)
    data = instance_in(answer)
    if uids_of(read_instance(data, heading=True)) != (study, series, instance):
        msg = "The archive sends another instance than the one that was asked for."
        raise AnswerError(msg)
    return data


def read_instance(data: bytes, *, heading: bool = False) -> Dataset:
    """Read a DICOM file, all of it or what says which it is; pixels are not decoded.

    Raises
    ------
    AnswerError
        If it can't be read.
    """
    from pydicom import dcmread

    _refuse_deflated_bomb(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote values, which may be a patient's
        try:
            if heading:
                return dcmread(io.BytesIO(data), stop_before_pixels=True, specific_tags=[*_UIDS, "SOPClassUID"])
            found = dcmread(io.BytesIO(data))
            for element in found.iterall():
                _ = element.value  # what can't be read is found now
        except Exception as error:  # noqa: BLE001 - pydicom raises many kinds, which quote values
            msg = f"A DICOM file can't be read ({type(error).__name__})."
            raise AnswerError(msg) from None
    return found


def uids_of(dataset: Any) -> tuple[str, str, str]:
    """UIDs of study, series and instance; empty where there is none."""
    found = [str(dataset.get(name, "") or "") for name in _UIDS]
    study, series, instance = (uid if is_uid(uid) else "" for uid in found)
    return study, series, instance


def _refuse_deflated_bomb(data: bytes) -> None:
    """Inflate no more than a photograph has; pydicom would inflate all (PS3.5 A.5)."""
    end_of_meta = 144 + int.from_bytes(data[140:144], "little")
    if _DEFLATED not in data[132:end_of_meta]:
        return
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[end_of_meta:], _MOST_INFLATED + 1)
    except zlib.error:
        inflated = b""
    if not inflated or len(inflated) > _MOST_INFLATED:
        msg = "A DICOM file is damaged, or unpacks to more than any photograph has."
        raise AnswerError(msg)
