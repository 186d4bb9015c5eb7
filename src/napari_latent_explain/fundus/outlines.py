"""What an expert outlined in a photograph: one mask file for each kind, named as IDRiD names them (``eye_01_EX.tif``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import Photograph, PhotographError
from napari_latent_explain.fundus.crop import crop
from napari_latent_explain.fundus.reader import read_photograph

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Field

__all__ = ["COVERED", "crop_outline", "read_outlines"]

COVERED = 0.15  # share of a pixel under the outline from which on it counts: small lesions cover no pixel whole
_SUFFIXES = (".png", ".tif", ".tiff")


def read_outlines(folder: Path, photograph: Photograph) -> dict[str, Photograph]:
    """Read the masks of one photograph.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``<stem of the photograph>_<KIND>.png`` or ``.tif``; KIND is one word, such as MA, HE, EX, SE, OD or vessel.
    photograph : Photograph
        The one that was outlined.

    Returns
    -------
    dict
        Masks by kind, in the order of their names, each as a picture as large as the photograph in which 255 is a pixel that
        is outlined whole; empty if there are none of this photograph. A mask of one value beside 0 is taken to outline whole
        pixels; grey levels of more values are shares of a pixel. A mask with nothing in it is left out.

    Raises
    ------
    PhotographError
        If the folder or a file can't be read, or a mask is not as large as the photograph.
    """
    stem = photograph.name.rsplit(".", 1)[0]
    named = re.compile(re.escape(stem) + r"_([A-Za-z]+)$")
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError as error:
        msg = f"The folder of outlines {folder} can't be read ({error.strerror})."
        raise PhotographError(msg) from error
    found = {}
    for path in files:
        if not (match := named.fullmatch(path.stem)):
            continue
        mask = read_photograph(path)
        if (mask.height, mask.width) != (photograph.height, photograph.width):
            msg = (
                f"The outline '{path.name}' has {mask.width} x {mask.height} pixels and its photograph "
                f"{photograph.width} x {photograph.height}; give the mask of this photograph, in its size."
            )
            raise PhotographError(msg)
        level = mask.pixels.max(axis=2)
        if level.any():  # 0 and 1, 0 and 255, a palette with one colour, or a mask that was made smaller
            share = (level > 0) if len(np.unique(level)) <= 2 else level / mask.full_scale
            drawn = np.rint(255.0 * share).astype(np.uint8)
            found[match[1]] = Photograph(np.repeat(drawn[..., None], 3, axis=2), path.name, mask.sha256)
    return found


def crop_outline(outline: Photograph, field: Field, size: int) -> NDArray[np.bool_]:
    """Where a mask lies in the upright crop of the field, (size, size) bool."""
    covered: NDArray[np.bool_] = crop(outline, field, size, mirrored=False)[..., 0] > 255 * COVERED
    return covered
