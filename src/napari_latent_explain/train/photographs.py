"""The training photographs as arrays: read once, cropped to the field as at inference, mirrored to right eyes."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import LatentExplainError, PhotographError, TrainingError
from napari_latent_explain.fundus import crop, find_canonical_field, read_photograph
from napari_latent_explain.fundus.sources import read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress

__all__ = [
    "PhotographSet",
    "find_data_folder",
    "load_labelled",
    "load_photographs",
    "referable_label",
    "split_validation",
]

_REFERABLE = {"dr0": 0, "dr1": 0, "dr2": 1, "dr3": 1, "dr4": 1}


@dataclass(frozen=True, eq=False)
class PhotographSet:
    """Photographs side by side.

    Parameters
    ----------
    files : tuple of str
        Path of each in the data folder.
    pictures : numpy.ndarray
        (N, R, R, 3) uint8, field crops, every eye shown as a right eye.
    masks : numpy.ndarray
        (N, R, R) bool, the field.
    labels : numpy.ndarray
        (N,) int64: 1 referable, 0 not, -1 unknown.
    refused : tuple of str
        Paths of those that were to be read with these, and couldn't.
    """

    files: tuple[str, ...]
    pictures: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    labels: NDArray[np.int64]
    refused: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.files)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> PhotographSet:
        """Return the subset."""
        indices = np.arange(len(self))[chosen]
        files = tuple(self.files[i] for i in indices)
        return PhotographSet(
            files, self.pictures[indices], self.masks[indices], self.labels[indices], refused=self.refused
        )


def find_data_folder(named: str = "") -> Path:
    """Return the folder ``fundus512`` (or one like it) with its manifest.

    Raises
    ------
    TrainingError
        If there is none.
    """
    import os

    places = [named] if named else [os.environ.get("LATENT_EXPLAIN_DATA", ""), "../shared/data", "data"]
    for place in filter(None, places):
        for folder in (Path(place) / "fundus512", Path(place)):
            if (folder / "manifest.csv").is_file():
                return folder
    msg = "No training photographs: name a folder with a manifest.csv as data.folder, or in $LATENT_EXPLAIN_DATA."
    raise TrainingError(msg)


def referable_label(label: str, dataset: str) -> int:
    """1 for DR grade >= 2, 0 for grade 0 and 1, -1 where no grade was given by this data set's graders."""
    return _REFERABLE.get(label, -1) if dataset.startswith("IDRiD") else -1


def load_photographs(folder: Path, resolution: int, split: str, progress: Progress) -> PhotographSet:
    """Read and crop the photographs of one split.

    Parameters
    ----------
    folder : pathlib.Path
        From `find_data_folder`.
    resolution : int
        Side of the crops.
    split : {"train", "test"}
        ``test`` is the IDRiD grading test split; ``train`` is everything that is in no test split, without the two CC0
        eyes (they are shown in the demo).
    progress : Progress
        Told once a photograph.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if not row["label_conflict"]]
    if split == "test":
        rows = [r for r in rows if r["split_as_given"] == "test" and r["file"].startswith("idrid_grading/")]
    else:
        rows = [r for r in rows if r["split_as_given"] != "test" and not r["file"].startswith("cc0_samples/")]
    labelled = [(row["file"], referable_label(row["label"], row["original_dataset"])) for row in rows]
    return _read_all(folder, labelled, resolution, f"Reading {split} photographs", progress)


def load_labelled(folder: Path, labels: Path, resolution: int, progress: Progress) -> PhotographSet:
    """Read the photographs that a CSV file names: columns ``file`` (path in `folder`) and ``label`` (0 or 1).

    Raises
    ------
    TrainingError
        If the file can't be read, a column is missing, a label is neither 0 nor 1, or a path leads out of the folder.
    """
    try:
        rows = read_table(labels, folder)
    except PhotographError as error:
        raise TrainingError(str(error)) from error
    for row in rows:
        if row.label not in {"0", "1"}:
            msg = f"Line {row.line} of {labels} needs a file and a label of 0 or 1."
            raise TrainingError(msg)
    found = [(row.file, int(row.label)) for row in rows]
    return _read_all(folder, found, resolution, "Reading photographs", progress)


def _read_all(
    folder: Path, labelled: list[tuple[str, int]], resolution: int, what: str, progress: Progress
) -> PhotographSet:
    """Read, crop and mirror; photographs that are refused are left out, and named."""
    files, pictures, masks, labels, refused = [], [], [], [], []
    for done, (name, label) in enumerate(labelled):
        progress(what, done / len(labelled))
        try:
            photograph = read_photograph(folder / name)
            field = find_canonical_field(photograph)
        except LatentExplainError:
            refused.append(name)
            continue
        files.append(name)
        pictures.append(crop(photograph, field, resolution))
        masks.append(field.mask(resolution))
        labels.append(label)
    if not files:
        msg = f"No readable photograph among the {len(labelled)} named in {folder}."
        raise TrainingError(msg)
    return PhotographSet(
        tuple(files), np.stack(pictures), np.stack(masks), np.array(labels, dtype=np.int64), refused=tuple(refused)
    )


def split_validation(photographs: PhotographSet, share: float, seed: int) -> tuple[PhotographSet, PhotographSet]:
    """Training part and validation part: a random, label-balanced share of the graded photographs, or of all if none is."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(photographs), dtype=bool)
    for label in (0, 1) if (photographs.labels >= 0).any() else (-1,):
        members = np.flatnonzero(photographs.labels == label)
        held[rng.permutation(members)[: round(share * len(members))]] = True
    return photographs.take(~held), photographs.take(held)


def manifest_sha256(photographs: PhotographSet) -> str:
    """Hash of the file names and pixels that a training saw."""
    digest = hashlib.sha256("\n".join(photographs.files).encode())
    digest.update(photographs.pictures.tobytes())
    return digest.hexdigest()
