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
stored as they are, and so are components of styles, which differences of large numbers are read off with.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import torch
from pydantic import Field, StringConstraints, ValidationError, field_validator
from safetensors.torch import save

from napari_latent_explain.domain import BundleError, DirectionAtlas
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.plain_file import plain_file
from napari_latent_explain.domain.plain_json import plain_json
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.model.bundle_folder import bundle_file, replace_bundle
from napari_latent_explain.model.classifier import ClassifierConfig
from napari_latent_explain.model.encoder import EncoderConfig
from napari_latent_explain.model.foreign import ForeignConfig
from napari_latent_explain.model.generator import GeneratorConfig
from napari_latent_explain.model.network_shapes import made_for, unlike
from napari_latent_explain.model.published_generator import PublishedConfig
from napari_latent_explain.model.tensor_file import read_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

M = TypeVar("M", bound=FrozenModel)

__all__ = [
    "BundleMetadata",
    "bundle_sha256",
    "read_bundle",
    "read_bundle_file",
    "read_described",
    "read_state",
    "write_bundle",
    "write_bundle_file",
]

_NETWORKS = ("generator", "encoder", "classifier", "statistics")
_OPTIONAL = ("controls", "second_opinion")
_FORMAT = 1
_METADATA, _DIRECTIONS, _CARD = "configs/metadata.json", "configs/directions.json", "docs/README.md"
_FILES = (
    _DIRECTIONS, _CARD, *(f"models/{name}.safetensors" for name in (*_NETWORKS, *_OPTIONAL, "perception")),
)  # fmt: skip
_LARGEST = 2 * 2**30
_LARGEST_TEXT = 64 * 2**20
_NO_HASH = "no hash in the metadata"
_RUN = "$"  # how expressions of a MONAI configuration begin
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Classes = Annotated[tuple[str, ...], Field(min_length=2, max_length=1000)]


class BundleMetadata(FrozenModel):
    """What ``configs/metadata.json`` says."""

    format: int = _FORMAT
    name: str
    title: str
    version: str = "0.1.0"
    classes: _Classes
    resolution: int
    generator: GeneratorConfig | PublishedConfig
    encoder: EncoderConfig
    classifier: ClassifierConfig | ForeignConfig
    scores: dict[str, Any] = Field(default_factory=dict)
    recipe: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, _Sha256] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _are_of_the_layout(cls, files: dict[str, str]) -> dict[str, str]:
        unknown = sorted(files.keys() - set(_FILES))
        if unknown:
            msg = f"{ascii(unknown[0])[:100]} is no file of a bundle"
            raise ValueError(msg)
        return files

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
    """Write atomically (see `export.atomic.write_atomically`); return the SHA-256."""
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


def write_bundle(
    folder: Path,
    metadata: BundleMetadata,
    networks: Mapping[str, Mapping[str, Tensor]],
    atlas: DirectionAtlas,
    card: str,
) -> Path:
    """Write a bundle, whole or not at all; the metadata's `files` is filled in.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it does not exist; files of an older bundle in it are replaced, all at once: whoever is interrupted leaves the
        old bundle or the new one.
    metadata : BundleMetadata
        Everything but `files`.
    networks : mapping
        For each of `metadata.networks`, and "controls" and "second_opinion" where there are any, its state by name. Floats
        are stored as float16; statistics, components of styles, and a classifier or generator that was not made here, as they
        are.
    atlas, card : DirectionAtlas, str
        Directions, and the model card in Markdown.

    Raises
    ------
    ExportError
        If it can't be written, or somebody else writes there.
    """
    content: dict[str, bytes] = {}
    whole = (
        {"statistics"}
        | ({"classifier"} if metadata.foreign else set())
        | ({"generator"} if metadata.imported else set())
    )
    for name in (*metadata.networks, *(name for name in _OPTIONAL if name in networks)):
        state = {}
        for key, value in sorted(networks[name].items()):
            exact = name in whole or key.startswith("components.") or not value.is_floating_point()
            state[key] = value.cpu() if exact else value.detach().cpu().half()
        content[f"models/{name}.safetensors"] = save({k: v.contiguous().clone() for k, v in state.items()})
    content[_DIRECTIONS] = (atlas.model_dump_json(indent=1) + "\n").encode()
    content[_CARD] = card.encode()
    files = {path: hashlib.sha256(part).hexdigest() for path, part in content.items()}
    tree = json.loads(metadata.replace(files=files).model_dump_json())  # scores that are not defined become null
    content[_METADATA] = (json.dumps(tree, indent=1, sort_keys=True) + "\n").encode()
    return replace_bundle(folder, content)


