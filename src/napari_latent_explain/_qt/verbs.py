"""What the window does, as functions that import what they need when they are called: opening a window loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.domain import LatentExplainError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from napari_latent_explain._qt.answer_notes import Note
    from napari_latent_explain._qt.history import History
    from napari_latent_explain.cohort import Case, Project
    from napari_latent_explain.cohort.study_plan import StudyPlan
    from napari_latent_explain.domain import (
        CounterfactualRecord,
        DirectionId,
        DoseResponse,
        Edit,
        Mix,
        Photograph,
        Progress,
        SaliencyMap,
        SaliencyMethod,
    )
    from napari_latent_explain.explain import Explanation, Frame
    from napari_latent_explain.explain.frame_strip import FrameStrip
    from napari_latent_explain.model import Explainer
    from napari_latent_explain.review import Study

__all__ = [
    "answer", "directions_of", "draw_ahead", "enlarged", "explain", "fetch", "first_use", "history_of", "is_out_of_memory",
    "load", "make_study", "map_over", "moved", "notes_of", "read", "redirected", "take_up", "with_directions", "write_panel",
]  # fmt: skip


def read(path: Path, frame: int = 0) -> Photograph:
    """Read a photograph's file, or a later picture of it."""
    from napari_latent_explain.fundus import read_photograph

    return read_photograph(path, frame)


def load(bundle: Path | None, device: str) -> Explainer:
    """Load a model bundle, the shipped one if none is named, in its fastest form on this machine."""
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.quick_change import accelerated

    return accelerated(load_explainer(bundle, device))


def fetch(name: str, progress: Progress) -> tuple[str, Path]:
    """Download a model; its name and its folder."""
    from napari_latent_explain.model.downloads import fetch_bundle

    return name, fetch_bundle(name, progress)


def first_use() -> None:
    """Import what the first inversion would import."""
    import torch

    torch.optim.Adam([torch.zeros(1)])


def explain(
    explainer: Explainer, photograph: Photograph, *, progress: Progress, display_size: int = 1024
) -> Explanation:
    """Invert a photograph."""
    from napari_latent_explain.explain import explain_photograph

    return explain_photograph(explainer, photograph, display_size=display_size, progress=progress)


def draw_ahead(
    explanation: Explanation, direction_id: DirectionId, edit: Edit, progress: Progress, *, size: int
) -> FrameStrip:
    """Draw a slider's strip, by whatever judges single pictures fastest here: it is found out before the first one."""
    if (quick := explanation.explainer.quick) is not None:
        quick.settle()
    progress("Drawing ahead", 0.0)
    return explanation.strip(direction_id, edit, progress, size=size)


def take_up(project: Project, case: Case, explainer: Explainer) -> tuple[Explanation, Mix]:
    """Open what a project keeps of a photograph."""
    from napari_latent_explain.cohort.explaining import take_up

    return take_up(project, case, explainer)


def with_directions(explainer: Explainer, path: Path) -> Explainer:
    """Give a model the directions of an atlas file."""
    from napari_latent_explain.model.atlas_file import with_atlas

    return with_atlas(explainer, path)


def redirected(explanation: Explanation, explainer: Explainer) -> Explanation:
    """The same photograph at the same code with the directions of another explainer, its sliders at 0."""
    from napari_latent_explain.explain.with_explainer import with_explainer

    return with_explainer(explanation, explainer)


def directions_of(project: Project, case: Case, own: Explainer) -> Path | None:
    """The file of the directions that a photograph was left with; None for the model's own."""
    from napari_latent_explain.cohort.explaining import directions_of

    return directions_of(project, case, own)


def history_of(project: Project, case: Case) -> History | None:
    """The way back that a photograph was left with."""
    from napari_latent_explain._qt.kept_history import About, read_history
    from napari_latent_explain.explain.saved_explanation import read_saved

    folder = project.explanation_folder(case.sha256, case.model)
    saved = read_saved(folder)
    about = About(photograph=saved.sha256, model=saved.model.sha256, directions=saved.directions)
    return read_history(folder, about)


def notes_of(project: Project, case: Case) -> dict[str, Note]:
    """What was found out about a photograph's answers."""
    from napari_latent_explain._qt.kept_notes import read_notes

    return read_notes(project.explanation_folder(case.sha256, case.model))


def make_study(
    explainer: Explainer,
    photographs: Sequence[Path],
    folder: Path,
    plan: StudyPlan,
    *,
    created: datetime,
    progress: Progress,
) -> tuple[Study, dict[str, str]]:
    """Make a reading study; also return the photographs that were left out, and why."""
    from napari_latent_explain.cohort.study_making import make_study

    return make_study(explainer, photographs, folder, plan, created=created, progress=progress)


def write_panel(record: CounterfactualRecord, path: Path) -> Path:
    """Write an annotated panel."""
    from napari_latent_explain.export import write_panel

    return write_panel(record, path)


def map_over(
    explanation: Explanation, method: SaliencyMethod, progress: Progress
) -> tuple[Explanation, SaliencyMap, Any]:
    """Map where the photograph speaks for the target; also as a picture over the photograph, (P, P, 3) uint8."""
    from napari_latent_explain.export.saliency import saliency_over

    found = explanation.saliency_map(method, progress)
    return explanation, found, saliency_over(explanation.original, found)


def enlarged(explanation: Explanation, size: int) -> Explanation:
    """The same explanation, as it stands, with pictures of at most this side."""
    from napari_latent_explain.explain.with_explainer import enlarged

    return enlarged(explanation, size)


def is_out_of_memory(error: Exception) -> bool:
    """Whether a graphics processor had too little memory for something."""
    if isinstance(error, LatentExplainError):
        return False
    from napari_latent_explain.model.device import is_out_of_memory

    return is_out_of_memory(error)


def moved(explanation: Explanation, explainer: Explainer) -> Explanation:
    """The same explanation, as it stands, on the device of another explainer of its model."""
    from napari_latent_explain.explain.with_explainer import moved

    return moved(explanation, explainer)


def answer(explanation: Explanation, frame: Frame) -> tuple[Frame, DoseResponse]:
    """Measure the curve of what a search found."""
    return frame, explanation.dose_response(frame)
