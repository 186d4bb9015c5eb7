"""Where explanations come from: a photograph, what a project keeps of it, or the one on show with other directions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info, show_warning
from qtpy.QtCore import QObject, Signal

from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.giving_way import FULL_MEMORY, GAVE_WAY
from napari_latent_explain._qt.model_shelf import Made
from napari_latent_explain._qt.photograph_chooser import not_its_file
from napari_latent_explain._qt.slow_work import PREPARE
from napari_latent_explain.cohort import CaseState
from napari_latent_explain.domain import LatentExplainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain._qt.model_chooser import ModelChooser
    from napari_latent_explain._qt.model_shelf import ModelShelf
    from napari_latent_explain._qt.photograph_chooser import PhotographChooser
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.cohort import Project
    from napari_latent_explain.domain import DirectionAtlas
    from napari_latent_explain.explain import Explanation

__all__ = ["Explaining"]

LARGEST_DISPLAY = 4096
"""Most pixels of a picture's side, as in the Preferences."""


class Explaining(QObject):  # type: ignore[misc]
    """Has the chosen model explain what is chosen; where that took another processor, the chooser says so from then on.

    Parameters
    ----------
    session : Session
        What is on show.
    photograph, model : PhotographChooser, ModelChooser
        What is chosen.
    shelf : ModelShelf
        Gives the model.
    explain : callable
        (explainer, photograph, progress=...) -> Explanation.
    work : SlowWork
        Does it.

    Signals
    -------
    made(made: Made, source: napari layer or None)
        An explanation is there; `source` is its photograph's layer.
    moved(made: Made)
        The one that is on show is there again as it stood, with another processor or larger.
    directed(atlas: DirectionAtlas, made: Made or None)
        Other directions are in use; what is on show, made with them, if that can be.
    """

    made = Signal(object, object)
    moved = Signal(object)
    directed = Signal(object, object)

    def __init__(
        self,
        session: Session,
        photograph: PhotographChooser,
        model: ModelChooser,
        shelf: ModelShelf,
        explain: Callable[..., Explanation],
        work: SlowWork,
    ) -> None:
        super().__init__()
        self._session, self._photograph, self._model = session, photograph, model
        self._shelf, self._explain, self._work = shelf, explain, work
        work.expect(PREPARE, lambda _: None)
        work.expect("explain", self._tell)
        work.expect("take up", self._tell)
        work.expect("move", self._tell_moved)
        work.expect("enlarge", self._tell_enlarged)
        work.expect("directions", self._tell_directed, model.directions.fall_back)
        work.full.connect(self._give_way)
        model.directions.asked.connect(self._redirect)

    def prepare(self) -> None:
        """Load the chosen model while a person chooses a photograph, if there is nothing else to do."""
        if not self._work.busy and self._session.explanation is None:
            chosen, prepare = self._model.chosen, self._shelf.prepare
            self._work.submit(PREPARE, lambda progress: prepare(chosen, progress))

    def explain(self) -> None:
        """Explain the chosen photograph."""
        try:
            photograph = self._photograph.photograph()
        except LatentExplainError as error:
            show_warning(str(error))
            return
        chosen, source = self._model.chosen, self._photograph.layer
        make, explain = self._shelf.explain, self._explain
        self._work.discard()
        self._work.submit("explain", lambda progress: (make(chosen, photograph, explain, progress), source))

    def open_case(self, project: Project, path: Path | str) -> None:
        """Choose a photograph of a project, and take it up as it was kept, or explain it now."""
        case = project[path]
        self._photograph.add_file(Path(case.path), case.frame)
        if not case.explained:
            if case.state is CaseState.RUNNING:
                show_info(f"{case.name} is being explained; open it when that is done.")
            else:
                self.explain()
            return
        chosen, take_up = self._model.chosen, self._shelf.take_up
        self._work.discard()
        self._work.submit("take up", lambda progress: (take_up(chosen, project, case, progress), None))

    def enlarge(self) -> None:
        """Show the photograph that is on show with all its pixels, if it is shown with fewer."""
        shown = self._session.explanation
        if shown is None or not self._work.free:
            return
        own = min(int(2 * shown.field.radius), LARGEST_DISPLAY)
        if len(shown.original) < own:
            self._work.submit("enlarge", lambda _: (verbs.enlarged(shown, own), shown))

    def _redirect(self) -> None:
        chosen, shown, redirect = self._model.chosen, self._session.explanation, self._shelf.redirect
        self._work.submit("directions", lambda progress: (*redirect(chosen, shown, progress), shown))

    def _tell(self, result: tuple[Made, Any]) -> None:
        made, source = result
        if made.gave_way:
            self._model.choose(made.choice.bundle, "cpu")
            show_warning(GAVE_WAY)
        if not_its_file(source, made.explanation.photograph):
            show_warning(
                f"The layer '{source.name}' shows other pixels than its file. What it shows was explained, and can't be kept "
                "in a project: save the layer as a file, and open that, to keep it."
            )
        self.made.emit(made, source)

    def _give_way(self) -> None:
        """The memory of the graphics processor was too small for something: make what is on show anew without it."""
        shown, move = self._session.explanation, self._shelf.move
        if shown is None or str(shown.explainer.device) == "cpu":
            self._work.refused.emit(f"{FULL_MEMORY}: choose the device cpu, or close what else uses it.")
        else:
            self._work.submit("move", lambda progress: (move(shown, progress), shown))

    def _tell_moved(self, result: tuple[Explanation, Explanation]) -> None:
        explanation, shown = result
        if shown is not self._session.explanation:
            return
        self._model.choose(self._model.bundle, "cpu")
        show_warning(f"{GAVE_WAY} Ask again for what it was too small for.")
        self._show_again(explanation)

    def _tell_enlarged(self, result: tuple[Explanation, Explanation]) -> None:
        explanation, shown = result
        if shown is self._session.explanation:
            self._show_again(explanation)

    def _show_again(self, explanation: Explanation) -> None:
        past = self._session.history.copy()
        self.moved.emit(Made(self._model.chosen, explanation, past.current.mix, past))

    def _tell_directed(self, result: tuple[DirectionAtlas, Made | None, Explanation | None]) -> None:
        atlas, made, shown = result
        self._model.directions.confirm()
        self.directed.emit(atlas, made if shown is self._session.explanation else None)
