"""The reader: a photograph as an RGB image layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["get_reader", "read_layer"]

_MOST_LAYERS = 64
LayerData = tuple[Any, dict[str, Any], str]


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return the reader for one picture file or several, or for a DICOMDIR; None for anything else."""
    paths = [path] if isinstance(path, str) else path
    return _read if all(_is_ours(Path(item)) for item in paths) else None


def _is_ours(path: Path) -> bool:
    from napari_latent_explain.fundus.photograph_files import ENDINGS, is_dicom

    return path.suffix.lower() in ENDINGS or _is_dicomdir(path) or is_dicom(path)


def _is_dicomdir(path: Path) -> bool:
    return path.name.upper() == "DICOMDIR"


def _read(path: str | list[str]) -> list[LayerData]:
    paths = [Path(item) for item in ([path] if isinstance(path, str) else path)]
    return [read_layer(file) for item in paths for file in (_listed(item) if _is_dicomdir(item) else [item])]


def _listed(path: Path) -> list[Path]:
    """What a DICOMDIR lists, as long as a viewer can hold it."""
    from napari_latent_explain.domain import PhotographError
    from napari_latent_explain.fundus.sources import dicomdir_files

    files = dicomdir_files(path)
    if len(files) > _MOST_LAYERS:
        msg = f"'{path.name}' lists {len(files)} photographs, more than a viewer can hold: open some of its files instead."
        raise PhotographError(msg)
    return files


def read_layer(path: Path, frame: int = 0) -> LayerData:
    """Read one photograph; of a DICOM file with several frames, the first unless another one is named, from 0.

    Raises
    ------
    PhotographError
        If it can't be read.
    """
    from napari_latent_explain.fundus import read_photograph

    photograph = read_photograph(path, frame)
    metadata = {
        "source": str(path), "sha256": photograph.sha256, "simulated": photograph.simulated,
        "spacing_mm": photograph.spacing_mm, "device": photograph.device, "frame": photograph.frame,
    }  # fmt: skip
    return (photograph.pixels, {"name": path.stem, "rgb": True, "metadata": {"latent_explain": metadata}}, "image")
