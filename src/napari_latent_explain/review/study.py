"""A study: what is judged, by which protocol; a folder with ``study.json`` and pictures made ahead."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydantic import (
    AwareDatetime,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from napari_latent_explain.domain import DirectionAtlas, Laterality, ModelIdentity, StudyError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.kept_json import read_kept
from napari_latent_explain.review.canonical import canonical_sha256
from napari_latent_explain.review.protocol import Protocol, Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Picture",
    "Pseudonym",
    "Sha256",
    "Study",
    "StudyItem",
    "atlas_hash",
    "raters_problem",
    "read_picture",
    "record_folder",
    "title_problem",
]

FILE = "study.json"
_MOST_BYTES = 64 * 2**20
_MOST_PIXELS = 64 * 10**6

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Pseudonym = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
"""What a rater is called: letters, digits, ``-`` and ``_``, so that it can be a file's name."""
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Picture(FrozenModel):
    """A picture file of a study, by its path within the folder and its hash."""

    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,200}$")]
    sha256: Sha256

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            msg = "a picture lies outside its study"
            raise ValueError(msg)
        return value


class StudyItem(FrozenModel):
    """One thing to judge: a direction in a photograph, or a photograph's counterfactual.

    Parameters
    ----------
    id : str
        Says nothing of what it is.
    case : str
        Pseudonymous id of the photograph.
    photograph : str
        Its SHA-256.
    laterality : Laterality, optional
        Which eye.
    direction, direction_name : str
        The direction's id in its atlas and what it is called; empty for a whole counterfactual.
    target : int
        The class that is asked for.
    strengths : mapping of Role to mapping of direction to float
        What was moved in each altered picture, in spreads.
    probabilities : mapping of Role to tuple of float
        What the classifier says of each picture; hidden while it is judged.
    pictures : mapping of Role to Picture
        Among them the original.
    simulated : bool
        Whether the photograph itself was drawn by a program.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    case: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 _-]{1,60}$")]
    photograph: Sha256
    laterality: Laterality | None = None
    direction: str = ""
    direction_name: str = ""
    target: Annotated[int, Field(ge=0)]
    strengths: Mapping[Role, Mapping[str, float]] = Field(default_factory=dict)
    probabilities: Mapping[Role, tuple[float, ...]] = Field(default_factory=dict)
    pictures: Mapping[Role, Picture]
    simulated: bool = False

    @field_validator("strengths", "probabilities", "pictures")
    @classmethod
    def _fixed(cls, value: Mapping[Role, object]) -> Mapping[Role, object]:
        return MappingProxyType(dict(value))

    @field_serializer("strengths", "probabilities", "pictures")
    def _as_dict(self, value: Mapping[Role, object]) -> dict[Role, object]:
        return dict(value)


class Study(FrozenModel):
    """A study, fixed once it is made: its hash stands in every rater's answers.

    Parameters
    ----------
    title, created : str, datetime
        For people.
    protocol : Protocol
        How it is done; a copy, so that it can't change under way.
    items : tuple of StudyItem
        What is judged.
    model, atlas : ModelIdentity, str
        Which model made the pictures, and the SHA-256 of its atlas of directions.
    classes : tuple of str
        Of the classifier.
    raters : tuple of str
        Who may take part; anyone, if empty.
    seed : int
        Of the raters' orders.
    """

    format: Literal[1] = 1
    title: Title
    created: AwareDatetime
    protocol: Protocol
    items: Annotated[tuple[StudyItem, ...], Field(min_length=1, max_length=20_000)]
    model: ModelIdentity
    atlas: Sha256
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    raters: tuple[Pseudonym, ...] = ()
    seed: int = 0

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        ids = [item.id for item in self.items]
        if len(set(ids)) != len(ids):
            msg = "two items share an id"
            raise ValueError(msg)
        for item in self.items:
            if not set(self.protocol.shows) <= set(item.pictures):
                msg = f"item {item.id} lacks a picture that the protocol shows"
                raise ValueError(msg)
            if item.target >= len(self.classes):
                msg = f"item {item.id} asks for a class that there is not"
                raise ValueError(msg)
        return self

    def item(self, item_id: str) -> StudyItem:
        """Return an item by its id (KeyError if there is none)."""
        return self._items_by_id[item_id]

    @cached_property
    def _items_by_id(self) -> dict[str, StudyItem]:
        return {item.id: item for item in self.items}

    @cached_property
    def sha256(self) -> str:
        """Hash of all that it says, pictures included by theirs."""
        tree = self.model_dump(mode="json")
        return canonical_sha256(tree)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read ``study.json``; pictures are read and checked when they are shown.

        Raises
        ------
        StudyError
            If there is none, or it is damaged or of a newer version.
        """
        path = folder / FILE
        try:
            if path.stat().st_size > _MOST_BYTES:
                msg = f"{path} is larger than a study can be; it is refused."
                raise StudyError(msg)
            return read_kept(path, cls, StudyError, "take the study from its backup")
        except OSError as error:
            msg = f"There is no study in {folder} ({error.strerror}); make one with 'latent-explain study create'."
            raise StudyError(msg) from error

    def write(self, folder: Path) -> Path:
        """Write ``study.json``, last of all its files.

        Raises
        ------
        StudyError
            If there is a study already: it may have answers.
        ExportError
            If it can't be written.
        """
        path = folder / FILE
        if os.path.lexists(path):
            msg = f"There is a study in {folder} already; choose another folder."
            raise StudyError(msg)
        return write_atomically(path, (self.model_dump_json(indent=1) + "\n").encode())


def raters_problem(raters: Sequence[str]) -> str:
    """Say what is wrong with pseudonyms; nothing, if an empty text is returned."""
    for number, rater in enumerate(raters):
        if not _fits(rater, Pseudonym):
            return f"'{rater}' is no pseudonym: use letters, digits, - and _, 40 at most, and begin with a letter or digit."
        if rater.casefold() in {other.casefold() for other in raters[:number]}:
            return f"The pseudonym '{rater}' stands there twice; small and capital letters count as the same."
    return ""


def title_problem(title: str) -> str:
    """Say what is wrong with a study's title; nothing, if an empty text is returned."""
    return "" if _fits(title, Title) else "The title of a study has 1 to 120 characters; choose another one."


def _fits(text: str, kind: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return False
    return True


def atlas_hash(atlas: DirectionAtlas) -> str:
    """SHA-256 of an atlas, without the names that people gave and what was validated in it."""
    bare = [d.replace(name="", naming=None, validation=None).model_dump(mode="json") for d in atlas.directions]
    tree = atlas.model_dump(mode="json") | {"directions": bare}
    return canonical_sha256(tree)


def record_folder(folder: Path, item_id: str) -> Path:
    """Where the record of an item lies, from which panels are exported; raters don't need it."""
    return folder / "records" / item_id


def read_picture(folder: Path, picture: Picture) -> NDArray[np.uint8]:
    """Read a picture of a study, (H, W, 3) uint8, and check that it is the one that the study was made with.

    Raises
    ------
    StudyError
        If it is missing, damaged, or was changed.
    """
    path = folder / picture.file
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            msg = f"{path} leads out of the study; it is refused."
            raise StudyError(msg)
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != picture.sha256:
            msg = f"{path} is not the picture that the study was made with; take it from the study's backup."
            raise StudyError(msg)
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if image.width * image.height > _MOST_PIXELS:
                msg = f"{path} is too large for a picture of a study."
                raise StudyError(msg)
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        msg = f"{path} can't be read ({error}); take it from the study's backup."
        raise StudyError(msg) from error
