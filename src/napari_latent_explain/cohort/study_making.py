"""Making a study: photographs are explained, and all its pictures rendered ahead, so that reviewing needs no model."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from napari_latent_explain.cohort.study_plan import StudyPlan
from napari_latent_explain.domain import Edit, ExplanationError, PhotographError, StudyError, portion, silent
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.case_label import case_label
from napari_latent_explain.export.kept_record import KEPT, record_bytes
from napari_latent_explain.export.png import png_bytes
from napari_latent_explain.fundus import read_photograph
from napari_latent_explain.review import Picture, Role, Study, StudyItem, atlas_hash
from napari_latent_explain.review.study import raters_problem, record_folder, title_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_latent_explain.domain import DirectionId, Progress
    from napari_latent_explain.explain import Explanation, Frame
    from napari_latent_explain.model import Explainer

    Write = Callable[[Path, bytes], None]

__all__ = ["StudyPlan", "make_study"]

_SAYS = "Picture of a reading study; it may be computed. For research, not for diagnosis."
"""The same in every picture, so that none tells what it is."""


def make_study(
    explainer: Explainer,
    photographs: Sequence[Path],
    folder: Path,
    plan: StudyPlan,
    *,
    created: datetime,
    progress: Progress = silent,
) -> tuple[Study, dict[str, str]]:
    """Explain photographs, render what the protocol shows, and write the study.

    Parameters
    ----------
    explainer, photographs : Explainer, sequence of path
        The model, and what it is asked about.
    folder : pathlib.Path
        Gets ``study.json``, ``pictures/``, and ``records/`` for exporting panels, which raters don't need; a study that is
        there is never written over.
    plan : StudyPlan
        What it is to hold.
    created : datetime.datetime
        The date that it carries.
    progress : Progress
        May raise `Cancelled`: then there is no study.

    Returns
    -------
    (Study, dict)
        The study, and photographs that were left out with the reason why.

    Raises
    ------
    StudyError
        If there is a study already, a rater's name is no pseudonym, the title is too long, a direction is not the model's, or
        nothing is left to judge; what was written until then goes again.
    ExportError
        If it can't be written.
    """
    if (folder / "study.json").exists():
        msg = f"There is a study in {folder} already; choose another folder."
        raise StudyError(msg)
    if problem := raters_problem(plan.raters) or title_problem(plan.title):
        raise StudyError(problem)
    known = {direction.id for direction in explainer.atlas.directions}
    strange = [direction for direction in plan.chosen if direction not in known]
    if strange:
        msg = f"The model has no direction {strange[0]}; its directions are {', '.join(sorted(known)) or 'none'}."
        raise StudyError(msg)
    with _taken_back(folder) as write:
        return _made(explainer, photographs, folder, plan, created, write, progress)


@contextmanager
def _taken_back(folder: Path) -> Iterator[Write]:
    """Give what writes files into a study's folder; without a study in the end, they go again, and their folders."""
    files: list[Path] = []
    folders: set[Path] = set()

    def write(path: Path, content: bytes) -> None:
        folders.update(parent for parent in path.parents if not parent.exists())
        files.append(path)
        write_atomically(path, content)

    try:
        yield write
    except BaseException:
        if not (folder / "study.json").exists():
            for path in files:
                path.unlink(missing_ok=True)
            for made in sorted(folders, key=lambda made: len(made.parts), reverse=True):
                with suppress(OSError):  # something else lies there by now
                    made.rmdir()
        raise


