"""One frame of a DICOM photograph as RGB of the full range of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_latent_explain.decoding.codestream import stated_shape
from napari_latent_explain.decoding.picture import refuse_bomb
from napari_latent_explain.decoding.wire import Refusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.decoding.limits import Limits

__all__ = ["rgb_frame"]

_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
# Transfer syntax (PS3.5 A) to the plugin that decodes it. Others that may be installed are never asked: pylibjpeg-openjpeg
# ends the process on damaged JPEG 2000.
_PLUGINS = dict.fromkeys(_NATIVE, "") | {
    "1.2.840.10008.1.2.5": "pydicom",
    "1.2.840.10008.1.2.4.50": "pillow",
    "1.2.840.10008.1.2.4.51": "pillow",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pillow",
    "1.2.840.10008.1.2.4.91": "pillow",
}
_JPEG2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_WITH_HEADERS = {syntax for syntax, plugin in _PLUGINS.items() if plugin in ("pillow", "pyjpegls")}
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")


def rgb_frame(dataset: Any, frame: int, limits: Limits) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Decode a frame.

    Bits Stored from 9 to 15 are stretched to 16, as fewer than 8 are to 8, so that white is white. A grey picture (red-free,
    an angiogram, autofluorescence) is refused rather than made grey RGB: the models here have seen colour alone.

    Returns
    -------
    numpy.ndarray
        (H, W, 3), uint8 if 8 bits or less are stored, else uint16.

    Raises
    ------
    Refusal
        If it is grey, or encoded in a way that is not read here.
    """
    plugin = _plugin(dataset)
    colours = str(dataset.PhotometricInterpretation)
    if colours in ("MONOCHROME1", "MONOCHROME2"):
        msg = (
            "is a grey picture (red-free, an angiogram or autofluorescence), not a colour photograph, "
            "and the model knows colour alone: choose that one."
        )
        raise Refusal(msg)
    if colours not in _COLOURS:
        msg = "keeps its colours in a way that is not read here: export it as RGB."
        raise Refusal(msg)
    rows, columns, stored = int(dataset.Rows), int(dataset.Columns), int(dataset.BitsStored)
    refuse_bomb(rows * columns, limits)
    if not 1 <= stored <= 16 or int(dataset.PixelRepresentation) != 0:
        msg = "has signed values or more than 16 bits a channel, as no photograph has: export it anew."
        raise Refusal(msg)
    values = _decoded(dataset, frame, plugin)
    if colours == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        rgb = apply_color_lut(values & ((1 << stored) - 1), dataset)
        values, stored = rgb[..., :3], 8 * rgb.dtype.itemsize
    if values.shape != (rows, columns, 3):
        msg = "has not three colours for each of its pixels: export it as RGB."
        raise Refusal(msg)
    return _full_range(values, stored)


def _plugin(dataset: Any) -> str:
    syntax = dataset.file_meta.TransferSyntaxUID
    if str(syntax) not in _PLUGINS:
        from pydicom.uid import UID_dictionary

        name = UID_dictionary.get(str(syntax), ("an unknown way",))[0].split(" (")[0].split(",")[0]
        msg = f"is compressed as {name}, which is not read here: decompress it, for instance with dcmdjpeg or gdcmconv."
        raise Refusal(msg)
    if str(syntax) in _JPEG2000 and int(dataset.BitsStored) > 8 and int(dataset.SamplesPerPixel) > 1:
        msg = "is JPEG 2000 with more than 8 bits a colour, which would be lost: decompress it, or use JPEG-LS or RLE."
        raise Refusal(msg)
    return _PLUGINS[str(syntax)]


def _decoded(dataset: Any, frame: int, plugin: str) -> NDArray[Any]:
    """(H, W, 3) or (H, W), unsigned, RGB or indices of a palette."""
    from pydicom.pixels import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    decoder = get_decoder(syntax)
    if plugin and not decoder.is_available:
        msg = "is a DICOM file in a compression whose decoder is not installed: pip install 'napari-latent-explain[dicom]'."
        raise Refusal(msg)
    _refuse_another_shape(dataset, frame)
    values, _ = decoder.as_array(dataset, index=frame, raw=False, decoding_plugin=plugin)
    return np.asarray(values)


def _refuse_another_shape(dataset: Any, frame: int) -> None:
    """Refuse a compressed picture whose own header differs: decoders take time and memory for what that says."""
    from pydicom.encaps import get_frame
    from pydicom.pixels.utils import as_pixel_options

    if str(dataset.file_meta.TransferSyntaxUID) not in _WITH_HEADERS:
        return
    options = as_pixel_options(dataset)
    table = options.get("extended_offsets")
    if table is not None and len(table[0]) != len(table[1]):  # pydicom does not use it then either
        table = None
    data = get_frame(dataset.PixelData, frame, number_of_frames=options["number_of_frames"], extended_offsets=table)
    said = int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel)
    found = stated_shape(data)
    if found is not None and found != said:
        msg = f"is said to have {_in_words(said)}, but its compressed picture has {_in_words(found)}: export it anew."
        raise Refusal(msg)


def _in_words(shape: tuple[int, int, int]) -> str:
    rows, columns, channels = shape
    return f"{columns} x {rows} pixels with {channels} channel{'s' * (channels != 1)}"


def _full_range(values: NDArray[Any], stored: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    most = (1 << stored) - 1
    deep = stored > 8
    kept = values if values.dtype.itemsize * 8 == stored else values & most  # bits above Bits Stored mean nothing
    white = 65535 if deep else 255
    if most != white:
        kept = (kept.astype(np.uint32) * white + most // 2) // most
    if deep:
        return np.ascontiguousarray(kept, dtype=np.uint16)
    return np.ascontiguousarray(kept, dtype=np.uint8)
