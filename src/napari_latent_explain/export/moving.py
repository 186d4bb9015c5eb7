"""Moving pictures of a strip, there and back: animated PNG, WebP or MP4, with the mark in every frame."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image, PngImagePlugin

from napari_latent_explain import __version__
from napari_latent_explain.domain import ExportError, percent
from napari_latent_explain.export import said
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.colours import BLUE, GROUND, INK, ORANGE, QUIET
from napari_latent_explain.export.page import Block, Page, Picture, Stroke, Words, painted
from napari_latent_explain.export.provenance import KEY, SYNTHETIC, provenance
from napari_latent_explain.export.synthetic_mark import marked_pixels
from napari_latent_explain.export.typefaces import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from napari_latent_explain.export.exhibit import Exhibit
    from napari_latent_explain.export.strip import Strip

__all__ = ["MOVING", "compose_frames", "write_strip"]

_SIDE, _MARGIN, _FOOT = 512, 12, 84
_STEP, _HOLD = 160, 800  # milliseconds


def compose_frames(exhibit: Exhibit, strip: Strip) -> list[Image.Image]:
    """Each picture with the mark in its pixels, and below it where on the way it is and what the classifier says."""
    record = exhibit.record
    name = record.classes[record.target]
    frames = []
    for share, pixels, opinion in zip(strip.shares, strip.pictures, strip.probabilities, strict=True):
        page = Page(_SIDE, _SIDE + _FOOT, 96, GROUND, f"Counterfactual of {exhibit.label}", (exhibit,))
        resized = np.asarray(Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS))
        page.add(Picture((0, 0), (_SIDE, _SIDE), marked_pixels(resized, simulated=record.simulated)))
        left, right, y = _MARGIN, _SIDE - _MARGIN, _SIDE + 18
        middle = (left + right) / 2
        at = middle + share * (right - left) / 2
        page.add(
            Stroke(((left, y), (right, y)), QUIET, 2),
            Stroke(((middle, y - 7), (middle, y + 7)), QUIET, 2),
            Block((at - 5, y - 9, at + 5, y + 9), fill=ORANGE if share >= 0 else BLUE),
            Words((left, y + 12), "the other way", 14, QUIET),
            Words((middle, y + 12), "photograph", 14, QUIET, "ma"),
            Words((right, y + 12), "counterfactual", 14, QUIET, "ra"),
        )
        told = f"'{name}' {percent(opinion[record.target])}"
        page.add(Words((left, y + 36), cut(told, _SIDE - 200, 18), 18, INK))
        page.add(Words((right, y + 38), cut(f"{exhibit.label}  {said.eye(record)}", 190, 15), 15, QUIET, "ra"))
        frames.append(painted(page))
    return frames


def _there_and_back(frames: Sequence[Image.Image]) -> tuple[list[Image.Image], list[int]]:
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    return [frames[k] for k in order], [_HOLD if k in (0, len(frames) - 1) else _STEP for k in order]


def _apng(frames: Sequence[Image.Image], durations: Sequence[int], text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, text)
    stream = io.BytesIO()
    frames[0].save(
        stream, "PNG", save_all=True, append_images=frames[1:], duration=list(durations), loop=0, pnginfo=info
    )
    return stream.getvalue()


def _webp(frames: Sequence[Image.Image], durations: Sequence[int], text: str) -> bytes:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    stream = io.BytesIO()
    frames[0].save(
        stream, "WEBP", save_all=True, append_images=frames[1:], duration=list(durations), loop=0, quality=92,
        method=4, xmp=xmp.encode(),
    )  # fmt: skip
    return stream.getvalue()


def _mp4(frames: Sequence[Image.Image], durations: Sequence[int], text: str) -> bytes:
    try:
        import av
    except ImportError as error:
        msg = "MP4 files need PyAV; run: pip install 'napari-latent-explain[video]'"
        raise ExportError(msg) from error
    stream: Any = io.BytesIO()
    options = {"movflags": "+use_metadata_tags", "fflags": "+bitexact"}
    with av.open(stream, "w", format="mp4", options=options) as container:
        container.metadata.update({"comment": text, "description": SYNTHETIC, "software": f"{KEY} {__version__}"})
        video: Any = container.add_stream("libx264", rate=25, options={"crf": "16", "threads": "1"})
        video.width, video.height, video.pix_fmt = *frames[0].size, "yuv420p"
        video.codec_context.time_base = Fraction(1, 25)
        at = 0
        for image, milliseconds in zip(frames, durations, strict=True):
            for _ in range(milliseconds // 40):
                frame = av.VideoFrame.from_image(image)
                frame.pts = at
                at += 1
                container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return bytes(stream.getvalue())


MOVING: Mapping[str, Callable[[Sequence[Image.Image], Sequence[int], str], bytes]] = {
    ".apng": _apng,
    ".webp": _webp,
    ".mp4": _mp4,
}


def write_strip(exhibit: Exhibit, strip: Strip, path: Path) -> Path:
    """Write a strip as a moving picture that goes there and back.

    Parameters
    ----------
    exhibit : Exhibit
        Whose it is.
    strip : Strip
        Pictures of its edit.
    path : pathlib.Path
        ``.apng``, ``.webp`` or ``.mp4``.

    Raises
    ------
    ExportError
        If the suffix is another one, PyAV is not installed for MP4, or the file can't be written.
    """
    if path.suffix.lower() not in MOVING:
        msg = f"A moving picture is a {', '.join(MOVING)}, not '{path.name}'."
        raise ExportError(msg)
    frames, durations = _there_and_back(compose_frames(exhibit, strip))
    return write_atomically(path, MOVING[path.suffix.lower()](frames, durations, provenance(exhibit)))
