"""The model directory on disk: safetensors and JSON in the layout of a MONAI bundle, read by this code alone.

::

    configs/metadata.json      what it is, shapes of the networks, scores, recipe, SHA-256 of every other file
    configs/directions.json    the direction atlas
    models/generator.safetensors, encoder.safetensors, classifier.safetensors, statistics.safetensors
    models/controls.safetensors     where there are labels: heads that know nothing (`model.control_heads`)
    models/second_opinion.safetensors   where there are labels: an independent classifier (`model.second_opinion`)
    models/perception.safetensors   with a classifier that was not made here: the features that inversion compares
    docs/README.md             the model card

A generator that was imported (`model.importing`) is a bundle that lacks the rest: its metadata say so, and `read_bundle` says how
to train it.

Nothing in a bundle is executed; a classifier that was not made here is built by name from a trusted package (`model.foreign`).
Weights are stored as float16 and computed with as float32; those of a foreign classifier and of an imported generator are
stored as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from napari_latent_explain.domain import BundleError, DirectionAtlas
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.model.classifier import ClassifierConfig
from napari_latent_explain.model.encoder import EncoderConfig
from napari_latent_explain.model.foreign import ForeignConfig
from napari_latent_explain.model.generator import GeneratorConfig
from napari_latent_explain.model.published_generator import PublishedConfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


__all__ = [
    "BundleMetadata",
    "bundle_sha256",
    "read_bundle",
    "read_bundle_file",
    "read_state",
    "write_bundle",
    "write_bundle_file",
]

_NETWORKS = ("generator", "encoder", "classifier", "statistics")
_OPTIONAL = ("controls", "second_opinion")
_FORMAT = 1
_LARGEST = 2 * 2**30


class BundleMetadata(FrozenModel):
    """What ``configs/metadata.json`` says."""

    format: int = _FORMAT
    name: str
    title: str
    version: str = "0.1.0"
    classes: tuple[str, ...]
    resolution: int
    generator: GeneratorConfig | PublishedConfig
    encoder: EncoderConfig
    classifier: ClassifierConfig | ForeignConfig
    scores: dict[str, Any] = Field(default_factory=dict)
    recipe: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def foreign(self) -> bool:
        """Whether the classifier was not made here."""
        return isinstance(self.classifier, ForeignConfig)

    @property
    def imported(self) -> bool:
        """Whether the generator was not made here."""
        return isinstance(self.generator, PublishedConfig)

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the files of ``models/``."""
        return (*_NETWORKS, "perception") if self.foreign else _NETWORKS


