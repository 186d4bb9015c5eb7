"""JPEG, PNG, TIFF and other plain pictures to upright RGB."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from napari_latent_explain.decoding.codestream import bits_a_sample
from napari_latent_explain.decoding.deep_pixels import deep_pixels
from napari_latent_explain.decoding.wire import Answer, Facts, Refusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.decoding.limits import Limits

__all__ = ["photograph", "refuse_bomb"]

_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# EXIF orientation to (flip up-down, flip left-right, quarter turns anticlockwise before the flips).
_FLIPS = {
    2: (False, True, 0),
    3: (False, False, 2),
    4: (True, False, 0),
    5: (True, False, 1),
    6: (False, False, 3),
    7: (True, False, 3),
    8: (False, False, 1),
}


def photograph(data: bytes, limits: Limits) -> Answer:
    """Decode a plain picture.

    EXIF rotation is applied, transparent parts lie over black, grey, palette and CMYK pictures become RGB; 16 bits a channel
    stay 16 bits. Of a file with several pictures, the first counts.

    Raises
    ------
    Refusal
        If it is no such picture, too large, or has more bits than can be kept.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            refuse_bomb(picture.width * picture.height, limits)
            pixels: NDArray[np.uint8] | NDArray[np.uint16] | None
            pixels = _with_tifffile(data, limits) if _planes_apart(picture) else deep_pixels(data, picture)
            if pixels is None:
                _refuse_deep_jpeg2000(data, picture)
                picture.load()
                pixels = _eight_bit(picture)
            words = _words(picture)
            turned = picture.format == "TIFF"  # by Pillow itself, while it loads
            orientation = 1 if turned else picture.getexif().get(ExifTags.Base.Orientation, 1)
        return Answer(np.ascontiguousarray(_upright(pixels, orientation)), Facts(words=words))
    except Image.DecompressionBombError:
        refuse_bomb(2 * limits.pixels, limits)
        raise
    except UnidentifiedImageError as error:
        tiff = _with_tifffile(data, limits)
        if tiff is not None:
            return Answer(tiff)
        msg = (
            "is not a JPEG, PNG or TIFF picture (nor BMP, WebP, JPEG 2000 or DICOM), whatever its name says: "
            "export it as one of these."
        )
        raise Refusal(msg) from error


def refuse_bomb(pixels: int, limits: Limits) -> None:
    """Refuse a picture before it takes memory.

    Raises
    ------
    Refusal
        If it has more pixels than the limit.
    """
    if pixels > limits.pixels:
        most = f"{limits.pixels // 1_000_000} megapixels"
        msg = f"has more than {most}, far more than a fundus camera writes: save a smaller copy."
        raise Refusal(msg)


def _refuse_deep_jpeg2000(data: bytes, picture: Image.Image) -> None:
    if picture.format == "JPEG2000" and picture.mode not in ("L", "I;16") and bits_a_sample(data) > 8:
        msg = "is a JPEG 2000 picture with more than 8 bits a colour, which would be lost: save it as a 16-bit TIFF or PNG."
        raise Refusal(msg)


def _eight_bit(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.mode in ("I", "F"):
        msg = "has 32 bits a channel: save it with 8 or 16 bits a channel."
        raise Refusal(msg)
    if picture.has_transparency_data:
        rgba = np.asarray(picture.convert("RGBA")).astype(np.uint16)
        over_black: NDArray[np.uint8] = ((rgba[..., :3] * rgba[..., 3:] + 127) // 255).astype(np.uint8)
        return over_black
    return np.asarray(picture.convert("RGB"))


def _upright(pixels: Any, orientation: int) -> Any:
    """Apply an EXIF orientation, 1 to 8."""
    if orientation not in _FLIPS:
        return pixels
    up_down, left_right, turns = _FLIPS[orientation]
    pixels = np.rot90(pixels, turns)
    if up_down:
        pixels = pixels[::-1]
    return pixels[:, ::-1] if left_right else pixels


def _words(picture: Image.Image) -> str:
    """Everything a file says about itself in text."""
    exif = picture.getexif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    base = ExifTags.Base
    parts: list[Any] = [exif.get(base.ImageDescription), inner.get(base.UserComment), exif.get(base.Software)]
    parts += [exif.get(tag) for tag in (base.XPTitle, base.XPComment, base.XPSubject, base.XPKeywords)]
    parts += [v for key, v in picture.info.items() if isinstance(v, str) and "xmp" not in key]
    parts.append(picture.info.get("comment"))
    return " ; ".join(filter(None, (_text(part) for part in parts)))


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        raw = bytes(value)
        for prefix in (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0"):
            raw = raw.removeprefix(prefix)
        return raw[:4000].replace(b"\0", b"").decode("latin-1").strip()
    return str(value)[:4000].strip() if isinstance(value, str) else ""


def _planes_apart(picture: Image.Image) -> bool:
    """Whether a TIFF keeps 16-bit colours plane by plane, which Pillow misreads."""
    tags: Any = getattr(picture, "tag_v2", {})
    return bool(
        tags.get(ExifTags.Base.PlanarConfiguration) == 2 and max(tags.get(ExifTags.Base.BitsPerSample, (8,))) > 8
    )


def _with_tifffile(data: bytes, limits: Limits) -> NDArray[np.uint8] | NDArray[np.uint16] | None:
    """Pixels of a TIFF that Pillow does not know (planes apart, for instance), None if it is no TIFF."""
    if data[:4] not in _TIFF:
        return None
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages.first
            refuse_bomb(page.imagewidth * page.imagelength, limits)
            pixels = np.asarray(page.asarray(maxworkers=1))
            apart = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    except (Refusal, MemoryError):
        raise
    except Exception as error:
        msg = "is a TIFF file of a kind that can't be read: export it as an uncompressed TIFF or PNG."
        raise Refusal(msg) from error
    if pixels.ndim == 3 and apart:
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    if pixels.ndim != 3 or pixels.shape[2] < 3 or pixels.dtype not in (np.uint8, np.uint16):
        msg = "is a TIFF file without 8- or 16-bit colours or greys: export it as one with."
        raise Refusal(msg)
    return np.ascontiguousarray(pixels[..., :3])
