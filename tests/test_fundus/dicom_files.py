"""DICOM files as cameras write them, in every transfer syntax."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

OPHTHALMIC_8 = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
OPHTHALMIC_16 = "1.2.840.10008.5.1.4.1.1.77.1.5.2"
LOSSLESS = (
    uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless,
)  # fmt: skip


def smooth(height: int = 48, width: int = 64, depth: int = 8) -> np.ndarray:
    """A picture without hard edges, so that lossy encodings stay near it; different in every row, column and channel."""
    y, x = np.mgrid[:height, :width]
    planes = [np.sin(x / 17 + c) * np.cos(y / 13 - c) for c in range(3)]
    top = (1 << depth) - 1
    return np.rint((np.stack(planes, axis=-1) * 0.45 + 0.5) * top).astype(np.uint8 if depth <= 8 else np.uint16)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def dicom_dataset(
    frames: np.ndarray,
    syntax: str = uid.ExplicitVRLittleEndian,
    sop_class: str = OPHTHALMIC_8,
    photometric: str = "RGB",
    stored: int = 8,
    planar: int = 0,
    **attributes: Any,
) -> Dataset:
    """Pixels (H, W, 3) or (N, H, W, 3), values as they are stored, to an object that only needs to be saved."""
    frames = frames if frames.ndim == 4 else frames[None]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid.generate_uid()
    dataset.SOPClassUID, dataset.Modality = sop_class, "OP"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = frames.shape[1], frames.shape[2], frames.shape[3]
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = photometric, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * frames.itemsize, stored, stored - 1
    if frames.shape[3] > 1:
        dataset.PlanarConfiguration = planar
    if len(frames) > 1:
        dataset.NumberOfFrames = len(frames)
    for name, value in attributes.items():
        setattr(dataset, name, value)
    _set_pixels(dataset, frames, uid.UID(syntax), planar)
    return dataset


def _set_pixels(dataset: Dataset, frames: np.ndarray, syntax: uid.UID, planar: int) -> None:
    if syntax in (uid.RLELossless, uid.JPEGLSLossless, uid.JPEGLSNearLossless):
        dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        dataset.PixelData = np.ascontiguousarray(frames).tobytes()
        options = {"jls_error": 2} if syntax == uid.JPEGLSNearLossless else {}
        dataset.compress(syntax, encoding_plugin="pydicom" if syntax == uid.RLELossless else "pyjpegls", **options)
    elif syntax.is_encapsulated:
        dataset.PixelData = encapsulate([_with_pillow(frame, syntax) for frame in frames])
        dataset["PixelData"].VR = "OB"
    else:
        values = np.moveaxis(frames, -1, 1) if planar else frames
        order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
        raw = np.ascontiguousarray(values.astype(values.dtype.newbyteorder(order))).tobytes()
        dataset.PixelData = raw + b"\0" * (len(raw) % 2)
        dataset["PixelData"].VR = "OW" if values.itemsize == 2 or syntax.is_implicit_VR else "OB"


def _with_pillow(frame: np.ndarray, syntax: uid.UID) -> bytes:
    stream = io.BytesIO()
    picture = Image.fromarray(frame if frame.shape[-1] > 1 else frame[..., 0])
    if syntax in (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit):
        picture.save(stream, "JPEG", quality=97, subsampling=0)
    else:
        options = {"irreversible": syntax == uid.JPEG2000, "quality_layers": [4]} if syntax == uid.JPEG2000 else {}
        picture.save(stream, "JPEG2000", no_jp2=True, mct=1, **options)
    return stream.getvalue()


def to_bytes(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