def _made(
    explainer: Explainer,
    photographs: Sequence[Path],
    folder: Path,
    plan: StudyPlan,
    created: datetime,
    write: Write,
    progress: Progress,
) -> tuple[Study, dict[str, str]]:
    items: list[StudyItem] = []
    left_out: dict[str, str] = {}
    seen: set[str] = set()
    for number, path in enumerate(photographs):
        told = portion(progress, number / len(photographs), (number + 1) / len(photographs))
        try:
            photograph = read_photograph(path)
            if photograph.sha256 in seen:
                left_out[str(path)] = "It is the same photograph as another one of the study."
                continue
            explanation = explain_photograph(
                explainer, photograph, target=plan.target, display_size=plan.display_size, seed=plan.seed,
                progress=portion(told, 0.0, 0.6),
            )  # fmt: skip
            made = list(_items(explanation, folder, plan, write, portion(told, 0.6, 1.0)))
        except (PhotographError, ExplanationError, StudyError) as error:
            left_out[str(path)] = str(error)
            continue
        seen.add(photograph.sha256)
        items += made
    if not items:
        reasons = " ".join(dict.fromkeys(left_out.values()))
        msg = f"No photograph is left to judge. {reasons}"
        raise StudyError(msg)
    study = Study(
        title=plan.title, created=created, protocol=plan.protocol, items=tuple(items), model=explainer.identity,
        atlas=atlas_hash(explainer.atlas), classes=explainer.classes, raters=plan.raters, seed=plan.seed,
    )  # fmt: skip
    study.write(folder)
    return study, left_out


def _items(
    explanation: Explanation, folder: Path, plan: StudyPlan, write: Write, progress: Progress
) -> Iterator[StudyItem]:
    if plan.protocol.items == "counterfactuals":
        found = explanation.find_counterfactual(progress)
        if not found.edit:
            msg = "No direction moves the classifier here: there is nothing to judge."
            raise StudyError(msg)
        yield _item(explanation, folder, plan, write, "", {Role.COUNTERFACTUAL: found})
        return
    chosen = plan.chosen or tuple(d.id for d in explanation.directions[: plan.directions])
    for number, direction in enumerate(chosen):
        progress("Rendering directions", number / len(chosen))
        ends = explanation.strength_range(direction)
        frames = {
            role: explanation.render(Edit(strengths={direction: strength}))
            for role, strength in zip((Role.LESS, Role.MORE), ends, strict=True)
        }
        yield _item(explanation, folder, plan, write, direction, frames)


def _item(
    explanation: Explanation,
    folder: Path,
    plan: StudyPlan,
    write: Write,
    direction: DirectionId,
    frames: Mapping[Role, Frame],
) -> StudyItem:
    photograph = explanation.photograph
    inside = explanation.field.mask(len(explanation.original))
    inside = inside[:, ::-1] if explanation.field.mirrored else inside
    some = next(iter(frames.values()))
    pictures = {Role.ORIGINAL: _write(folder, explanation.original, inside, write)}
    pictures |= {role: _write(folder, frame.counterfactual, inside, write) for role, frame in frames.items()}
    mark = hashlib.sha256(f"{plan.seed}:{photograph.sha256}:{direction}".encode()).hexdigest()[:12]
    kept = explanation.record(frames[Role.MORE] if direction else some)
    write(record_folder(folder, f"item-{mark}") / KEPT, record_bytes(kept, case_label(photograph.sha256)))
    return StudyItem(
        id=f"item-{mark}",
        case=case_label(photograph.sha256),
        photograph=photograph.sha256,
        laterality=explanation.laterality.eye,
        direction=direction,
        direction_name=explanation.atlas[direction].name if direction else "",
        target=explanation.atlas[direction].target if direction else explanation.target,
        strengths={role: dict(frame.edit.strengths) for role, frame in frames.items()},
        probabilities={Role.ORIGINAL: some.probabilities.original}
        | {role: frame.probabilities.counterfactual for role, frame in frames.items()},
        pictures=pictures,
        simulated=photograph.simulated,
    )


def _write(folder: Path, pixels: NDArray[np.uint8], inside: NDArray[np.bool_], write: Write) -> Picture:
    """Write a picture, black outside the field (names may stand there), under a name that tells nothing."""
    content = png_bytes(Image.fromarray(np.where(inside[..., None], pixels, 0).astype(np.uint8)), _SAYS)
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"pictures/{sha256[:24]}.png"
    if not (folder / name).exists():
        write(folder / name, content)
    return Picture(file=name, sha256=sha256)
