"""The dock widget: one photograph, its explanation, its sliders."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari.utils.notifications import show_error
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_latent_explain._napari.preferences import read_preferences
from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.answer_notes import AnswerNotes
from napari_latent_explain._qt.checking import Checking
from napari_latent_explain._qt.compared_map import ComparedMap
from napari_latent_explain._qt.docked_widget import DockedWidget
from napari_latent_explain._qt.drawn_ahead import DrawnAhead
from napari_latent_explain._qt.explained_layers import ExplainedLayers
from napari_latent_explain._qt.explaining import Explaining
from napari_latent_explain._qt.model_fetching import ModelFetching
from napari_latent_explain._qt.model_shelf import ModelShelf
from napari_latent_explain._qt.panel import Panel
from napari_latent_explain._qt.panel_export import PanelExport
from napari_latent_explain._qt.photograph_chooser import PhotographChooser
from napari_latent_explain._qt.project_side import ProjectSide
from napari_latent_explain._qt.region_drawing import RegionDrawing
from napari_latent_explain._qt.remembered_view import RememberedView
from napari_latent_explain._qt.rendering import Rendering
from napari_latent_explain._qt.searching import Searching
from napari_latent_explain._qt.session import Session
from napari_latent_explain._qt.shortcuts import BlinkKey, ShortcutList, bind
from napari_latent_explain._qt.slow_work import RENDER, SlowWork
from napari_latent_explain._qt.viewing import Viewing
from napari_latent_explain.domain import Mix, Naming

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from qtpy.QtGui import QShowEvent

    from napari_latent_explain._qt.history import History, Stand
    from napari_latent_explain._qt.model_shelf import Made
    from napari_latent_explain.domain import (
        CounterfactualRecord,
        DirectionAtlas,
        DirectionId,
        Edit,
        Photograph,
        Region,
        SaliencyMethod,
    )
    from napari_latent_explain.explain import Explanation, Frame
    from napari_latent_explain.model import Explainer

__all__ = ["ExplainWidget"]


class ExplainWidget(DockedWidget):
    """Ask a classifier what would have to look different for it to change its mind.

    Joins an `Explanation`, what a person asks of it (`session`), the pictures (`layers`), the controls (`panel`) and what is kept
    (`project`); what is slow, and what comes of it, is up to parts that share one `SlowWork`.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Gets the four layers, and a fifth for a map to compare with.
    parent : QWidget, optional
    read, load, explain, write_panel : callable
        The verbs, for programs that bring their own: path -> Photograph ((path, frame), for a later picture of a file); (bundle
        or None, device) -> Explainer; (explainer, photograph, progress=...) -> Explanation; (record, path) -> path.
    project : path, "default" or None
        Folder in which everything is kept; the one in the Preferences by default, None keeps nothing.

    Signals
    -------
    explained(explanation: object)
        A photograph was explained and is shown.
    settled()
        Nothing waits or runs any more.
    exported(path: str)
    """

    explained = Signal(object)
    settled = Signal()
    exported = Signal(str)

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        parent: QWidget | None = None,
        *,
        read: Callable[..., Photograph] = verbs.read,
        load: Callable[[Path | None, str], Explainer] = verbs.load,
        explain: Callable[..., Explanation] | None = None,
        write_panel: Callable[[CounterfactualRecord, Path], Path] = verbs.write_panel,
        project: Path | Literal["default"] | None = "default",
    ) -> None:
        super().__init__(parent)
        chosen = read_preferences()
        self._explain = explain or partial(verbs.explain, display_size=chosen.display_size)
        self._work = work = SlowWork()
        self.ahead = DrawnAhead(chosen.preview_size)
        self.session = session = Session(lambda: work.free)
        self.layers = ExplainedLayers(viewer, chosen.difference_colours)
        self.photograph = PhotographChooser(viewer, read, chosen.photographs_folder)
        self.region = RegionDrawing(viewer, self.layers)
        self.panel = panel = Panel(self.photograph, self.region)
        self.viewing = Viewing(viewer, self.layers, panel.looking, self, work)
        shelf = ModelShelf(load)
        self.project = ProjectSide(
            panel.photographs,
            lambda: (partial(shelf.with_model, panel.model.chosen), panel.model.chosen.directions),
            chosen.photographs_folder,
        )
        self._view = RememberedView(viewer, panel, self.project.keeper)
        self._blink_key = BlinkKey(viewer, self, self.viewing.blink)
        self._explaining = Explaining(session, self.photograph, panel.model, shelf, self._explain, work)
        self._fetching = ModelFetching(panel.model, work)
        self._notes = notes = AnswerNotes()
        self._rendering = Rendering(session, self.layers, panel.bars, self.ahead, notes, work)
        self._searching = Searching(session, panel.goal, panel.curve, notes, work)
        self._map = ComparedMap(session, panel.comparison, self.layers, work)
        self._checking = Checking(session, notes, work)
        self._export = PanelExport(session, self._checking, write_panel, work)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.panel.model.choose(None, chosen.device)
        self._connect_panel()
        self._connect_parts()
        if project is not None:
            self.open_project(chosen.project if project == "default" else Path(project))
        self._show_state()
        self._early = load is verbs.load  # a program's own model is loaded when it is needed

    def _connect_panel(self) -> None:
        panel, sliders, session = self.panel, self.panel.sliders, self.session
        for button, action in (
            (panel.explain, self.explain), (panel.cancel, self.cancel), (panel.find, self.find_counterfactual),
            (panel.another, self.find_another), (panel.check, self.check_answer), (panel.undo, self.undo),
            (panel.redo, self.redo), (panel.export, lambda: self._export.choose(self)), (panel.reset_all, self.reset),
            (panel.help, self.show_keys),
        ):  # fmt: skip
            button.clicked.connect(lambda *_, action=action: action())
        panel.goal.chosen.connect(self._show_state)
        panel.target.activated.connect(self.set_target)
        panel.photographs.opened.connect(self.open_case)
        sliders.moved.connect(self._rendering.move)
        sliders.released.connect(session.settle)
        sliders.reset_asked.connect(session.reset)
        sliders.muted.connect(session.mute)
        sliders.soloed.connect(session.solo)
        sliders.renamed.connect(self.rename)
        bind(
            self,
            {
                "explain": panel.explain.click, "find": panel.find.click, "another": panel.another.click,
                "undo": panel.undo.click, "redo": panel.redo.click, "reset": panel.reset_all.click,
                "search": sliders.search.setFocus, "caliper": self.viewing.caliper.toggle, "help": self.show_keys,
            },
        )  # fmt: skip

    def _connect_parts(self) -> None:
        session, work, panel = self.session, self._work, self.panel
        session.stood.connect(self._show_stand)
        session.renamed.connect(self.project.keep_names)
        for part in (session, work):
            part.refused.connect(lambda reason: show_error(reason))
        self.region.drawn.connect(session.set_region)
        self.region.changed.connect(self._show_state)
        self.region.ended.connect(self._work_changed)
        self.ahead.drawn.connect(panel.sliders.show_strip)
        self.project.leaving.connect(self._finish)
        self.project.opened.connect(self._take_up_project)
        self.photograph.changed.connect(self._show_state)
        work.begins.connect(self._make_way)
        work.progressed.connect(panel.show_progress)
        work.said.connect(panel.show_message)
        work.changed.connect(self._work_changed)
        self._explaining.made.connect(self._show_made)
        panel.looking.true_size_asked.connect(self._explaining.enlarge)
        self._explaining.moved.connect(self._show_moved)
        self._explaining.directed.connect(self._keep_directions)
        self._rendering.stands.connect(self._keep)
        self._rendering.stands.connect(self._show_state)
        self._rendering.roughly.connect(panel.show_moving)
        self._checking.changed.connect(self._keep)
        self._checking.changed.connect(self._show_state)
        self._export.written.connect(self.exported)
        closers = (
            work.closer, self.ahead.closer, self.project.closer, panel.photographs.closer, self.photograph.closer,
        )  # fmt: skip
        self.destroyed.connect(lambda *_: [close() for close in closers])

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Load the model when the window is first seen."""
        super().showEvent(event)
        if self._early and not event.spontaneous():
            self._early = False
            self._explaining.prepare()

    # -- what a person or a program asks for -----------------------------------------------------------------

    @property
    def explanation(self) -> Explanation | None:
        """What is shown, None before the first."""
        return self.session.explanation

    @property
    def busy(self) -> bool:
        """Whether something waits or runs."""
        return bool(self._work.busy)

    def open_photograph(self, path: Path | str) -> None:
        """Choose a file, as the Open... button does."""
        self.photograph.add_file(Path(path))

    def open_project(self, folder: Path | str) -> None:
        """Keep everything in this folder from now on, and take up what it shows; on failure, nothing is changed."""
        self.project.open(Path(folder))

    def open_case(self, path: Path | str) -> None:
        """Show a photograph of the project: as it was kept, or explained now."""
        if self.project.project is not None:
            self._finish()
            self._explaining.open_case(self.project.project, path)

    def explain(self) -> None:
        """Explain the chosen photograph with the chosen model."""
        self._finish()
        self._explaining.explain()

    def take_directions(self, file: Path | str | None) -> None:
        """Move along the directions of an atlas file, or (None) along the model's own; the sliders begin at 0."""
        self.panel.model.directions.ask_for(None if file is None else Path(file))

    def show_explanation(
        self, explanation: Explanation, source: Any = None, mix: Mix | None = None, past: History | None = None
    ) -> None:
        """Show an explanation made elsewhere.

        Parameters
        ----------
        explanation : Explanation
            What to show.
        source : napari layer, optional
            Its photograph's.
        mix : Mix, optional
            Where its sliders stand, if not all of them are heard.
        past : History, optional
            What undo goes back through; nothing by default.
        """
        self._let_go()
        self.region.cancel()
        self.session.begin(explanation, mix, self.project.names(explanation.explainer.identity.sha256))
        self.session.recall(past)
        for signal, slot in self._slots(explanation):
            signal.connect(slot)
        self.layers.show(explanation, source)
        self.viewing.show(explanation)
        self.region.show_region(explanation.region)
        self.panel.show_explanation(explanation)
        self._show_target(explanation.target)
        self._searching.show_curve()
        self.panel.guide.show_step(2)
        self._view.show(explanation)
        self._keep()
        self.explained.emit(explanation)

    def cancel(self) -> None:
        """Stop what runs."""
        self._work.cancel()

    def find_counterfactual(self) -> None:
        """Search for the smallest edit that reaches what the panel's goal says: by default, that changes the decision."""
        self._searching.find()

    def find_another(self) -> None:
        """Search for an answer unlike those found before for the same photograph, target and goal."""
        self._searching.find_another()

    def check_answer(self) -> None:
        """Put what is shown to controls, and say how it did."""
        self._checking.check()

    def set_edit(self, edit: Edit) -> None:
        """Ask for an edit, all of it heard; the newest one asked for wins."""
        self.session.set_mix(Mix(edit=edit))

    def reset(self) -> None:
        """Put all sliders back to 0."""
        self.session.reset()

    def undo(self) -> None:
        """Go back to what was there before: sliders, target, region or names."""
        self.session.undo()

    def redo(self) -> None:
        """Go forward to what was undone."""
        self.session.redo()

    def set_target(self, target: int) -> None:
        """Ask for another class; its sliders begin at 0."""
        if self.explanation is not None and target != self.explanation.target:
            self.region.cancel()
            self._work.discard()
            self.session.set_target(target)

    def set_region(self, region: Region | None) -> None:
        """Let nothing change outside a region; None lets everything change."""
        self.session.set_region(region)

    def rename(self, direction_id: DirectionId, name: str) -> None:
        """Call a direction otherwise; who did and when is kept with the name."""
        self.session.rename(direction_id, Naming.now(name, read_preferences().rater))

    def compare(self, method: SaliencyMethod | None) -> None:
        """Show a map of where the photograph speaks for the target beside the pictures; None takes it away."""
        self.region.cancel()
        self._map.choose(method)

    def export_panel(self, path: Path | str) -> None:
        """Write the panel of what is shown to a file."""
        self._export.write(Path(path))

    def show_keys(self) -> None:
        """Show the list of keys."""
        ShortcutList(self).show()

    def _end(self) -> None:
        """Keep what is shown, cancel, end all threads, let go of viewer and explanation."""
        self._finish()
        self._work.close()
        self.ahead.close()
        self._view.close_down()
        self.project.close_down()
        self.region.cancel()
        self.viewing.close_down()
        self._blink_key.close_down()
        self._let_go()
        self.photograph.close_down()
        self.layers.release()

    # -- showing ---------------------------------------------------------------------------------------------

    def _show_made(self, made: Made, source: Any) -> None:
        """Show what a model made, and with which directions."""
        self.panel.model.directions.choose(made.choice.directions)
        self._notes.take(made.explanation, made.notes)
        self.project.keep_directions(made.explanation.atlas, made.choice.directions)
        self.show_explanation(made.explanation, source, made.mix, made.history)

    def _show_moved(self, made: Made) -> None:
        """Show what was shown, made anew."""
        answers = self._searching.answers
        self._show_made(made, self.layers.source)
        self._searching.take_over(answers)
        self._show_state()

    def _slots(self, explanation: Explanation) -> tuple[tuple[Any, Callable[..., None]], ...]:
        return (
            (explanation.frame_changed, self._show_frame), (explanation.target_changed, self._show_target),
            (explanation.region_changed, self._show_region), (explanation.names_changed, self._show_names),
        )  # fmt: skip

    def _show_stand(self, stand: Stand) -> None:
        self.panel.sliders.show_mix(stand.mix)
        self._show_state()

    def _show_frame(self, frame: Frame) -> None:
        explanation, viewed = self.explanation, self._rendering.take(frame)
        if explanation is None:
            return
        self.layers.update(explanation, self.layers.box.view(frame) if viewed is None else viewed)
        self.panel.show_frame(frame)
        self._searching.show_curve()
        if viewed is None:
            self.session.follow_edit(frame.edit)
        self.viewing.follow()
        self._keep()
        self._show_state()

    def _show_target(self, target: int) -> None:
        explanation = self.explanation
        if explanation is not None:
            self._searching.forget()
            self.session.follow_target(target)
            self.panel.show_target(explanation)
            self.panel.sliders.show_mix(self.session.current.mix)
            for strip in self.ahead.strips:
                self.panel.sliders.show_strip(strip)
            if not self.region.drawing:  # else when that is done
                self._map.renew()
            self._show_state()

    def _show_region(self, region: Region | None) -> None:
        self._searching.forget()
        self.ahead.draw(None)  # all strips show another picture now
        self.region.show_region(region)
        self.session.follow_region(region)

    def _show_names(self, atlas: DirectionAtlas) -> None:
        self.panel.sliders.show_names(atlas.directions)

    def _show_state(self) -> None:
        history, moved = self.session.history, bool(self.session.current.mix.edit)
        self.panel.show_state(
            busy=self._work.busy,
            ready=self.explanation is not None,
            moved=moved,
            edited=self.explanation is not None and bool(self.explanation.edit),
            answered=bool(self._searching.answers),
            can_undo=history.can_undo,
            can_redo=history.can_redo,
        )
        self.panel.guide.show_step(1 if self.photograph.chosen else 0)
        self.panel.show_controls(self._checking.said)
        shown = self.explanation.photograph if self.explanation is not None else None
        elsewhere = "" if shown is None or self.photograph.chose(shown, self.layers.source) else shown.name
        self.panel.show_elsewhere(elsewhere)
        if self.explanation is not None and moved:
            self.panel.guide.finish()
        if self._work.busy:
            return
        if self.explanation is not None and not self._closed:
            if self.session.owing:  # other work took the place of its picture
                self.session.pay()
                return
            self.ahead.draw(self.explanation, self.explanation.edit)
        self.project.queue.hold(False)
        self.settled.emit()

    def _work_changed(self) -> None:
        self._show_state()
        if not self._work.busy and self._map.missing and not self.region.drawing:
            self._map.renew()

    # -- inside ----------------------------------------------------------------------------------------------

    def _make_way(self, kind: str) -> None:
        """Nothing else computes while a person waits; a name that is being written is taken as it is."""
        if kind != RENDER:
            self.panel.sliders.finish_naming()
        self.ahead.pause()
        self.project.queue.hold(True)

    def _finish(self) -> None:
        """Take and keep what was asked for last, before something else takes its place."""
        self.panel.sliders.finish_naming()
        self._rendering.finish()
        self.project.keeper.flush()

    def _keep(self) -> None:
        if self.explanation is not None:
            self.project.keep(self.explanation, self.session.history, self._notes.of(self.explanation))

    def _keep_directions(self, atlas: DirectionAtlas, made: Made | None) -> None:
        """Keep which directions are in use, and show what is on show with them."""
        self.project.keep_directions(atlas, self.panel.model.directions.file)
        self._view.keep()
        if made is not None:
            self._show_made(made, self.layers.source)

    def _take_up_project(self, first: bool) -> None:
        """Show what a project had on show; what was shown before belongs to another one, or, if there was none, to this one."""
        project, chosen, shown = self.project.project, read_preferences(), self.explanation
        self._work.discard()
        if first and shown is not None:
            past = self.session.history.copy()
            self.show_explanation(shown, self.layers.source, past.current.mix, past)
            return
        self._notes.clear()
        if shown is not None:
            self.region.cancel()
            self._let_go()
            self.layers.hide()
        self._show_state()  # nothing runs any more, whatever did
        if project is None:
            return
        path = self._view.restore(project, trusted=project.folder == chosen.project.absolute())
        if path and chosen.take_up:
            self.open_case(path)

    def _let_go(self) -> None:
        explanation = self.explanation
        if explanation is not None:
            self.project.keeper.flush()
            for signal, slot in self._slots(explanation):
                signal.disconnect(slot)
            self.session.end()
            self._map.forget()
            self.viewing.show(None)
            self.ahead.draw(None)
