"""What the camera wrote."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_latent_explain.domain.laterality import LateralityReading

__all__ = ["Photograph"]


@dataclass(frozen=True, eq=False)
class Photograph:
    """A colour photograph as the camera wrote it; its pixels are never changed.

    Parameters
    ----------
    pixels : numpy.ndarray
        (H, W, 3) RGB, uint8 or uint16 (full range of the type), read-only.
    name : str
        A name to show: the file's name without its folder.
    sha256 : str
        Hash of the file's bytes (of the pixels, for an array), hexadecimal; for a later frame of a file, of its bytes and
        ``#`` and the frame's number.
    path : pathlib.Path, optional
        Where it was read from.
    laterality : LateralityReading
        What metadata or the file name said, if anything.
    simulated : bool
        Whether the picture was drawn by a program: then every product of it says so.
    spacing_mm : (float, float), optional
        Nominal distance on the retina from row to row and from column to column, in millimetres, if the file tells it (DICOM).
    device : str
        Manufacturer and model of the camera, if the file tells them (DICOM); never a serial number.
    frame : int
        Which picture of a multi-frame file, from 0.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    name: str
    sha256: str
    path: Path | None = None
    laterality: LateralityReading = field(default_factory=LateralityReading)
    simulated: bool = False
    spacing_mm: tuple[float, float] | None = None
    device: str = ""
    frame: int = 0

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype not in (np.uint8, np.uint16):
            msg = f"A photograph is (H, W, 3) of uint8 or uint16, not {self.pixels.shape} of {self.pixels.dtype}."
            raise ValueError(msg)
        view = self.pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def full_scale(self) -> int:
        """The value of white: 255 or 65535."""
        return int(np.iinfo(self.pixels.dtype).max)
