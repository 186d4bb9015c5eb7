"""JPEG, PNG and TIFF files to `Photograph`."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from napari_latent_explain.domain import Photograph, PhotographError
from napari_latent_explain.fundus.deep_pixels import deep_pixels
from napari_latent_explain.fundus.eye_words import laterality_in_description, laterality_in_file_name

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

__all__ = ["read_photograph"]

_MOST_PIXELS = 150_000_000
_MOST_BYTES = 2**30
_FORMATS = ("JPEG", "PNG", "TIFF")
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError,
    struct.error, zlib.error,
)  # fmt: skip
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


def read_photograph(path: str | PathLike[str]) -> Photograph:
    """Read a photograph as it is meant to be seen.

    EXIF rotation is applied, transparent parts lie over black, grey, palette and CMYK pictures become RGB;
    16 bits a channel stay 16 bits. Of a file with several pictures, the first counts.

    Parameters
    ----------
    path : path-like
        A JPEG, PNG or TIFF file.

    Returns
    -------
    Photograph
        With the SHA-256 of the file's bytes, and the laterality if metadata or file name tell it.

    Raises
    ------
    PhotographError
        If there is no such file or it is no readable picture.
    """
    path = Path(path)
    data = _bytes_of(path)
    with warnings.catch_warnings():
        # Pillow warns of odd metadata and of big pictures; both are handled here.
        warnings.simplefilter("ignore")
        pixels, words = _decoded(data, path.name)
    laterality = laterality_in_description(words)
    if laterality.eye is None:
        laterality = laterality_in_file_name(path.name)
    told = f"{words} {path.name}".lower()
    return Photograph(
        pixels=pixels,
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        path=path,
        laterality=laterality,
        simulated="simulated" in told or "synthetic" in told,
    )


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        msg = f"'{path.name}' is a folder, not a photograph: name a JPEG, PNG or TIFF file in it."
        raise PhotographError(msg)
    if not path.exists():
        msg = f"There is no file '{path}': check the name."
        raise PhotographError(msg)
    if not path.is_file():
        msg = f"'{path.name}' is no ordinary file: name a JPEG, PNG or TIFF file."
        raise PhotographError(msg)
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"'{path.name}' is larger than {_MOST_BYTES // 2**20} MiB: save a smaller copy."
            raise PhotographError(msg)
        data = path.read_bytes()
    except OSError as error:
        msg = f"'{path.name}' cannot be opened ({error.strerror or error}): check that you may read it."
        raise PhotographError(msg) from error
    if not data:
        msg = f"'{path.name}' is empty (0 bytes): copy it again from its source."
        raise PhotographError(msg)
    return data


def _decoded(data: bytes, name: str) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], str]:
    """Pixels (H, W, 3) and the words that the file carries."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            _refuse_bomb(picture.width * picture.height, name)
            words = ""
            pixels: NDArray[np.uint8] | NDArray[np.uint16] | None
            pixels = _with_tifffile(data, name) if _planes_apart(picture) else deep_pixels(data, picture)
            if pixels is None:
                picture.load()
                pixels = _eight_bit(picture, name)
            words = _words(picture)
            turned = picture.format == "TIFF"  # by Pillow itself, while it loads
            orientation = 1 if turned else picture.getexif().get(ExifTags.Base.Orientation, 1)
        return np.ascontiguousarray(_upright(pixels, orientation)), words
    except Image.DecompressionBombError:
        _refuse_bomb(2 * _MOST_PIXELS, name)
        raise
    except UnidentifiedImageError as error:
        tiff = _with_tifffile(data, name)
        if tiff is not None:
            return tiff, ""
        msg = f"'{name}' is not a JPEG, PNG or TIFF picture, whatever its name says: export it as one of these."
        raise PhotographError(msg) from error
    except MemoryError as error:
        msg = f"'{name}' does not fit into memory: save a smaller copy of the photograph."
        raise PhotographError(msg) from error
    except _BROKEN as error:
        msg = f"'{name}' is damaged or cut short and can't be read to its end: copy it again from its source."
        raise PhotographError(msg) from error


def _refuse_bomb(pixels: int, name: str) -> None:
    if pixels > _MOST_PIXELS:
        most = f"{_MOST_PIXELS // 1_000_000} megapixels"
        msg = f"'{name}' has more than {most}, far more than a fundus camera writes: save a smaller copy."
        raise PhotographError(msg)


def _eight_bit(picture: Image.Image, name: str) -> NDArray[np.uint8]:
    if picture.mode in ("I", "F"):
        msg = f"'{name}' has 32 bits a channel: save it with 8 or 16 bits a channel."
        raise PhotographError(msg)
    if picture.has_transparency_data:
        rgba = np.asarray(picture.convert("RGBA")).astype(np.uint16)
        over_black: NDArray[np.uint8] = ((rgba[..., :3] * rgba[..., 3:] + 127) // 255).astype(np.uint8)
        return over_black
    return np.array(picture.convert("RGB"))


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


def _with_tifffile(data: bytes, name: str) -> NDArray[np.uint8] | NDArray[np.uint16] | None:
    """Pixels of a TIFF that Pillow does not know (planes apart, for instance), None if it is no TIFF."""
    if data[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages.first
            _refuse_bomb(page.imagewidth * page.imagelength, name)
            pixels = np.asarray(page.asarray())
            apart = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    except (*_BROKEN, tifffile.TiffFileError, RuntimeError) as error:
        msg = f"'{name}' is a TIFF file of a kind that can't be read: export it as an uncompressed TIFF or PNG."
        raise PhotographError(msg) from error
    if pixels.ndim == 3 and apart:
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    if pixels.ndim != 3 or pixels.shape[2] < 3 or pixels.dtype not in (np.uint8, np.uint16):
        msg = f"'{name}' is a TIFF file without 8- or 16-bit colours or greys: export it as one with."
        raise PhotographError(msg)
    return np.ascontiguousarray(pixels[..., :3])
