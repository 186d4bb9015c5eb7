"""What every style coordinate does to every photograph, and its file, which a stopped search goes on from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from napari_latent_explain.domain import DiscoveryError
from napari_latent_explain.explain.probe import StyleMove
from napari_latent_explain.export.atomic import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["EffectTable", "read_partial", "read_seconds", "search_identity", "write_partial", "write_seconds"]

_HEADER = 2**16  # bytes that a file may have beyond its numbers
_LONGEST, _MOST = 64, 1e9  # characters of a number of seconds, and seconds


@dataclass(frozen=True, eq=False)
class EffectTable:
    """Changes of the margins by moving each coordinate to each end, on the reconstructions G(s).

    Parameters
    ----------
    columns : numpy.ndarray
        (K,) coordinates.
    changes : numpy.ndarray
        (N, 2, K, C) float32: photograph, low or high end, coordinate, class whose margin changes.
    starts : numpy.ndarray
        (N, C) float64 margins of the reconstructions.
    decided : numpy.ndarray
        (N,) class that the classifier gives each photograph.
    """

    columns: NDArray[np.int64]
    changes: NDArray[np.float32]
    starts: NDArray[np.float64]
    decided: NDArray[np.int64]

    @property
    def forwards(self) -> int:
        """Forward passes that the table takes."""
        n, k = len(self.changes), len(self.columns)
        return n + 2 * n * k

    def away(self, target: int) -> NDArray[np.int64]:
        """Photographs of another class."""
        return np.flatnonzero(self.decided != target)

    @property
    def moves(self) -> list[StyleMove]:
        """Every move, in the order of the rows of `towards`."""
        return [StyleMove(int(column), end) for end in (0, 1) for column in self.columns]

    def towards(self, target: int) -> NDArray[np.float64]:
        """Change of the target's margin by each move in each photograph of another class: (2 K, P)."""
        part = self.changes[self.away(target), :, :, target].astype(np.float64)
        return part.reshape(len(part), -1).T


def search_identity(explainer: Explainer, reference: ReferenceSet, columns: NDArray[np.int64]) -> bytes:
    """SHA-256 over all that decides a table: the model, the photographs' codes and fields, the ends, the coordinates."""
    digest = hashlib.sha256(explainer.identity.sha256.encode())
    statistics = explainer.statistics
    for tensor in (reference.codes, reference.masks, reference.logits, statistics.low, statistics.high):
        digest.update(str(tuple(tensor.shape)).encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    digest.update(columns.astype("<i8").tobytes())
    return digest.digest()


def write_partial(path: Path, identity: bytes, changes: NDArray[np.float32], done: NDArray[np.bool_]) -> None:
    """Write the table so far, (N, 2, K, C) with zeros where `done` (K,) is not set; the old file stays until the new is whole.

    Raises
    ------
    ExportError
        If the folder can't be written.
    """
    tensors = {
        "changes": changes,
        "done": done.astype(np.uint8),
        "identity": np.frombuffer(identity, np.uint8),
    }
    write_atomically(path, save(tensors))


def read_partial(
    path: Path, identity: bytes, shape: tuple[int, int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """Read changes, and which coordinates are done; None if there is no file.

    Nothing in the file is executed, and no more is read than a table of this shape takes.

    Raises
    ------
    DiscoveryError
        If it is not such a table of this model and these photographs.
    """
    msg = f"{path} is damaged or was not written by this search; delete it, or name another folder to begin anew."
    try:
        if not path.exists():
            return None
        if path.stat().st_size > 4 * int(np.prod(shape)) + shape[2] + _HEADER:
            raise DiscoveryError(msg)
        tensors = load(path.read_bytes())
        changes, done = tensors["changes"], tensors["done"]
        fits = (
            changes.shape == shape
            and changes.dtype == np.float32
            and done.shape == (shape[2],)
            and done.dtype == np.uint8
            and tensors["identity"].tobytes() == identity
            and bool(np.isfinite(changes).all())
        )
    except OSError as error:
        unread = f"{path} can't be read ({error.strerror}); name another folder to begin anew."
        raise DiscoveryError(unread) from error
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise DiscoveryError(msg) from error
    if not fits:
        raise DiscoveryError(msg)
    return changes.copy(), done.astype(bool)


def _beside(path: Path) -> Path:
    return path.with_suffix(".seconds")


def write_seconds(path: Path, seconds: float) -> None:
    """Write beside a table what it took so far; not into it, so that the same search gives the same table.

    Raises
    ------
    ExportError
        If the folder can't be written.
    """
    write_atomically(_beside(path), f"{seconds:.3f}\n".encode())


def read_seconds(path: Path) -> float:
    """Read what a table took so far; 0 if that was not written.

    Raises
    ------
    DiscoveryError
        If it is no number of seconds.
    """
    beside = _beside(path)
    try:
        with beside.open("rb") as stream:
            seconds = float(stream.read(_LONGEST))
    except FileNotFoundError:
        return 0.0
    except (OSError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < _MOST:
        msg = f"{beside} is damaged; delete it, and the seconds of the search begin at 0."
        raise DiscoveryError(msg)
    return seconds
