"""What one worker does with one chunk of photographs; what a photograph gives depends on it, the model and the seed alone."""

from __future__ import annotations

import os
import platform
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_latent_explain.cohort.store.assignment import Answer
from napari_latent_explain.cohort.store.listing import source_at
from napari_latent_explain.domain import BundleError, LatentExplainError, PhotographError, WrongUseError
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.explain.faithfulness import check_faithfulness
from napari_latent_explain.explain.pivot import Pivot, changed_fraction
from napari_latent_explain.fundus import crop, find_canonical_field
from napari_latent_explain.latent import mask_tensor, reconstruct, to_pixels, to_tensor
from napari_latent_explain.model import load_explainer
from napari_latent_explain.model.atlas_file import with_atlas
from napari_latent_explain.review import atlas_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from napari_latent_explain.cohort.store.assignment import Assignment, Waiting
    from napari_latent_explain.domain import Photograph
    from napari_latent_explain.fundus.sources import PhotographSource
    from napari_latent_explain.model import Explainer

__all__ = ["explainer_of", "work_on"]


def work_on(assignment: Assignment, photographs: Sequence[Waiting]) -> Answer:
    """Do a stage for each photograph of a chunk, on one thread; one that fails is a row that says so.

    Raises
    ------
    BundleError
        If the model that is found here is another one.
    WrongUseError
        If the data are not to be seen from here.
    """
    if not assignment.data.exists():
        msg = f"The worker on {platform.node()} does not see {assignment.data}; put it where all workers see it by this path."
        raise WrongUseError(msg)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in another order give other last digits
    try:
        explainer = explainer_of(assignment)
        began = time.perf_counter()
        rows, pictures = _one_by_one(explainer, assignment, photographs)
    finally:
        torch.set_num_threads(threads)
    return Answer(rows, time.perf_counter() - began, pictures)


