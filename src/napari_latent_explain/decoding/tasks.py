"""What the child does with the bytes of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.decoding.wire import Answer, Refusal

if TYPE_CHECKING:
    from napari_latent_explain.decoding.limits import Limits
    from napari_latent_explain.decoding.wire import Request

__all__ = ["perform"]


def perform(request: Request, data: bytes, limits: Limits) -> Answer:
    """Do one request.

    Raises
    ------
    Refusal
        If the file is not what was asked for. Anything else that is raised means a damaged file.
    """
    if data[128:132] == b"DICM":
        from napari_latent_explain.decoding import dicom

        if request.task == "directory":
            return Answer(facts=dicom.directory(data))
        if request.task == "thumbnail":
            from napari_latent_explain.decoding.thumbnail import shrunk

            return Answer(shrunk(dicom.photograph(data, request, limits).pixels, request.size))
        return dicom.photograph(data, request, limits)
    if request.task == "directory":
        msg = "is no DICOMDIR: name the file DICOMDIR of the medium."
        raise Refusal(msg)
    if request.frame:
        msg = "has one picture alone: ask for its first."
        raise Refusal(msg)
    from napari_latent_explain.decoding import picture

    if request.task == "facts":
        return Answer()
    if request.task == "thumbnail":
        from napari_latent_explain.decoding.thumbnail import thumbnail

        return Answer(thumbnail(data, request.size, limits))
    return picture.photograph(data, limits)
