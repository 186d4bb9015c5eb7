"""Files of every kind become the same photograph; anything else gets one clear sentence."""

from __future__ import annotations

import hashlib
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from napari_latent_explain.domain import Laterality, PhotographError
from napari_latent_explain.fundus import read_photograph

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)
DEEP = RNG.integers(0, 65536, (40, 60, 3)).astype(np.uint16)


def write_png(path, values, colour_type):
    """Write 16-bit samples as PNG, with every row filter in turn."""
    rows, before = [], np.zeros(values[0].astype(">u2").tobytes().__len__(), np.int64)
    step = 2 * (values.shape[2] if values.ndim == 3 else 1)
    for index, row in enumerate(values):
        raw = np.frombuffer(row.astype(">u2").tobytes(), np.uint8).astype(np.int64)
        shifted = np.concatenate([np.zeros(step, np.int64), raw[:-step]])
        kind = index % 3
        base = (np.zeros_like(raw), shifted, before)[kind]
        rows.append(bytes([kind]) + ((raw - base) % 256).astype(np.uint8).tobytes())
        before = raw

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_colour_is_kept_and_the_bytes_are_hashed(tmp_path, suffix):
    path = tmp_path / f"eye.{suffix}"
    Image.fromarray(RGB).save(path)
    photograph = read_photograph(str(path))
    assert np.array_equal(photograph.pixels, RGB)
    assert photograph.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (photograph.name, photograph.path, photograph.simulated) == (f"eye.{suffix}", path, False)
    assert photograph.laterality.eye is None
    with pytest.raises(ValueError, match="read-only"):
        photograph.pixels[0, 0, 0] = 1


def test_jpeg(tmp_path):
    smooth = np.full((40, 60, 3), (180, 90, 40), np.uint8)
    Image.fromarray(smooth).save(tmp_path / "eye.jpg", quality=95)
    assert np.abs(read_photograph(tmp_path / "eye.jpg").pixels.astype(int) - smooth).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_exif_rotation(tmp_path, orientation, suffix):
    upright = RGB
    turned = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1), 7: upright[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(upright, 3),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(np.ascontiguousarray(turned)).save(tmp_path / f"eye.{suffix}", exif=exif)
    assert np.array_equal(read_photograph(tmp_path / f"eye.{suffix}").pixels, upright)


def test_alpha_lies_over_black(tmp_path):
    alpha = np.zeros((40, 60), np.uint8)
    alpha[:, 30:] = 255
    alpha[:5, :5] = 128
    Image.fromarray(np.dstack([RGB, alpha])).save(tmp_path / "eye.png")
    pixels = read_photograph(tmp_path / "eye.png").pixels
    assert np.array_equal(pixels[:, 30:], RGB[:, 30:])
    assert not pixels[10:, :30].any()
    assert np.abs(pixels[:5, :5] - RGB[:5, :5] * (128 / 255)).max() < 1


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "YCbCr"])
def test_other_colour_models(tmp_path, mode):
    source = Image.fromarray(np.full((40, 60, 3), (200, 100, 50), np.uint8)).convert(mode)
    path = tmp_path / ("eye.tif" if mode in ("CMYK", "YCbCr") else "eye.png")
    source.save(path)
    pixels = read_photograph(path).pixels
    assert pixels.shape == (40, 60, 3)
    assert np.abs(pixels.astype(int) - np.asarray(source.convert("RGB"))).max() <= 2


def test_cmyk_jpeg(tmp_path):
    Image.fromarray(np.full((40, 60, 3), (200, 100, 50), np.uint8)).convert("CMYK").save(
        tmp_path / "eye.jpg", quality=95
    )
    assert np.abs(read_photograph(tmp_path / "eye.jpg").pixels.astype(int) - (200, 100, 50)).max() <= 4


def test_sixteen_bit_grey(tmp_path):
    Image.fromarray(DEEP[..., 0]).save(tmp_path / "eye.png")
    tifffile.imwrite(tmp_path / "eye.tif", DEEP[..., 0])
    for name in ("eye.png", "eye.tif"):
        pixels = read_photograph(tmp_path / name).pixels
        assert pixels.dtype == np.uint16
        assert np.array_equal(pixels, np.stack([DEEP[..., 0]] * 3, axis=-1))


