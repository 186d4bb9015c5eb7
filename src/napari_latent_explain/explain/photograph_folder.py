"""Photographs of a folder as the model sees them: cropped to the field, every eye shown as a right eye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import DiscoveryError, LatentExplainError, Photograph, PhotographError, silent
from napari_latent_explain.fundus import crop, find_canonical_field
from napari_latent_explain.fundus.sources import every_frame, photograph_sources
from napari_latent_explain.latent import mask_tensor, to_tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress

__all__ = ["PhotographCrops", "crop_photographs", "read_folder"]


@dataclass(frozen=True, eq=False)
class PhotographCrops:
    """Photographs side by side, each once.

    Parameters
    ----------
    names : tuple of str
        Paths within the folder.
    pictures : numpy.ndarray
        (N, R, R, 3) uint8.
    masks : numpy.ndarray
        (N, R, R) bool, the field.
    refused : tuple of str
        Files that show no fundus, can't be read, or hold the same picture as another.
    """

    names: tuple[str, ...]
    pictures: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    refused: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def tensors(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Pictures (N, 3, R, R) in [-1, 1] and fields (N, 1, R, R) of 0 and 1, float32."""
        return to_tensor(self.pictures, device), mask_tensor(self.masks, device)

    def take(self, chosen: NDArray[np.int64]) -> PhotographCrops:
        """Return the photographs with these numbers."""
        names = tuple(self.names[i] for i in chosen)
        return PhotographCrops(names, self.pictures[chosen], self.masks[chosen], self.refused)


def _cropped(photograph: Photograph, resolution: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    field = find_canonical_field(photograph)
    return crop(photograph, field, resolution), field.mask(resolution)


def crop_photographs(
    photographs: Iterable[tuple[str, Photograph | None]],
    resolution: int,
    count: int,
    *,
    limit: int | None = None,
    progress: Progress = silent,
) -> PhotographCrops:
    """Crop named photographs, each picture once, until there are `limit`; `count` of them come, None if unreadable.

    Raises
    ------
    DiscoveryError
        If none shows a fundus.
    """
    names, pictures, masks, refused, seen = [], [], [], [], set()
    for done, (name, photograph) in enumerate(photographs):
        progress("Reading photographs", min(1.0, done / count))  # a file may have several
        try:
            if photograph is None or photograph.sha256 in seen:
                refused.append(name)
                continue
            picture, mask = _cropped(photograph, resolution)
        except LatentExplainError:
            refused.append(name)
            continue
        seen.add(photograph.sha256)
        names.append(name)
        pictures.append(picture)
        masks.append(mask)
        if len(names) == limit:
            break
    if not names:
        msg = f"There is no readable fundus photograph among the {count} files; name a folder of JPEG, PNG, TIFF or DICOM files."
        raise DiscoveryError(msg)
    return PhotographCrops(tuple(names), np.stack(pictures), np.stack(masks), tuple(refused))


def read_folder(
    folder: Path, resolution: int, *, limit: int | None = None, progress: Progress = silent
) -> PhotographCrops:
    """Read the photographs of a folder, a zip archive, a DICOMDIR or a CSV file; no labels are needed.

    Parameters
    ----------
    folder : pathlib.Path
        With a ``manifest.csv`` that names them in its column ``file``, or without one: then all in it and below. Or what else
        `photograph_sources` takes. Every frame of a multi-frame file is a photograph.
    resolution : int
        Side of the crops.
    limit : int, optional
        Photographs at most.
    progress : Progress
        Told once a photograph; may raise `Cancelled`.

    Raises
    ------
    DiscoveryError
        If there is no such folder, or no fundus photograph in it.
    """
    if not folder.exists():
        msg = f"There is no folder {folder}; name one with photographs."
        raise DiscoveryError(msg)
    try:
        sources = photograph_sources(folder)
    except PhotographError as error:
        raise DiscoveryError(str(error)) from error

    def read() -> Iterator[tuple[str, Photograph | None]]:
        for source in sources:
            for frame in every_frame(source):
                try:
                    yield frame.name, frame.read()
                except PhotographError:
                    yield frame.name, None

    return crop_photographs(read(), resolution, len(sources), limit=limit, progress=progress)
