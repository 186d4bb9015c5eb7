"""An explained photograph on disk, so that closing a window loses nothing and opening it again needs no inversion.

A folder of two files: ``explanation.json``, which says everything but the code, and the style code as safetensors, named by
its hash. The photograph itself is not copied; it is found again by its path and recognised by its hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import torch
from pydantic import Field as Constraint
from safetensors import SafetensorError
from safetensors.torch import load, save

from napari_latent_explain.domain import (
    Edit,
    ExplanationError,
    Field,
    LatentExplainError,
    LateralityReading,
    Mix,
    ModelIdentity,
    QualityReport,
    Region,
)
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.explain.explanation import Explanation
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.kept_json import read_kept
from napari_latent_explain.fundus import read_photograph
from napari_latent_explain.fundus.photograph_files import can_be_kept, printable
from napari_latent_explain.latent import Inversion, mask_tensor, reconstruct

if TYPE_CHECKING:
    from napari_latent_explain.domain import DirectionAtlas
    from napari_latent_explain.model.explainer import Explainer

__all__ = [
    "SavedExplanation",
    "Snapshot",
    "directions_sha256",
    "open_explanation",
    "read_saved",
    "save_explanation",
]

_NAME = "explanation.json"
_LARGEST = 64 * 2**20


class SavedExplanation(FrozenModel):
    """What ``explanation.json`` says.

    Parameters
    ----------
    format : int
        Version of this layout; a newer one is refused, not guessed at.
    photograph, sha256 : str
        Path of the photograph when it was saved, and its hash.
    frame : int
        Which picture of a file that has several, from 0.
    model : ModelIdentity
        Of the bundle that explained it: codes and directions mean nothing to another.
    directions : str
        `directions_sha256` of the atlas in use; empty in older files.
    field, laterality, quality
        What was read of the photograph, corrections by hand included.
    target, edit
        What is asked for, and where the sliders stand.
    mix : Mix, optional
        Where sliders stand that are not heard; what is heard of it is `edit`.
    region : Region, optional
        What was drawn to change alone.
    note, reached : str, bool
        What the search said of the frame that is shown.
    display_size : int
        Largest side of the pictures that are shown.
    code : str
        Name of the file with the code; its stem is the hash of its content.
    loss_encoder, loss_refined : float
        Of the inversion.
    seconds : dict
        How long the steps took.
    """

    format: Literal[1] = 1
    photograph: str
    sha256: str
    frame: Annotated[int, Constraint(ge=0)] = 0
    model: ModelIdentity
    directions: Annotated[str, Constraint(pattern=r"^([0-9a-f]{64})?$")] = ""
    field: Field
    laterality: LateralityReading
    quality: QualityReport
    target: int
    edit: Edit = Edit()
    mix: Mix | None = None
    region: Region | None = None
    note: str = ""
    reached: bool = False
    display_size: int = 1024
    code: str
    loss_encoder: float
    loss_refined: float
    seconds: dict[str, float] = Constraint(default_factory=dict)


def directions_sha256(atlas: DirectionAtlas) -> str:
    """Hash of what an atlas' sliders do: which coordinates they move, by how much, and towards what; not what they are called."""
    told = [(d.id, d.layer, d.channel, d.sign, d.spread, d.low, d.high, d.target) for d in atlas.directions]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An explanation as it stood at one moment, ready to be written by any thread."""

    saved: SavedExplanation
    code: bytes

    @classmethod
    def of(cls, explanation: Explanation, mix: Mix | None = None) -> Snapshot:
        """Take one; `mix` says where the sliders stand, if not all of them are heard.

        Raises
        ------
        ExplanationError
            If the photograph was not read from a file, or its name is not UTF-8.
        """
        photograph, inversion = explanation.photograph, explanation.inversion
        if photograph.path is None:
            msg = f"{photograph.name} was not read from a file, so that it could not be found again; save the picture first."
            raise ExplanationError(msg)
        if not can_be_kept(photograph.path):
            msg = f"The name of {printable(photograph.name)} is not UTF-8, so that it could not be found again; rename the file."
            raise ExplanationError(msg)
        code = save({"code": inversion.code.detach().cpu().contiguous()})
        saved = SavedExplanation(
            photograph=str(photograph.path.absolute()), sha256=photograph.sha256,
            frame=photograph.frame, model=explanation.explainer.identity,
            directions=directions_sha256(explanation.atlas),
            field=explanation.field, laterality=explanation.laterality, quality=explanation.quality,
            target=explanation.target, edit=explanation.edit, mix=mix, region=explanation.region,
            note=explanation.frame.note, reached=explanation.frame.reached,
            display_size=explanation.kept_display_size, code=f"{hashlib.sha256(code).hexdigest()}.safetensors",
            loss_encoder=inversion.loss_encoder, loss_refined=inversion.loss_refined, seconds=explanation.seconds,
        )  # fmt: skip
        return cls(saved, code)

    def write(self, folder: Path) -> Path:
        """Write it; what is there already is replaced by the one file that changes, whole or not at all.

        Raises
        ------
        ExportError
            If the folder can't be written.
        """
        if not (folder / self.saved.code).is_file():
            write_atomically(folder / self.saved.code, self.code)
        return write_atomically(folder / _NAME, (self.saved.model_dump_json(indent=1) + "\n").encode())


def save_explanation(explanation: Explanation, folder: Path) -> Path:
    """Write an explanation as it stands; saving it again replaces the one file that changes, whole or not at all.

    Raises
    ------
    ExplanationError
        If its photograph was not read from a file.
    ExportError
        If the folder can't be written.
    """
    return Snapshot.of(explanation).write(folder)


def read_saved(folder: Path) -> SavedExplanation:
    """Read what was saved, without model or photograph.

    Raises
    ------
    ExplanationError
        If there is nothing, or it is damaged or of a newer version.
    """
    path = folder / _NAME
    try:
        saved = read_kept(path, SavedExplanation, ExplanationError, "explain the photograph again")
    except OSError as error:
        msg = f"There is no saved explanation in {folder} ({error.strerror})."
        raise ExplanationError(msg) from error
    if Path(saved.code).name != saved.code:
        msg = f"{path} names a code outside its folder; it is refused."
        raise ExplanationError(msg)
    return saved


def open_explanation(
    folder: Path, explainer: Explainer, *, photograph: Path | None = None, saved: SavedExplanation | None = None
) -> Explanation:
    """Take up a saved explanation where it was left, without inverting again.

    Parameters
    ----------
    folder : pathlib.Path
        Where it was saved.
    explainer : Explainer
        The model that explained it.
    photograph : pathlib.Path, optional
        Where the photograph lies now, if it was moved.
    saved : SavedExplanation, optional
        What `read_saved` gave, if it was read already.

    Raises
    ------
    ExplanationError
        If it is damaged, or photograph or model are others.
    PhotographError
        If the photograph can't be read.
    """
    saved = saved if saved is not None else read_saved(folder)
    if saved.model.sha256 != explainer.identity.sha256:
        msg = (
            f"{folder} was explained with the model {saved.model.name} {saved.model.sha256[:12]}, and this is "
            f"{explainer.identity.name} {explainer.identity.sha256[:12]}; load that model, or explain the photograph again."
        )
        raise ExplanationError(msg)
    path = photograph if photograph is not None else Path(saved.photograph)
    if not path.is_file():
        msg = f"The photograph {path} is not there any more; say where it lies now."
        raise ExplanationError(msg)
    picture = read_photograph(path, saved.frame)
    if picture.sha256 != saved.sha256:
        msg = f"{path} is not the photograph that was explained (its SHA-256 differs); explain it anew."
        raise ExplanationError(msg)
    code = _read_code(folder / saved.code, explainer)
    mask = mask_tensor(saved.field.mask(explainer.resolution), explainer.device)
    with torch.inference_mode():
        base = reconstruct(explainer, code, mask)
    found = Explanation(
        explainer, picture, saved.field, saved.laterality, saved.quality,
        Inversion(code, base, saved.loss_encoder, saved.loss_refined),
        target=saved.target, display_size=saved.display_size, seconds=dict(saved.seconds),
    )  # fmt: skip
    try:
        found.set_region(saved.region)
        found.accept(replace(found.render(saved.edit), note=saved.note, reached=saved.reached))
    except LatentExplainError as error:
        msg = f"The sliders of {folder} stand on directions that this model lacks; explain the photograph again."
        raise ExplanationError(msg) from error
    return found


def _read_code(path: Path, explainer: Explainer) -> torch.Tensor:
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != path.stem:
            raise ValueError
        code = load(content)["code"]
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        msg = f"The code {path} is missing or damaged; explain the photograph again."
        raise ExplanationError(msg) from error
    if code.shape != (1, explainer.generator.code_size) or not bool(torch.isfinite(code).all()):
        msg = f"The code {path} does not fit this model; explain the photograph again."
        raise ExplanationError(msg)
    fitting: torch.Tensor = code.float().to(explainer.device)
    return fitting