def write_bundle_file(path: Path, content: bytes) -> str:
    """Write atomically; return the SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
    return hashlib.sha256(content).hexdigest()


def write_bundle(
    folder: Path,
    metadata: BundleMetadata,
    networks: Mapping[str, Mapping[str, Tensor]],
    atlas: DirectionAtlas,
    card: str,
) -> Path:
    """Write a bundle; the metadata's `files` is filled in, and is written last.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it does not exist; files of an older bundle in it are replaced.
    metadata : BundleMetadata
        Everything but `files`.
    networks : mapping
        For each of `metadata.networks`, and "controls" and "second_opinion" where there are any, its state by name. Floats
        are stored as float16; the statistics, and a classifier or generator that was not made here, as they are.
    atlas, card : DirectionAtlas, str
        Directions, and the model card in Markdown.
    """
    files = {}
    whole = (
        {"statistics"}
        | ({"classifier"} if metadata.foreign else set())
        | ({"generator"} if metadata.imported else set())
    )
    for name in (*metadata.networks, *(name for name in _OPTIONAL if name in networks)):
        state = {
            key: (value.detach().cpu().half() if value.is_floating_point() and name not in whole else value.cpu())
            for key, value in sorted(networks[name].items())
        }
        path = f"models/{name}.safetensors"
        files[path] = write_bundle_file(folder / path, save({k: v.contiguous().clone() for k, v in state.items()}))
    text = atlas.model_dump_json(indent=1) + "\n"
    files["configs/directions.json"] = write_bundle_file(folder / "configs" / "directions.json", text.encode())
    files["docs/README.md"] = write_bundle_file(folder / "docs" / "README.md", card.encode())
    text = json.dumps(metadata.replace(files=files).model_dump(mode="json"), indent=1, sort_keys=True) + "\n"
    write_bundle_file(folder / "configs" / "metadata.json", text.encode())
    return folder


def bundle_sha256(metadata: BundleMetadata) -> str:
    """Identity of a model: the hash of its networks' hashes (the card and the names of directions may change)."""
    lines = [f"{name} {metadata.files[name]}" for name in sorted(metadata.files) if name.startswith("models/")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_bundle_file(folder: Path, name: str, expected: str | None) -> bytes:
    """Read one file of a bundle, and check its SHA-256 where one is `expected`.

    Raises
    ------
    BundleError
        If it is missing, too large, or not what was saved.
    """
    path = folder / name
    try:
        if path.stat().st_size > _LARGEST:
            msg = f"{path} is larger than any model of this kind; the bundle is refused."
            raise BundleError(msg)
        content = path.read_bytes()
    except OSError as error:
        msg = f"The model bundle {folder} lacks {name} ({error.strerror}); copy the whole folder again."
        raise BundleError(msg) from error
    if expected is not None and hashlib.sha256(content).hexdigest() != expected:
        msg = (
            f"{name} of the model bundle {folder} is not the file that was saved (its SHA-256 differs); copy it again."
        )
        raise BundleError(msg)
    return content


def read_state(folder: Path, name: str, expected: str) -> dict[str, Tensor]:
    """Weights of one network of a bundle as float32, all finite; `name` is its path in the folder.

    Raises
    ------
    BundleError
        If the file is missing, changed or no safetensors file.
    """
    try:
        state = load(read_bundle_file(folder, name, expected))
    except SafetensorError as error:
        msg = f"{name} of {folder} is not a safetensors file; copy it again."
        raise BundleError(msg) from error
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    if not all(bool(torch.isfinite(value).all()) for value in state.values()):
        msg = f"{name} of {folder} holds numbers that are not finite; the bundle is refused."
        raise BundleError(msg)
    return state


def _refuse_half_a_bundle(folder: Path, content: bytes) -> None:
    """Say what an imported generator lacks, if that is what the metadata describe."""
    try:
        tree = json.loads(content)
    except ValueError:
        return
    if isinstance(tree, dict) and isinstance(tree.get("lacks"), list):
        msg = (
            f"{folder} holds an imported generator, without {' and '.join(map(str, tree['lacks'][:2]))}: nothing can be "
            f"explained with it yet. Train them with: latent-explain train-encoder {folder} --output RUN"
        )
        raise BundleError(msg)


def read_bundle(folder: Path) -> tuple[BundleMetadata, dict[str, dict[str, Tensor]], DirectionAtlas, str]:
    """Read and check a bundle: hashes, JSON, finite numbers. Shapes are checked when the networks take the weights.

    Raises
    ------
    BundleError
        With one sentence about what is wrong.
    """
    content = read_bundle_file(folder, "configs/metadata.json", None)
    try:
        metadata = BundleMetadata.model_validate_json(content)
    except ValidationError as error:
        _refuse_half_a_bundle(folder, content)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"configs/metadata.json of {folder} has a wrong entry at '{where}': {first['msg']}."
        raise BundleError(msg) from error
    if metadata.format != _FORMAT:
        msg = f"The bundle {folder} has format {metadata.format}; this version reads format {_FORMAT}."
        raise BundleError(msg)
    networks = {}
    optional = tuple(name for name in _OPTIONAL if f"models/{name}.safetensors" in metadata.files)
    for name in metadata.networks + optional:
        path = f"models/{name}.safetensors"
        networks[name] = read_state(folder, path, metadata.files.get(path, "no hash in the metadata"))
    try:
        atlas = DirectionAtlas.model_validate_json(
            read_bundle_file(folder, "configs/directions.json", metadata.files.get("configs/directions.json"))
        )
    except ValidationError as error:
        msg = f"configs/directions.json of {folder} is not a direction atlas: {error.errors()[0]['msg']}."
        raise BundleError(msg) from error
    for name, measured_with in (("generator", atlas.generator_sha256), ("classifier", atlas.classifier_sha256)):
        if measured_with not in ("", metadata.files[f"models/{name}.safetensors"]):
            msg = f"The directions of {folder} were measured with another {name}; find them again for this one."
            raise BundleError(msg)
    card = read_bundle_file(folder, "docs/README.md", None).decode("utf-8", errors="replace")
    return metadata, networks, atlas, card