def test_sixteen_bit_colour_png_keeps_every_bit(tmp_path):
    write_png(tmp_path / "eye.png", DEEP, 2)
    pixels = read_photograph(tmp_path / "eye.png").pixels
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, DEEP)


def test_sixteen_bit_png_with_alpha(tmp_path):
    alpha = np.full((40, 60, 1), 65535, np.uint16)
    alpha[:, :30] = 0
    write_png(tmp_path / "colour.png", np.concatenate([DEEP, alpha], axis=-1), 6)
    write_png(tmp_path / "grey.png", np.concatenate([DEEP[..., :1], alpha], axis=-1), 4)
    for name, expected in (("colour.png", DEEP), ("grey.png", np.repeat(DEEP[..., :1], 3, axis=-1))):
        pixels = read_photograph(tmp_path / name).pixels
        assert np.array_equal(pixels[:, 30:], expected[:, 30:])
        assert not pixels[:, :30].any()


@pytest.mark.parametrize("options", [{}, {"byteorder": ">"}, {"compression": "zlib"}, {"planarconfig": "separate"}])
def test_sixteen_bit_colour_tiff_keeps_every_bit(tmp_path, options):
    values = np.moveaxis(DEEP, -1, 0) if "planarconfig" in options else DEEP
    tifffile.imwrite(tmp_path / "eye.tif", values, photometric="rgb", **options)
    pixels = read_photograph(tmp_path / "eye.tif").pixels
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, DEEP)


def test_metadata_comes_before_the_file_name(tmp_path):
    exif = Image.Exif()
    exif[270] = "Fundus photograph, left eye"
    Image.fromarray(RGB).save(tmp_path / "patient_OD.jpg", exif=exif)
    reading = read_photograph(tmp_path / "patient_OD.jpg").laterality
    assert (reading.eye, reading.source) == (Laterality.OS, "metadata")
    Image.fromarray(RGB).save(tmp_path / "plain_OD.jpg")
    reading = read_photograph(tmp_path / "plain_OD.jpg").laterality
    assert (reading.eye, reading.source) == (Laterality.OD, "file name")


def test_a_drawn_picture_says_so(tmp_path):
    note = PngImagePlugin.PngInfo()
    note.add_text("Description", "Simulated fundus, drawn by a program")
    Image.fromarray(RGB).save(tmp_path / "eye.png", pnginfo=note)
    assert read_photograph(tmp_path / "eye.png").simulated


def damaged(folder):
    Image.fromarray(RGB).save(folder / "whole.jpg", quality=95)
    Image.fromarray(RGB).save(folder / "whole.png")
    jpeg, png = (folder / "whole.jpg").read_bytes(), (folder / "whole.png").read_bytes()
    (folder / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (folder / "cut.png").write_bytes(png[: len(png) // 2])
    (folder / "head.png").write_bytes(png[:20])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("a letter, no picture", encoding="utf-8")
    (folder / "bad.tif").write_bytes(b"II*\0" + b"\xff" * 30)
    (folder / "folder.jpg").mkdir()
    Image.fromarray(RGB).save(folder / "eye.gif")
    tifffile.imwrite(folder / "float.tif", RGB[..., 0].astype(np.float32))
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", 40000, 40000, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr))
    (folder / "bomb.png").write_bytes(start + png[33:])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cut.jpg", "cut short"), ("cut.png", "cut short"), ("head.png", "'head.png'"), ("empty.jpg", "is empty"),
        ("text.jpg", "not a JPEG, PNG or TIFF"), ("bad.tif", "'bad.tif'"), ("folder.jpg", "is a folder"),
        ("eye.gif", "not a JPEG, PNG or TIFF"), ("float.tif", "32 bits"), ("bomb.png", "megapixels"),
        ("absent.jpg", "There is no file"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_gets_one_sentence(tmp_path, name, reason):
    damaged(tmp_path)
    with pytest.raises(PhotographError, match=reason) as refusal:
        read_photograph(tmp_path / name)
    message = str(refusal.value)
    assert name in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 250
