"""What a worker is told: which photographs, and everything that their results depend on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_latent_explain.domain import REFINEMENT_STEPS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Answer", "Assignment", "Waiting"]


@dataclass(frozen=True)
class Waiting:
    """A photograph that waits, found again by its name in the data; `code` are the bytes of its style code, if it has one."""

    sha256: str
    name: str
    frame: int = 0
    code: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Assignment:
    """What is to be done with photographs, sent with each chunk.

    The model and the data go by path, so that a worker elsewhere must see both under the same paths; it checks the hashes of
    what it finds there.

    Parameters
    ----------
    stage : str
        ``invert`` or ``counterfactual``.
    data : pathlib.Path
        What `photograph_sources` takes.
    bundle, model : pathlib.Path or None, str
        The model's folder (None: the one that ships with the package, at the worker), and the hash that it must have.
    device : str
        What it runs on.
    steps, seed : int
        Of inversion; the controls draw from the seed and the photograph's hash.
    atlas, atlas_sha256 : pathlib.Path or None, str
        File of directions in place of the model's, and the hash that either must have.
    target : str
        Class to ask for; empty: each photograph's most probable other one.
    checks, pictures : bool
        Whether counterfactuals are put to controls, and pictures of them are sent back.
    """

    stage: str
    data: Path
    bundle: Path | None
    model: str
    device: str = "cpu"
    steps: int = REFINEMENT_STEPS
    seed: int = 0
    atlas: Path | None = None
    atlas_sha256: str = ""
    target: str = ""
    checks: bool = False
    pictures: bool = False


@dataclass(frozen=True)
class Answer:
    """What a chunk gave: a row for each photograph, pictures (PNG) by hash, and the seconds it took."""

    rows: list[dict[str, Any]]
    seconds: float
    pictures: dict[str, bytes] = field(default_factory=dict)