def bundle_sha256(metadata: BundleMetadata) -> str:
    """Identity of a model: the hash of its networks' hashes (the card and the names of directions may change)."""
    lines = [f"{name} {metadata.files[name]}" for name in sorted(metadata.files) if name.startswith("models/")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_bundle_file(folder: Path, name: str, expected: str | None, most: int = _LARGEST) -> bytes:
    """Read one file of a bundle, and check its SHA-256 where one is `expected`; what is returned is what was hashed.

    Raises
    ------
    BundleError
        If it is missing, no ordinary file, lies outside the folder, has more bytes than `most`, or is not what was saved.
    """
    path = bundle_file(folder, name)
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        content = plain_file(path, most) if inside else b""
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", "") or "its links lead in a circle"
        msg = f"The model bundle {folder} lacks {name} ({why}); copy the whole folder again."
        raise BundleError(msg) from error
    if not inside:
        msg = f"{name} of the model bundle {folder} is a link to a file outside it; the bundle is refused."
        raise BundleError(msg)
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
        state = read_tensors(read_bundle_file(folder, name, expected))
    except ValueError as error:
        msg = f"{name} of {folder} is not a safetensors file ({error}); copy it again."
        raise BundleError(msg) from error
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    if not all(bool(torch.isfinite(value).all()) for value in state.values()):
        msg = f"{name} of {folder} holds numbers that are not finite; the bundle is refused."
        raise BundleError(msg)
    return state


def read_described(folder: Path, name: str, kind: type[M], expected: str | None = None, otherwise: str = "") -> M:
    """Read a JSON file of a bundle as a `kind`; if it is none, a sentence begins with what the folder is `otherwise`.

    Raises
    ------
    BundleError
        If it is damaged, asks for something to be run, or is an imported generator's where a whole bundle's was asked for.
    """
    content = read_bundle_file(folder, name, expected, _LARGEST_TEXT)
    try:
        tree = plain_json(content)
        if kind is BundleMetadata:
            _refuse_instructions(folder, tree)
        return kind.model_validate(tree)
    except ValidationError as error:
        if kind is BundleMetadata:
            _refuse_half_a_bundle(folder, tree)
        first = error.errors()[0]
        where = ".".join(ascii(part).strip("'")[:60] for part in first["loc"][:6])
        msg = f"{otherwise}{name} of {folder} has a wrong entry at '{where}': {first['msg']}."
        raise BundleError(msg) from error
    except ValueError as error:
        msg = f"{name} of {folder} is no JSON that can be read ({error}); copy it again."
        raise BundleError(msg) from error


def _refuse_instructions(folder: Path, tree: Any) -> None:
    """Refuse what a MONAI configuration would have run: keys such as ``_target_``, values such as ``$import os``."""
    waiting = [tree]
    while waiting:
        found = waiting.pop()
        asked = found if isinstance(found, str) and found.startswith(_RUN) else ""
        if isinstance(found, dict):
            asked = next((key for key in found if key.startswith("_") and key.endswith("_")), "")
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found
        if asked:
            msg = (
                f"{_METADATA} of {folder} asks for something to be run ({ascii(asked)[:60]}); nothing in a bundle is ever run, "
                f"and it is refused."
            )
            raise BundleError(msg)


def _refuse_half_a_bundle(folder: Path, tree: Any) -> None:
    """Say what an imported generator lacks, if that is what the metadata describe."""
    if isinstance(tree, dict) and isinstance(tree.get("lacks"), list):
        msg = (
            f"{folder} holds an imported generator, without {' and '.join(str(one)[:40] for one in tree['lacks'][:2])}: nothing "
            f"can be explained with it yet. Train them with: latent-explain train-encoder {folder} --output RUN"
        )
        raise BundleError(msg)


def read_bundle(folder: Path) -> tuple[BundleMetadata, dict[str, dict[str, Tensor]], DirectionAtlas, str]:
    """Read and check a bundle: hashes, JSON, finite numbers, and whether its parts fit one another.

    Classifiers are checked when the networks take the weights; nothing larger than the files is made before.

    Raises
    ------
    BundleError
        With one sentence about what is wrong.
    """
    metadata = read_described(folder, _METADATA, BundleMetadata)
    if metadata.format != _FORMAT:
        msg = f"The bundle {folder} has format {metadata.format}; this version reads format {_FORMAT}."
        raise BundleError(msg)
    networks = {}
    optional = tuple(name for name in _OPTIONAL if f"models/{name}.safetensors" in metadata.files)
    for name in metadata.networks + optional:
        path = f"models/{name}.safetensors"
        networks[name] = read_state(folder, path, metadata.files.get(path, _NO_HASH))
    atlas = read_described(folder, _DIRECTIONS, DirectionAtlas, metadata.files.get(_DIRECTIONS, _NO_HASH))
    for name, measured_with in (("generator", atlas.generator_sha256), ("classifier", atlas.classifier_sha256)):
        if measured_with not in ("", metadata.files[f"models/{name}.safetensors"]):
            msg = f"The directions of {folder} were measured with another {name}; find them again for this one."
            raise BundleError(msg)
    _check_parts(folder, metadata, networks, atlas)
    card = read_bundle_file(folder, _CARD, None, _LARGEST_TEXT).decode("utf-8", errors="replace")
    return metadata, networks, atlas, card


def _check_parts(
    folder: Path, metadata: BundleMetadata, networks: Mapping[str, Mapping[str, Tensor]], atlas: DirectionAtlas
) -> None:
    """Refuse parts that do not fit one another."""
    generator, encoder = metadata.generator, metadata.encoder
    try:
        made = {
            "generator": made_for(generator, networks["generator"]),
            "encoder": made_for(encoder, networks["encoder"]),
        }
    except ValueError as error:
        msg = f"{_METADATA} of {folder} does not fit the weights: {error}; the bundle is refused."
        raise BundleError(msg) from error
    for name, network in made.items():
        if wrong := unlike(network, networks[name]):
            msg = (
                f"models/{name}.safetensors of {folder} does not fit the shapes in its metadata ({ascii(wrong)[1:80]}); the "
                f"bundle is refused."
            )
            raise BundleError(msg)
    wrong = _at_odds(metadata, made["generator"], networks["statistics"], atlas)
    if wrong:
        msg = f"The parts of {folder} do not fit one another: {wrong}; the bundle is refused."
        raise BundleError(msg)


def _at_odds(metadata: BundleMetadata, generator: Any, statistics: Mapping[str, Tensor], atlas: DirectionAtlas) -> str:
    """What two parts of a bundle say differently; nothing if they agree."""
    config, encoder, classes = metadata.generator, metadata.encoder, metadata.classes
    structure = encoder.structure_channels * encoder.structure_size**2
    pairs = {
        "resolution": (config.resolution, metadata.resolution),
        "classes of the classifier": (metadata.classifier.classes, classes),
        "classes of the encoder": (encoder.classes, len(classes)),
        "style layers": (encoder.style_layers, generator.style_layer_count),
        "w_dim": (encoder.w_dim, config.w_dim),
        "attributes": (encoder.attributes, config.attributes),
        "structure code": (structure, config.structure_length),
        "classes of the directions": (atlas.classes or classes, classes),
    }
    for name, (one, other) in pairs.items():
        if one != other:
            return f"{name} {str(one)[:60]} and {str(other)[:60]}"
    shape = (generator.code_size,)
    right = statistics.keys() == {"mean", "spread", "low", "high"} and all(
        value.shape == shape and value.is_floating_point() for value in statistics.values()
    )
    if not right or not bool((statistics["spread"] > 0).all()):
        return "the statistics and the generator"
    for direction in atlas.directions:
        try:
            generator.layout.column(direction.layer, direction.channel)
        except (KeyError, IndexError):
            return f"the direction {ascii(direction.id)[:60]} and the generator"
        if not 0 <= direction.target < len(classes):
            return f"the direction {ascii(direction.id)[:60]} and the classes"
    return ""
