"""What the wizard's thread does: load the model, make the study, leave none behind if it was stopped. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.giving_way import giving_way
from napari_latent_explain.domain import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_latent_explain._qt.latest_wins import Work
    from napari_latent_explain._qt.model_shelf import ModelChoice
    from napari_latent_explain.cohort.study_plan import StudyPlan
    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model import Explainer
    from napari_latent_explain.review import Study

__all__ = ["LOADING", "StudyMaker", "StudyRequest", "study_work"]

LOADING = "Loading the model"


class StudyMaker(Protocol):
    """`cohort.study_making.make_study`, or what stands in for it."""

    def __call__(
        self,
        explainer: Explainer,
        photographs: Sequence[Path],
        folder: Path,
        plan: StudyPlan,
        *,
        created: datetime,
        progress: Progress,
    ) -> tuple[Study, dict[str, str]]:
        """Make a study."""


@dataclass(frozen=True)
class StudyRequest:
    """All that a person said in the wizard.

    Parameters
    ----------
    photographs : tuple of pathlib.Path
    model : ModelChoice
        Which model, on what, with which directions.
    folder : pathlib.Path
        Where the study is to lie.
    plan : StudyPlan
    """

    photographs: tuple[Path, ...]
    model: ModelChoice
    folder: Path
    plan: StudyPlan


def study_work(request: StudyRequest, load: Callable[[Path | None, str], Any], make: StudyMaker) -> Work:
    """Return the work that makes a study and returns it with the photographs that were left out.

    A graphics processor with too little memory is given up for the main one, from the beginning, so that all pictures of a
    study are computed alike.
    """

    def once(device: str, progress: Progress) -> tuple[Study, dict[str, str]]:
        progress(LOADING, 0.0)
        explainer = load(request.model.bundle, device)
        if request.model.directions is not None:
            explainer = verbs.with_directions(explainer, request.model.directions)
        progress(LOADING, 0.0)
        created = datetime.now(UTC).replace(microsecond=0)
        return make(explainer, request.photographs, request.folder, request.plan, created=created, progress=progress)

    def work(progress: Progress) -> tuple[Study, dict[str, str]]:
        def again() -> None:
            progress("The graphics processor is full: beginning again with the main processor", 0.0)

        study, left_out = giving_way(request.model.device, lambda device: once(device, progress), again)
        try:
            progress("The study is written", 1.0)
        except Cancelled:  # after the last picture, while it was being written
            (request.folder / "study.json").unlink(missing_ok=True)
            raise
        return study, left_out

    return work
