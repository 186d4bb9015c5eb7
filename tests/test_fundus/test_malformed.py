"""Hundreds of damaged files, of every kind: each is read or refused with one sentence, and the program goes on."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

pytest.importorskip("pydicom")
from pydicom import uid

sys.path.insert(0, str(Path(__file__).parent))
from dicom_files import LOSSLESS, dicom_dataset, smooth, to_bytes

from napari_latent_explain.decoding import shared_decoders
from napari_latent_explain.domain import Photograph, PhotographError
from napari_latent_explain.fundus.reader import decode_photograph

RGB = smooth(24, 32)


def plain(kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "DEEP":
        tifffile.imwrite(stream, smooth(24, 32, 16), photometric="rgb", compression="zlib")
    else:
        Image.fromarray(RGB).save(stream, kind)
    return stream.getvalue()


def whole_files() -> dict[str, bytes]:
    files = {kind: plain(kind) for kind in ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "DEEP")}
    for syntax in (*LOSSLESS, uid.JPEGLSNearLossless):
        files[uid.UID(syntax).name] = to_bytes(dicom_dataset(RGB, syntax))
    files["JPEG in DICOM"] = to_bytes(dicom_dataset(RGB, uid.JPEGBaseline8Bit, photometric="YBR_FULL_422"))
    files["frames"] = to_bytes(dicom_dataset(np.stack([RGB, RGB]), uid.RLELossless))
    return files


FILES = whole_files()


def damaged(data: bytes, rng: np.random.Generator) -> list[bytes]:
    """Cut short 8 times; 1 to 8 bits flipped, 8 times in the first 400 bytes and 8 times anywhere; a hole; a doubled part."""
    made = [data[: int(cut)] for cut in rng.integers(1, len(data), 8)]
    for number in range(16):
        broken = bytearray(data)
        for place in rng.integers(0, min(len(data), 400) if number < 8 else len(data), rng.integers(1, 9)):
            broken[place] ^= 1 << int(rng.integers(8))
        made.append(bytes(broken))
    begin, end = sorted(rng.integers(0, len(data), 2))
    return [*made, data[:begin] + data[end:], data[:end] + data[begin:]]


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_is_read_or_refused(kind) -> None:
    whole = decode_photograph(FILES[kind], "whole")
    assert whole.pixels.shape == (24, 32, 3)
    refused, rng = 0, np.random.default_rng(sorted(FILES).index(kind))
    for broken in damaged(FILES[kind], rng):
        try:
            assert isinstance(decode_photograph(broken, "broken.dcm"), Photograph)
        except PhotographError as error:
            refused += 1
            message = str(error)
            assert message.startswith("'broken.dcm' ")
            assert message.endswith(".")
            assert message.isprintable()
            assert len(message) < 300
    assert refused >= 5
    assert np.array_equal(decode_photograph(FILES[kind], "whole").pixels, whole.pixels)


def test_there_are_more_than_two_hundred_of_them() -> None:
    assert sum(len(damaged(data, np.random.default_rng(0))) for data in FILES.values()) > 400


def test_noise_after_the_magic_number_is_refused() -> None:
    rng = np.random.default_rng(7)
    for start in (
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"II*\0",
        b"MM\0+",
        b"BM",
        b"\0" * 128 + b"DICM",
        b"\xff\x4f\xff\x51",
        b"",
    ):
        for size in (1, 40, 3000):
            with pytest.raises(PhotographError):
                decode_photograph(start + rng.bytes(size), "noise")


def test_a_deflated_bomb_is_refused() -> None:
    import zlib

    data = to_bytes(dicom_dataset(RGB, uid.DeflatedExplicitVRLittleEndian))
    at = 132 + 12 + int.from_bytes(data[140:144], "little")
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = squeeze.compress(bytes(2**24)) + squeeze.flush(
        zlib.Z_FULL_FLUSH
    )  # stands by itself, so that it can be repeated
    bomb = piece * 512 + squeeze.flush()
    with pytest.raises(PhotographError, match="holds more than 1024 MiB once it is unpacked"):
        decode_photograph(data[:at] + bomb, "bomb.dcm")


def test_the_children_outlive_most_damage() -> None:
    decode_photograph(FILES["PNG"], "whole")
    before = shared_decoders()._idle[-1]._process.pid
    for cut in range(10, len(FILES["JPEG"]), 60):
        with pytest.raises(PhotographError):
            decode_photograph(FILES["JPEG"][:cut], "cut")
    assert before in {child._process.pid for child in shared_decoders()._idle}
    assert before != os.getpid()