def _one_by_one(
    explainer: Explainer, assignment: Assignment, photographs: Sequence[Waiting]
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    one = {"invert": _invert, "counterfactual": _counterfactual}[assignment.stage]
    rows: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    for waiting in photographs:
        source: PhotographSource | None = None
        row: dict[str, Any] = {"outcome": "done", "why": ""}
        try:
            source = source_at(assignment.data, waiting.name, waiting.frame)
            row |= one(explainer, _read(source, waiting), waiting, assignment)
        except _NotThereError as error:
            row = {"outcome": "unread", "why": _nameless(str(error), source)}
        except LatentExplainError as error:
            row = {"outcome": "refused", "why": _nameless(str(error), source)}
        except Exception as error:  # noqa: BLE001 - one photograph must not stop the others
            why = f"An error in the program ({type(error).__name__}: {error})."
            row = {"outcome": "error", "why": _nameless(why, source)}
        if "picture" in row:
            pictures[waiting.sha256] = row.pop("picture")
        rows.append({"sha256": waiting.sha256} | row)
    return rows, pictures


def explainer_of(assignment: Assignment) -> Explainer:
    """Load the model that an assignment names, once a process.

    Raises
    ------
    BundleError
        If it, or its directions, have another hash.
    """
    return _loaded(
        str(assignment.bundle or ""), assignment.device, assignment.model, str(assignment.atlas or ""), assignment.atlas_sha256
    )  # fmt: skip


@lru_cache(maxsize=1)
def _loaded(bundle: str, device: str, model: str, atlas: str, atlas_sha256: str) -> Explainer:
    explainer = load_explainer(bundle or None, device)
    if explainer.identity.sha256 != model:
        msg = (
            f"The worker on {platform.node()} has another model ({explainer.identity.sha256[:12]}, not {model[:12]}) at "
            f"{explainer.bundle}; copy the same bundle there."
        )
        raise BundleError(msg)
    if atlas:
        explainer = with_atlas(explainer, Path(atlas))
    if atlas_sha256 and atlas_hash(explainer.atlas) != atlas_sha256:
        msg = f"The worker on {platform.node()} finds other directions at {atlas or explainer.bundle}; copy the same file there."
        raise BundleError(msg)
    return explainer


class _NotThereError(PhotographError):
    """A file that may be there the next time."""


def _read(source: PhotographSource, waiting: Waiting) -> Photograph:
    if not os.access(source.path, os.R_OK):
        msg = f"'{source.name}' can't be opened; check that it is there and may be read."
        raise _NotThereError(msg)
    photograph = source.read()
    if photograph.sha256 != waiting.sha256:
        msg = f"'{source.name}' has changed since it was listed; run the same command again."
        raise _NotThereError(msg)
    return photograph


def _nameless(sentence: str, source: PhotographSource | None) -> str:
    """A sentence without the file's names: results are given away, and file names may hold patients'."""
    if source is None:
        return sentence
    sentence = source.unnamed(sentence, "the photograph")
    return sentence[:1].upper() + sentence[1:]


def _invert(explainer: Explainer, photograph: Photograph, waiting: Waiting, assignment: Assignment) -> dict[str, Any]:
    """The code, how well it draws the photograph, and whether the classifier says the same of both."""
    size, classes = explainer.resolution, explainer.classes
    made = explain_photograph(explainer, photograph, display_size=size, seed=assignment.seed, steps=assignment.steps)
    x = to_tensor(crop(photograph, made.field, size), explainer.device)
    inside = mask_tensor(made.field.mask(size), explainer.device)
    l1 = ((made.inversion.picture - x).abs() * inside).sum() / (3 * inside.sum()) / 2
    said, quality, eye = made.frame.probabilities, made.quality, made.laterality
    return {
        "width": photograph.width, "height": photograph.height, "simulated": photograph.simulated,
        "eye": str(eye.eye or ""), "eye_source": eye.source, "eye_confidence": eye.confidence,
        "mirrored": made.field.mirrored,
        "quality": [str(flag) for flag in quality.flags], "brightness": quality.brightness,
        "sharpness": quality.sharpness, "saturated": quality.saturated,
        "l1": float(l1), "loss_encoder": made.inversion.loss_encoder, "loss_refined": made.inversion.loss_refined,
        "probabilities": list(said.original), "reconstructed": list(said.reconstruction),
        "decision": classes[int(np.argmax(said.original))],
        "reconstructed_decision": classes[int(np.argmax(said.reconstruction))], "gap": said.gap,
        "code": made.inversion.code[0].cpu().numpy().astype(np.float32).tobytes(),
    }  # fmt: skip


def _counterfactual(
    explainer: Explainer, photograph: Photograph, waiting: Waiting, assignment: Assignment
) -> dict[str, Any]:
    """The smallest edit that changes the decision, from the code that inversion found, and what is measured of it."""
    size, classes = explainer.resolution, explainer.classes
    field = find_canonical_field(photograph)
    x = to_tensor(crop(photograph, field, size), explainer.device)
    mask = mask_tensor(field.mask(size), explainer.device)
    code = torch.from_numpy(np.frombuffer(waiting.code, np.float32).copy())[None].to(explainer.device)
    with torch.no_grad():
        base = reconstruct(explainer, code, mask)
    pivot = Pivot(explainer, x, mask, code, base)
    before, rebuilt = _probabilities(explainer, torch.cat([x, base]))
    decision = int(np.argmax(before))
    others = [c for c in range(len(classes)) if c != decision]
    target = classes.index(assignment.target) if assignment.target else max(others, key=lambda c: before[c])
    found = pivot.search(target)
    made = pivot.composites([found.edit])
    after = _probabilities(explainer, made.picture)[0] if found.edit else before
    row: dict[str, Any] = {
        "decision": classes[decision], "target": classes[target], "reached": found.reached,
        "flipped": int(np.argmax(after)) == target != decision,
        "directions": list(found.edit.strengths), "strengths": list(found.edit.strengths.values()),
        "probabilities": before, "reconstructed": rebuilt, "counterfactual": after,
        "changed_area": changed_fraction(made.difference, mask),
    }  # fmt: skip
    if explainer.second_opinion is not None:
        with torch.inference_mode():
            odds = explainer.second_opinion(torch.cat([x, made.picture]))
            said = torch.sigmoid((odds if target == 1 else -odds).cpu().double()).tolist()
        row |= {"second_before": said[0], "second_after": said[1]}
    if assignment.checks:
        rng = np.random.default_rng([assignment.seed, int(waiting.sha256[:16], 16)])
        checked = check_faithfulness(pivot, found.edit, target, rng)
        if checked is not None:
            row |= {
                "controls_failed": list(checked.failed), "effect": checked.effect,
                "random_share": checked.random_share, "reversal": checked.reversal,
            }  # fmt: skip
    if assignment.pictures:
        row["picture"] = _side_by_side(x, made.picture, mask, mirrored=field.mirrored, simulated=photograph.simulated)
    return row


def _probabilities(explainer: Explainer, pictures: Tensor) -> list[list[float]]:
    with torch.inference_mode():
        found: list[list[float]] = explainer.classifier(pictures).cpu().double().softmax(dim=1).tolist()
    return found


def _side_by_side(x: Tensor, composite: Tensor, mask: Tensor, *, mirrored: bool, simulated: bool) -> bytes:
    """Photograph and counterfactual as PNG, black outside the field (names may stand there), as the camera saw them."""
    from PIL import Image

    from napari_latent_explain.export.png import png_bytes
    from napari_latent_explain.export.synthetic_mark import marked_pixels

    both = to_pixels(torch.cat([x, composite]) * mask - (1 - mask))
    if mirrored:
        both = both[:, :, ::-1]
    right = marked_pixels(np.ascontiguousarray(both[1]), simulated=simulated, side=512)
    side = len(right)
    left = np.asarray(Image.fromarray(both[0]).resize((side, side), Image.Resampling.BICUBIC))
    text = "Left: photograph; right: computed counterfactual. For research, not for diagnosis."
    return png_bytes(Image.fromarray(np.hstack([left, right])), text)
