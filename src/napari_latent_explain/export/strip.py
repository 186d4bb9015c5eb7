"""The way from a photograph to its counterfactual, and the other way, as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from napari_latent_explain.domain import ExportError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.kept_json import beside_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["KEPT_STRIP", "Strip", "read_strip", "strip_bytes"]

KEPT_STRIP = "strip.safetensors"
_LARGEST = 2**30


@dataclass(frozen=True, eq=False)
class Strip:
    """One edit at K shares of it, from its opposite to all of it.

    Parameters
    ----------
    shares : tuple of float
        K, rising from -1 to 1; at 0 is the photograph.
    pictures : numpy.ndarray
        (K, P, P, 3) uint8, composites, without a mark in their pixels.
    probabilities : tuple of tuple of float
        (K, C), what the classifier says of each.
    """

    shares: tuple[float, ...]
    pictures: NDArray[np.uint8]
    probabilities: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        count, shape = len(self.shares), self.pictures.shape
        square = self.pictures.dtype == np.uint8 and len(shape) == 4 and shape[1] == shape[2] and shape[3] == 3
        if count < 2 or not square or shape[0] != count or len(self.probabilities) != count:
            msg = f"A strip has as many square pictures as shares, at least 2; these are {shape} for {count}."
            raise ExportError(msg)


class _KeptStrip(FrozenModel):
    format: Literal[1] = 1
    shares: tuple[float, ...]
    probabilities: tuple[tuple[float, ...], ...]


def strip_bytes(strip: Strip) -> bytes:
    """Encode a strip; the same strip gives the same bytes."""
    kept = _KeptStrip(shares=strip.shares, probabilities=strip.probabilities)
    return bytes(save({"pictures": np.ascontiguousarray(strip.pictures)}, {"strip": kept.model_dump_json()}))


def read_strip(folder: Path) -> Strip:
    """Read the strip of a record's folder.

    Raises
    ------
    ExportError
        If there is none, or it is damaged or of a newer version.
    """
    path = folder / KEPT_STRIP
    try:
        if path.stat().st_size > _LARGEST:
            msg = f"{path} is larger than any strip; explain the photograph again."
            raise ExportError(msg)
        content = path.read_bytes()
    except OSError as error:
        msg = f"There is no strip of pictures in {folder}; explain the photograph again with --strip."
        raise ExportError(msg) from error
    try:
        pictures = load(content)["pictures"]
        kept = _KeptStrip.model_validate(beside_tensors(content, "strip"))
    except (SafetensorError, ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"{path} is damaged or of a newer version; explain the photograph again with --strip."
        raise ExportError(msg) from error
    return Strip(kept.shares, pictures, kept.probabilities)
