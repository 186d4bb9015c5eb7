"""Explain every photograph of a project that waits, one after the other."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_latent_explain.cohort.case import Case, CaseState
from napari_latent_explain.domain import Cancelled, ExplanationError, LatentExplainError, Mix, portion, silent
from napari_latent_explain.explain import explain_photograph, open_explanation
from napari_latent_explain.explain.saved_explanation import Snapshot, directions_sha256, read_saved
from napari_latent_explain.fundus import read_photograph
from napari_latent_explain.model.atlas_file import with_atlas
from napari_latent_explain.model.device import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain.cohort.project import Project
    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain import Explanation
    from napari_latent_explain.model import Explainer

__all__ = ["Keepsake", "directions_of", "explain_waiting", "take_up"]


def _unheard(_case: Case) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Keepsake:
    """What a project keeps of an explanation, as it stood at one moment; any thread may write it."""

    snapshot: Snapshot
    decision: str
    target: str
    probability: float
    reached: bool

    @classmethod
    def of(cls, explanation: Explanation, mix: Mix | None = None) -> Keepsake:
        """Take one; `mix` says where the sliders stand, if not all of them are heard.

        Raises
        ------
        ExplanationError
            If the photograph was not read from a file.
        """
        frame, classes = explanation.frame, explanation.explainer.classes
        opinion = frame.probabilities.original
        decision = int(np.argmax(opinion))
        return cls(
            Snapshot.of(explanation, mix),
            classes[decision],
            classes[explanation.target],
            opinion[decision],
            frame.reached,
        )

    def write(self, project: Project, **known: Any) -> Case:
        """Keep it, with what else is `known` of the case; the photograph joins the project's list if it is not there.

        Raises
        ------
        ExportError
            If the project can't be written.
        """
        saved = self.snapshot.saved
        self.snapshot.write(project.explanation_folder(saved.sha256, saved.model.sha256))
        project.add([saved.photograph])
        before = project[saved.photograph]
        same = (before.sha256, before.model, before.target) == (saved.sha256, saved.model.sha256, self.target)
        found = {
            "state": CaseState.DONE, "why": "", "frame": saved.frame, "sha256": saved.sha256, "model": saved.model.sha256,
            "decision": self.decision, "target": self.target, "probability": self.probability,
            "reached": True if self.reached else before.reached if same else None,
        }  # fmt: skip
        return project.update(saved.photograph, **(found | known))


def directions_of(project: Project, case: Case, own: Explainer) -> Path | None:
    """Return the file of the directions that a photograph was explained with; None for those of the model, `own`.

    Raises
    ------
    ExplanationError
        If it was never explained, or that file is not there any more, or says something else now.
    BundleError
        If the file is refused.
    """
    saved = read_saved(project.explanation_folder(case.sha256, case.model))
    if (
        not saved.directions
        or own.identity.sha256 != saved.model.sha256
        or directions_sha256(own.atlas) == saved.directions
    ):
        return None
    file = project.directions_file(saved.directions)
    if file is None or not file.is_file():
        msg = (
            f"{case.name} was explained with directions from {file or 'a file that is not known'}, which are not there any "
            "more; put them back, or explain it again with the model's own."
        )
        raise ExplanationError(msg)
    if directions_sha256(with_atlas(own, file).atlas) != saved.directions:
        msg = f"{case.name} was explained with other directions than {file} has now; explain it again."
        raise ExplanationError(msg)
    return file


def take_up(project: Project, case: Case, explainer: Explainer) -> tuple[Explanation, Mix]:
    """Open what was kept of a photograph, and say where its sliders stood.

    Raises
    ------
    ExplanationError
        If it was never explained, is damaged, or another model or photograph made it.
    PhotographError
        If the photograph can't be read.
    """
    folder = project.explanation_folder(case.sha256, case.model)
    saved = read_saved(folder)
    explanation = open_explanation(folder, explainer, photograph=Path(case.path), saved=saved)
    heard = saved.mix is not None and saved.mix.heard == explanation.edit
    return explanation, saved.mix if saved.mix is not None and heard else Mix(edit=explanation.edit)


def _explain(project: Project, case: Case, explainer: Explainer, progress: Progress) -> Case:
    """Explain a photograph that is marked as running, search for its counterfactual, and keep both.

    What somebody kept of it meanwhile stays, and so does what is kept of a file with the same content.
    """
    began = time.perf_counter()
    photograph = read_photograph(case.path, case.frame)
    twin = _twin(project, case, photograph.sha256, explainer)
    if twin is not None:
        as_twin = {name: value for name, value in dict(twin).items() if name not in ("path", "seconds")}
        return project.update(case.path, **as_twin)
    made = explain_photograph(explainer, photograph, progress=portion(progress, 0.0, 0.7))
    found = made.find_counterfactual(portion(progress, 0.7, 1.0))
    made.accept(found)
    if project[case.path].state is not CaseState.RUNNING:
        return project[case.path]
    return Keepsake.of(made).write(project, reached=found.reached, seconds=time.perf_counter() - began)


def _twin(project: Project, case: Case, sha256: str, explainer: Explainer) -> Case | None:
    """Return a case of the same content that is explained by the same model, if what was kept of it is there."""
    for other in project.cases:
        if other.explained and (other.sha256, other.model, other.frame) == (
            sha256,
            explainer.identity.sha256,
            case.frame,
        ):
            with suppress(LatentExplainError):
                read_saved(project.explanation_folder(other.sha256, other.model))
                return other
    return None


def explain_waiting(
    project: Project,
    explainer: Explainer,
    *,
    progress: Progress = silent,
    changed: Callable[[Case], None] = _unheard,
) -> None:
    """Explain all that wait; each is on disk as soon as it is done, so that stopping loses one at most.

    Parameters
    ----------
    project : Project
        Whose photographs. One that can't be explained is refused with a reason, and the others go on.
    explainer : Explainer
        The model.
    progress : Progress
        Says which photograph, and how long the rest will take; may raise `Cancelled`: the photograph that ran waits again.
    changed : callable
        Told of every case that changes.

    Raises
    ------
    ExportError
        If the project can't be written.
    RuntimeError
        If the memory of a graphics processor is full (`model.device.is_out_of_memory`); the photograph waits again.
    """
    waiting = project.waiting()
    began, done = time.perf_counter(), 0

    def told(number: int, name: str, what: str, share: float) -> None:
        left = ""
        if done:
            seconds = (time.perf_counter() - began) / (done + share) * (len(waiting) - number - share)
            left = f", {_duration(seconds)} left"
        progress(f"{name}, {number + 1} of {len(waiting)}{left}: {what}", (number + share) / len(waiting))

    for number, case in enumerate(waiting):
        with suppress(KeyError):  # somebody took it from the list meanwhile
            if project[case.path].state is not CaseState.WAITING:
                continue  # or explained it
            changed(project.update(case.path, state=CaseState.RUNNING))
            try:
                after = _explain(project, case, explainer, partial(told, number, case.name))
            except Cancelled:
                changed(project.update(case.path, state=CaseState.WAITING))
                raise
            except LatentExplainError as error:
                after = project.update(case.path, state=CaseState.REFUSED, why=str(error))
            except Exception as error:
                if is_out_of_memory(error):
                    changed(project.update(case.path, state=CaseState.WAITING))
                    raise
                why = f"An error in the program ({type(error).__name__}: {error})."
                after = project.update(case.path, state=CaseState.REFUSED, why=why)
            finally:
                project.put_back(case.path)  # if what became of it could not be written
            done += 1
            changed(after)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"
