"""The chosen model, loaded once, with the directions that are chosen for it. No Qt here."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.giving_way import FULL, giving_way

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from napari_latent_explain._qt.answer_notes import Note
    from napari_latent_explain._qt.history import History
    from napari_latent_explain.cohort import Case, Project
    from napari_latent_explain.domain import DirectionAtlas, Mix, Photograph, Progress
    from napari_latent_explain.explain import Explanation
    from napari_latent_explain.model import Explainer

__all__ = ["Made", "ModelChoice", "ModelShelf"]

T = TypeVar("T")


@dataclass(frozen=True)
class ModelChoice:
    """What a person chose.

    Parameters
    ----------
    bundle : pathlib.Path or None
        The model's folder; None is the default model.
    device : str
        What to run it on.
    directions : pathlib.Path or None
        The file that directions come from; None for the model's own.
    """

    bundle: Path | None
    device: str
    directions: Path | None = None


@dataclass(frozen=True, eq=False)
class Made:
    """An explanation, by which model it was made in the end, where its sliders stand, if not all are heard, and the way back.

    `notes` is what was known of its answers. `gave_way` says that a graphics processor was full, so that the main one did it.
    """

    choice: ModelChoice
    explanation: Explanation
    mix: Mix | None = None
    history: History | None = None
    gave_way: bool = False
    notes: Mapping[str, Note] = field(default_factory=dict)


class ModelShelf:
    """Gives the model that a choice names, in any thread.

    Parameters
    ----------
    load : callable
        (bundle or None, device) -> Explainer.
    """

    def __init__(self, load: Callable[[Path | None, str], Explainer]) -> None:
        self._load = load
        self._last: tuple[Path | None, str, Explainer] | None = None
        self._loading = threading.Lock()

    def give(self, choice: ModelChoice) -> Explainer:
        """Return the model; the one that was asked for last is not loaded again.

        Raises
        ------
        BundleError
            If model or directions are refused.
        """
        with self._loading:  # who asks for it meanwhile waits, and loads nothing twice
            last = self._last
            if last is not None and last[:2] == (choice.bundle, choice.device):
                explainer = last[2]
            else:
                explainer = self._load(choice.bundle, choice.device)
                self._last = (choice.bundle, choice.device, explainer)
        return explainer if choice.directions is None else verbs.with_directions(explainer, choice.directions)

    def prepare(self, choice: ModelChoice, progress: Progress) -> None:
        """Load a model before it is asked for; what is wrong with it is said when it is."""
        with suppress(Exception):
            self.give(choice)
            progress("Loading the model", 0.5)  # a window that was closed meanwhile needs no more
            verbs.first_use()

    def use(
        self,
        choice: ModelChoice,
        work: Callable[[ModelChoice], T],
        progress: Progress,
        gave_way: Callable[[], None] = lambda: None,
    ) -> T:
        """Do work with a choice; again with the main processor, if the memory of the graphics processor is full.

        `gave_way` is called before it is done again.
        """

        def again() -> None:
            gave_way()
            progress(FULL, 0.0)

        progress("Loading the model", 0.0)
        return giving_way(choice.device, lambda device: work(replace(choice, device=device)), again)

    def with_model(
        self,
        choice: ModelChoice,
        work: Callable[[Explainer], None],
        progress: Progress,
        gave_way: Callable[[], None],
    ) -> None:
        """Do work with a model, as `use`."""
        self.use(choice, lambda with_choice: work(self.give(with_choice)), progress, gave_way)

    def explain(
        self,
        choice: ModelChoice,
        photograph: Callable[[], Photograph],
        explain: Callable[..., Explanation],
        progress: Progress,
    ) -> Made:
        """Read a photograph and explain it."""
        progress("Reading the photograph", 0.0)
        picture = photograph()

        def make(with_choice: ModelChoice) -> Made:
            made = explain(self.give(with_choice), picture, progress=progress)
            return Made(with_choice, made, gave_way=with_choice != choice)

        return self.use(choice, make, progress)

    def take_up(self, choice: ModelChoice, project: Project, case: Case, progress: Progress) -> Made:
        """Open what a project keeps of a photograph, with the directions that it was left with.

        Raises
        ------
        ExplanationError
            If it can't be opened, or the file of its directions is not there any more.
        """

        def make(with_choice: ModelChoice) -> Made:
            own = self.give(replace(with_choice, directions=None))
            left = replace(with_choice, directions=verbs.directions_of(project, case, own))
            progress("Taking up where it was left", 0.5)
            explanation, mix = verbs.take_up(project, case, self.give(left))
            history, notes = verbs.history_of(project, case), verbs.notes_of(project, case)
            return Made(left, explanation, mix, history, gave_way=with_choice != choice, notes=notes)

        return self.use(choice, make, progress)

    def move(self, shown: Explanation, progress: Progress) -> Explanation:
        """Make an explanation anew, as it stands, with the main processor."""
        progress(FULL, 0.0)
        explainer = self.give(ModelChoice(shown.explainer.bundle, "cpu"))
        progress(FULL, 0.5)
        return verbs.moved(shown, explainer)

    def redirect(
        self, choice: ModelChoice, shown: Explanation | None, progress: Progress
    ) -> tuple[DirectionAtlas, Made | None]:
        """Read the chosen directions, and make what is shown anew with them, its sliders at 0; None if it is no such model's."""
        progress("Loading the model", 0.0)
        explainer = self.give(choice)
        if shown is None or shown.explainer.identity != explainer.identity:
            return explainer.atlas, None
        progress("Taking the directions", 0.5)
        return explainer.atlas, Made(choice, verbs.redirected(shown, explainer))
