"""A compressed picture's own header is believed only where it says what the DICOM file says."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pydicom")
pytest.importorskip("jpeg_ls")
import jpeg_ls
from pydicom import uid

sys.path.insert(0, str(Path(__file__).parent))
from dicom_files import dicom_dataset, smooth, to_bytes

from napari_latent_explain.decoding.codestream import stated_shape
from napari_latent_explain.domain import PhotographError
from napari_latent_explain.fundus.reader import decode_photograph

RGB = smooth(24, 32)
SIZED = {  # where a frame's header begins, and how far from there height and width, and the channels, are
    uid.JPEGLSLossless: (b"\xff\xf7", 5, ">HH", 9),
    uid.JPEGBaseline8Bit: (b"\xff\xc0", 5, ">HH", 9),
    uid.JPEG2000Lossless: (b"\xff\x4f\xff\x51", 8, ">II", 41),
}
COLOURS = {uid.JPEGBaseline8Bit: "YBR_FULL", uid.JPEG2000Lossless: "YBR_RCT"}


def encoded(picture: np.ndarray, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("lossy_error", [0, 3])
@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("depth", [8, 12])
def test_the_size_of_jpeg_ls_is_read(lossy_error: int, mode: int, depth: int) -> None:
    picture = smooth(24, 32, depth)
    ordered = {0: np.moveaxis(picture, -1, 0), 1: np.moveaxis(picture, -1, 1), 2: picture}[mode]
    data = jpeg_ls.encode_pixel_data(
        ordered.tobytes(), rows=24, columns=32, samples_per_pixel=3, bits_stored=depth,
        lossy_error=lossy_error, interleave_mode=mode,
    )  # fmt: skip
    assert stated_shape(bytes(data)) == (24, 32, 3)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}), ("JPEG", {"progressive": True}), ("JPEG", {"comment": b"\xff\xc0" * 20}),
        ("JPEG", {"restart_marker_rows": 1}),
        ("JPEG2000", {"no_jp2": True}), ("JPEG2000", {"no_jp2": False}), ("JPEG2000", {"tile_size": (16, 16), "no_jp2": True}),
        ("JPEG2000", {"offset": (5, 7), "tile_size": (64, 64), "no_jp2": True}),
    ],
)  # fmt: skip
def test_the_size_of_jpeg_and_jpeg_2000_is_read(kind: str, options: dict[str, object]) -> None:
    assert stated_shape(encoded(RGB, kind, **options)) == (24, 32, 3)
    assert stated_shape(encoded(RGB[..., 0], kind, **options)) == (24, 32, 1)


def test_fill_bytes_and_garbage_before_a_header_hide_nothing() -> None:
    data = encoded(RGB, "JPEG")
    assert stated_shape(data[:2] + b"\xff\xff\xff" + data[2:]) == (24, 32, 3)
    assert stated_shape(data[:2] + b"\x12\x34\xff\x00" + data[2:]) == (24, 32, 3)


def test_what_has_no_header_has_no_size() -> None:
    rng = np.random.default_rng(0)
    data = encoded(RGB, "JPEG")
    for one in (
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\xff\x4f\xff\x51",
        b"\xff" * 50,
        rng.bytes(200),
    ):
        assert stated_shape(one) is None
    for cut in range(len(data)):
        assert stated_shape(data[:cut]) in (None, (24, 32, 3))


def lying(syntax: str, height: int, width: int, channels: int = 3) -> bytes:
    data = bytearray(to_bytes(dicom_dataset(RGB, syntax, photometric=COLOURS.get(syntax, "RGB"))))
    begin, place, sizes, count = SIZED[syntax]
    at = data.index(begin)
    values = (height, width) if syntax != uid.JPEG2000Lossless else (width, height)
    data[at + place : at + place + struct.calcsize(sizes)] = struct.pack(sizes, *values)
    data[at + count] = channels
    return bytes(data)


@pytest.mark.parametrize("syntax", SIZED, ids=lambda syntax: syntax.name)
def test_a_header_that_differs_is_refused_before_decoding(syntax: str) -> None:
    assert decode_photograph(lying(syntax, 24, 32), "eye.dcm").pixels.shape == (24, 32, 3)
    for height, width, channels in ((20000, 30000, 3), (25, 32, 3), (32, 24, 3), (24, 32, 200), (0, 32, 3)):
        with pytest.raises(PhotographError) as refused:
            decode_photograph(lying(syntax, height, width, channels), "eye.dcm")
        assert str(refused.value) == (
            "'eye.dcm' is said to have 32 x 24 pixels with 3 channels, but its compressed picture has "
            f"{width} x {height} pixels with {channels} channels: export it anew."
        )


@pytest.mark.parametrize("frame", [0, 1])
def test_the_frame_that_is_asked_for_is_the_one_that_is_looked_at(frame: int) -> None:
    data = bytearray(to_bytes(dicom_dataset(np.stack([RGB, RGB[::-1]]), uid.JPEGLSLossless)))
    second = data.index(b"\xff\xf7", data.index(b"\xff\xf7") + 2)
    data[second + 5 : second + 9] = struct.pack(">HH", 20000, 30000)
    if frame:
        with pytest.raises(PhotographError, match="30000 x 20000"):
            decode_photograph(bytes(data), "eye.dcm", frame)
    else:
        assert np.array_equal(decode_photograph(bytes(data), "eye.dcm", frame).pixels, RGB)


@pytest.mark.parametrize("syntax", [uid.JPEGLSLossless, uid.JPEG2000Lossless], ids=lambda syntax: syntax.name)
def test_a_black_picture_of_a_few_bytes_is_read(syntax: str) -> None:
    black = np.zeros((600, 800, 3), np.uint8)
    data = to_bytes(dicom_dataset(black, syntax, photometric=COLOURS.get(syntax, "RGB")))
    assert len(data) < 3000
    assert np.array_equal(decode_photograph(data, "eye.dcm").pixels, black)
