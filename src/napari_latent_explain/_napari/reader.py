"""The reader: a photograph as an RGB image layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["get_reader", "read_layer"]

LayerData = tuple[Any, dict[str, Any], str]


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return the reader for one picture file or several, None for anything else."""
    from napari_latent_explain.fundus.photograph_files import ENDINGS

    paths = [path] if isinstance(path, str) else path
    if all(Path(item).suffix.lower() in ENDINGS for item in paths):
        return _read
    return None


def _read(path: str | list[str]) -> list[LayerData]:
    paths = [path] if isinstance(path, str) else path
    return [read_layer(Path(item)) for item in paths]


def read_layer(path: Path) -> LayerData:
    """Read one photograph.

    Raises
    ------
    PhotographError
        If it can't be read.
    """
    from napari_latent_explain.fundus import read_photograph

    photograph = read_photograph(path)
    metadata = {"source": str(path), "sha256": photograph.sha256, "simulated": photograph.simulated}
    return (photograph.pixels, {"name": path.stem, "rgb": True, "metadata": {"latent_explain": metadata}}, "image")
