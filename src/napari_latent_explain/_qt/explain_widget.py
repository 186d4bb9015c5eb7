"""The dock widget: one photograph, its explanation, its sliders."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import QEvent, Signal
from qtpy.QtWidgets import QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from napari_latent_explain._napari.preferences import read_preferences
from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.drawn_ahead import DrawnAhead
from napari_latent_explain._qt.explained_layers import ExplainedLayers
from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain._qt.model_shelf import ModelShelf
from napari_latent_explain._qt.panel import Panel
from napari_latent_explain._qt.photograph_chooser import PhotographChooser
from napari_latent_explain._qt.project_side import ProjectSide
from napari_latent_explain._qt.region_drawing import RegionDrawing
from napari_latent_explain._qt.remembered_view import RememberedView
from napari_latent_explain._qt.session import Session
from napari_latent_explain._qt.shortcuts import BlinkKey, ShortcutList, bind
from napari_latent_explain._qt.viewing import Viewing
from napari_latent_explain.cohort import CaseState
from napari_latent_explain.domain import Cancelled, LatentExplainError, Mix, Naming
from napari_latent_explain.export.case_label import case_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from qtpy.QtGui import QCloseEvent

    from napari_latent_explain._qt.history import History, Stand
    from napari_latent_explain._qt.light_box import Viewed
    from napari_latent_explain._qt.model_shelf import Made
    from napari_latent_explain.domain import (
        CounterfactualRecord,
        DirectionAtlas,
        DirectionId,
        DoseResponse,
        Edit,
        Photograph,
        Progress,
        Region,
        SaliencyMap,
        SaliencyMethod,
    )
    from napari_latent_explain.explain import Explanation, Frame
    from napari_latent_explain.model import Explainer

__all__ = ["ExplainWidget"]


class ExplainWidget(QWidget):  # type: ignore[misc]
    """Ask a classifier what would have to look different for it to change its mind.

    Everything slow runs in worker threads; this class joins an `Explanation`, what a person asks of it (`session`), the pictures
    (`layers`), the controls (`panel`) and what is kept (`project`).

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
    _closed = _docked = False  # Qt tells of a new parent before __init__ is through

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
        self._write_panel = write_panel
        self._shelf = ModelShelf(load)
        self._explain = explain or partial(verbs.explain, display_size=chosen.display_size)
        self._explanation: Explanation | None = None
        self._answers: list[Edit] = []
        self._viewed: Viewed | None = None
        self._worker = LatestWins()
        self.ahead = DrawnAhead(chosen.preview_size)
        self.session = Session(lambda: self._free)
        self.layers = ExplainedLayers(viewer, chosen.difference_colours)
        self.photograph = PhotographChooser(viewer, read, chosen.photographs_folder)
        self.region = RegionDrawing(viewer, self.layers)
        self.panel = Panel(self.photograph, self.region)
        self.viewing = Viewing(viewer, self.layers, self.panel.looking, self)
        self.project = ProjectSide(self.panel.photographs, self._loader, chosen.photographs_folder)
        self._view = RememberedView(viewer, self.panel, self.project.keeper)
        self._blink_key = BlinkKey(viewer, self, self.viewing.blink)
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

    def _connect_panel(self) -> None:
        panel, sliders, session = self.panel, self.panel.sliders, self.session
        for button, action in (
            (panel.explain, self.explain), (panel.cancel, self.cancel), (panel.find, self.find_counterfactual),
            (panel.another, self.find_another), (panel.export, self._choose_and_export), (panel.undo, self.undo),
            (panel.redo, self.redo), (panel.reset_all, self.reset), (panel.help, self.show_keys),
        ):  # fmt: skip
            button.clicked.connect(lambda *_, action=action: action())
        panel.goal.chosen.connect(self._forget_answers)
        panel.target.activated.connect(self.set_target)
        panel.comparison.chosen.connect(self._compare)
        panel.model.directions.asked.connect(self._take_directions)
        panel.looking.look_changed.connect(self._change_look)
        panel.photographs.opened.connect(self.open_case)
        sliders.moved.connect(self._slider_moved)
        sliders.released.connect(session.settle)
        sliders.reset_asked.connect(session.reset)
        sliders.muted.connect(session.mute)
        sliders.soloed.connect(session.solo)
        sliders.renamed.connect(self.rename)
        bind(
            self,
            {
                "explain": self.explain, "find": self.find_counterfactual, "another": self.find_another, "undo": self.undo,
                "redo": self.redo, "reset": self.reset, "search": sliders.search.setFocus, "caliper": self.viewing.caliper.toggle,
                "help": self.show_keys,
            },
        )  # fmt: skip

    def _connect_parts(self) -> None:
        session, worker = self.session, self._worker
        session.stood.connect(self._show_stand)
        session.picture_asked.connect(self._render)
        session.renamed.connect(self.project.keep_names)
        session.refused.connect(lambda reason: show_error(reason))
        self.region.drawn.connect(session.set_region)
        self.region.changed.connect(self._show_state)
        self.ahead.drawn.connect(self.panel.sliders.show_strip)
        self.project.opened.connect(self._take_up_project)
        self.photograph.changed.connect(self._show_state)
        worker.progressed.connect(self.panel.show_progress)
        worker.returned.connect(self._returned)
        worker.failed.connect(self._failed)
        closers = (
            worker.closer, self.ahead.closer, self.project.closer, self.panel.photographs.closer, self.photograph.closer,
        )  # fmt: skip
        self.destroyed.connect(lambda *_: [close() for close in closers])

    # -- what a person or a program asks for -----------------------------------------------------------------

    @property
    def explanation(self) -> Explanation | None:
        """What is shown, None before the first."""
        return self._explanation

    @property
    def busy(self) -> bool:
        """Whether something waits or runs."""
        return bool(self._worker.busy)

    def open_photograph(self, path: Path | str) -> None:
        """Choose a file, as the Open... button does."""
        self.photograph.add_file(Path(path))

    def open_project(self, folder: Path | str) -> None:
        """Keep everything in this folder from now on, and take up what it shows; on failure, nothing is changed."""
        self.project.open(Path(folder))

    def open_case(self, path: Path | str) -> None:
        """Show a photograph of the project: as it was kept, or explained now."""
        project = self.project.project
        if project is None:
            return
        case = project[path]
        self.photograph.add_file(Path(case.path), case.frame)
        if not case.explained:
            if case.state is not CaseState.RUNNING:
                self.explain()
            return
        chosen, take_up = self.panel.model.chosen, self._shelf.take_up
        self._worker.discard()
        self._submit("take up", lambda progress: (take_up(chosen, project, case.path, progress), None))

    def explain(self) -> None:
        """Explain the chosen photograph with the chosen model."""
        try:
            photograph = self.photograph.photograph()
        except LatentExplainError as error:
            show_warning(str(error))
            return
        chosen, make, source = self.panel.model.chosen, self._shelf.explain, self.photograph.layer
        self._worker.discard()
        self._submit("explain", lambda progress: (make(chosen, photograph, self._explain, progress), source))

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
        self._explanation = explanation
        for signal, slot in self._slots(explanation):
            signal.connect(slot)
        self.layers.show(explanation, source)
        self.viewing.show(explanation)
        self.region.show_region(explanation.region)
        self.panel.show_explanation(explanation)
        self._show_target(explanation.target)
        self.panel.guide.show_step(2)
        self._view.show(explanation)
        self._keep()
        self.explained.emit(explanation)

    def cancel(self) -> None:
        """Stop what runs."""
        self._worker.cancel()

    def find_counterfactual(self) -> None:
        """Search for the smallest edit that reaches what the panel's goal says: by default, that changes the decision."""
        explanation, goal = self._explanation, self.panel.goal.value
        if explanation is not None and self._free:
            self._answers.clear()
            find = explanation.find_counterfactual
            self._submit("find", lambda p: verbs.answer(explanation, find(p, probability=goal)))

    def find_another(self) -> None:
        """Search for an answer unlike those found before for the same photograph, target and goal."""
        explanation, goal, found = self._explanation, self.panel.goal.value, tuple(self._answers)
        if explanation is not None and found and self._free:
            find = explanation.find_another
            self._submit("another", lambda p: verbs.answer(explanation, find(found, p, probability=goal)))

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
        if self._explanation is not None and target != self._explanation.target:
            self._worker.discard()
            self.session.set_target(target)

    def set_region(self, region: Region | None) -> None:
        """Let nothing change outside a region; None lets everything change."""
        self.session.set_region(region)

    def rename(self, direction_id: DirectionId, name: str) -> None:
        """Call a direction otherwise; who did and when is kept with the name."""
        self.session.rename(direction_id, Naming.now(name, read_preferences().rater))

    def compare(self, method: SaliencyMethod | None) -> None:
        """Show a map of where the photograph speaks for the target beside the pictures; None takes it away."""
        self.panel.comparison.choose(method)
        self._compare()

    def export_panel(self, path: Path | str) -> None:
        """Write the panel of what is shown to a file."""
        explanation = self._explanation
        if explanation is not None:
            frame = explanation.frame
            self._submit("export", lambda _: self._write_panel(explanation.record(frame), Path(path)))

    def show_keys(self) -> None:
        """Show the list of keys."""
        ShortcutList(self).show()

    def close_down(self) -> None:
        """Keep what is shown, cancel, end all threads, let go of viewer and explanation. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._worker.close()
            self.ahead.close()
            self._view.close_down()
            self.project.close_down()
            self.region.cancel()
            self.viewing.close_down()
            self._blink_key.close_down()
            self._let_go()
            self.photograph.close_down()
            self.layers.release()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Stop everything when the dock is taken away: napari sets the widget free without closing it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is not None:
                self._docked = True
            elif self._docked:
                self.close_down()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything with the window."""
        self.close_down()
        super().closeEvent(event)

    # -- work and its answers ----------------------------------------------------------------------------------

    @property
    def _free(self) -> bool:
        """Whether nothing runs that a move would disturb."""
        return self._worker.busy in ("", "render")

    def _loader(self) -> Callable[[], Explainer]:
        """What gives the chosen model, in any thread; it is loaded once."""
        return partial(self._shelf.give, self.panel.model.chosen)

    def _take_directions(self) -> None:
        chosen, shown, redirect = self.panel.model.chosen, self._explanation, self._shelf.redirect
        self._submit("directions", lambda progress: (*redirect(chosen, shown, progress), shown))

    def _submit(self, kind: str, work: Callable[[Progress], Any]) -> None:
        if kind != "render":
            self.panel.sliders.finish_naming()
        self.ahead.pause()
        self.project.queue.hold(True)
        self._worker.submit(kind, work)
        self._show_state()

    def _render(self, edit: Edit, anew: bool = False) -> None:
        """Ask for the picture of an edit; one that is shown exactly stays, with what a search said of it."""
        explanation, view = self._explanation, self.layers.box.view
        if explanation is None:
            return
        if edit == explanation.edit and not self._worker.busy and not anew:
            self._keep()
            self._show_state()
        else:
            self._submit("render", lambda _: view(explanation.render(edit)))

    def _keep(self) -> None:
        if self._explanation is not None:
            self.project.keep(self._explanation, self.session.history)

    def _returned(self, kind: str, result: Any) -> None:
        if kind in ("explain", "take up"):
            made, source = result
            if made.choice.device == "cpu" != self.panel.model.device:
                self.panel.model.choose(made.choice.bundle, "cpu")
                show_warning(
                    "The memory of the graphics processor is full, so that the main processor was used instead."
                )
            self._show_made(made, source)
        elif kind == "directions":
            atlas, made, shown = result
            self.panel.model.directions.confirm()
            self.project.keep_directions(atlas, self.panel.model.directions.file)
            self._view.keep()
            if made is not None and shown is self._explanation:
                self._show_made(made, self.layers.source)
        elif kind == "export":
            show_info(f"Panel written to {result}.")
            self.exported.emit(str(result))
        elif kind == "compare":
            self._show_map(*result)
        elif kind == "look":
            self.layers.box.take(result)
            if self._explanation is not None and result.viewed.frame is not self._explanation.frame:
                self.layers.box.show(self.layers.box.view(self._explanation.frame))  # it moved on meanwhile
            self.layers.refresh()
        elif self._explanation is not None:
            if kind == "another" and not result[0].reached:
                self._answers.clear()
                show_info("There is no other answer within the tested range; the last one stays.")
            elif kind in ("find", "another"):
                self._show_answer(*result)
            elif self.session.settled or result.frame.edit == self.session.current.mix.heard:
                self._viewed = result
                self._explanation.accept(result.frame)
        self._show_state()

    def _failed(self, kind: str, error: Exception) -> None:
        self.panel.show_message("Stopped." if isinstance(error, Cancelled) else "")
        if kind == "render" and self._explanation is not None:
            self.session.fall_back(self._explanation.frame)
        if kind == "compare":
            self.compare(None)
        if kind == "directions":
            self.panel.model.directions.fall_back()
        if isinstance(error, LatentExplainError):
            if not isinstance(error, Cancelled):
                show_error(str(error))
        else:
            show_error(f"That did not work, because of an error in the program ({type(error).__name__}: {error}).")
        self._show_state()

    # -- showing ---------------------------------------------------------------------------------------------

    def _show_made(self, made: Made, source: Any) -> None:
        """Show what a model made, and with which directions."""
        self.panel.model.directions.choose(made.choice.directions)
        self.show_explanation(made.explanation, source, made.mix, made.history)

    def _slots(self, explanation: Explanation) -> tuple[tuple[Any, Callable[..., None]], ...]:
        return (
            (explanation.frame_changed, self._show_frame), (explanation.target_changed, self._show_target),
            (explanation.region_changed, self._show_region), (explanation.names_changed, self._show_names),
        )  # fmt: skip

    def _show_stand(self, stand: Stand) -> None:
        self.panel.sliders.show_mix(stand.mix)
        self._show_state()

    def _show_frame(self, frame: Frame) -> None:
        explanation, viewed, self._viewed = self._explanation, self._viewed, None
        if explanation is None:
            return
        made_for_it = viewed is not None and viewed.frame is frame
        self.layers.update(explanation, viewed if viewed is not None and made_for_it else self.layers.box.view(frame))
        self.panel.show_frame(frame)
        self.panel.curve.show_curve(None)  # it is another edit's
        if not made_for_it:
            self.session.follow_edit(frame.edit)
        self.viewing.follow()
        self._keep()
        self._show_state()

    def _show_answer(self, frame: Frame, curve: DoseResponse) -> None:
        """Show what a search found; only what reached its goal, by moving something, is an answer to look beyond."""
        if self._explanation is None:
            return
        if frame.note:
            show_warning(f"{frame.note[0].upper()}{frame.note[1:]}.")
        self._answers = [*self._answers, frame.edit] if frame.reached and frame.edit else []
        self._explanation.accept(frame)
        self.panel.curve.show_curve(curve)

    def _forget_answers(self) -> None:
        self._answers.clear()
        self._show_state()

    def _show_target(self, target: int) -> None:
        explanation = self._explanation
        if explanation is not None:
            self._answers.clear()
            self.session.follow_target(target)
            self.panel.show_target(explanation)
            self.panel.sliders.show_mix(self.session.current.mix)
            for strip in self.ahead.strips:
                self.panel.sliders.show_strip(strip)
            self._compare()
            self._show_state()

    def _show_region(self, region: Region | None) -> None:
        self._answers.clear()
        self.ahead.draw(None)  # all strips show another picture now
        self.region.show_region(region)
        self.session.follow_region(region)

    def _show_names(self, atlas: DirectionAtlas) -> None:
        self.panel.sliders.show_names(atlas.directions)

    def _change_look(self) -> None:
        explanation, tools, develop = self._explanation, self.panel.looking, self.layers.box.develop
        if explanation is not None:
            frame, look, outlined = explanation.frame, tools.look.value, tools.outlined.isChecked()
            self._submit("look", lambda _: develop(explanation, frame, look, outlined=outlined))

    def _compare(self) -> None:
        """Take away a map that is no longer true, and ask for the one that is chosen."""
        explanation, method = self._explanation, self.panel.comparison.method
        self.panel.comparison.clear()
        self.layers.compare(None)
        if explanation is not None and method is not None:
            self._submit("compare", lambda progress: verbs.map_over(explanation, method, progress))

    def _show_map(self, explanation: Explanation, found: SaliencyMap, picture: Any) -> None:
        asked = (self._explanation, self.panel.comparison.method)
        if asked == (explanation, found.method) and found.target == explanation.target:  # else overtaken by another
            target = explanation.explainer.classes[found.target]
            self.layers.compare(picture, f"{found.method.label}: {target}")
            self.panel.comparison.explain(found, target)

    def _show_state(self) -> None:
        history, moved = self.session.history, bool(self.session.current.mix.edit)
        self.panel.show_state(
            busy=self._worker.busy,
            ready=self._explanation is not None,
            moved=moved,
            answered=bool(self._answers),
            can_undo=history.can_undo,
            can_redo=history.can_redo,
        )
        self.panel.guide.show_step(1 if self.photograph.chosen else 0)
        if self._explanation is not None and moved:
            self.panel.guide.finish()
        if self._worker.busy:
            return
        if self._explanation is not None and not self._closed:
            wanted = self.session.current.mix.heard
            if self.session.settled and self._explanation.edit != wanted:  # other work took the place of its picture
                self._render(wanted)
                return
            self.ahead.draw(self._explanation, self._explanation.edit)
        self.project.queue.hold(False)
        self.settled.emit()

    # -- inside ----------------------------------------------------------------------------------------------

    def _take_up_project(self) -> None:
        """Show what a project had on show; what was shown before belongs to another one."""
        project, chosen = self.project.project, read_preferences()
        self._worker.discard()
        if self._explanation is not None:
            self._let_go()
            self.layers.hide()
            self._show_state()
        if project is None:
            return
        path = self._view.restore(project, trusted=project.folder == chosen.project.absolute())
        if path and chosen.take_up:
            self.open_case(path)

    def _choose_and_export(self) -> None:
        if self._explanation is None:
            return
        name = f"{case_folder(self._explanation.photograph.sha256)}_panel.png"  # a file's name may hold a patient's
        path, _ = QFileDialog.getSaveFileName(
            self, "Export panel", name, "Picture (*.png);;Document (*.pdf);;OME-TIFF (*.tiff)"
        )
        if path:
            self.export_panel(path)

    def _slider_moved(self, direction_id: DirectionId, strength: float, dragging: bool) -> None:
        mix = self.session.current.mix.with_strength(direction_id, strength)
        quick = dragging and self._free and self.layers.box.plain and mix.hears(direction_id)
        rough = self.ahead.preview(mix.heard, direction_id) if quick else None
        if rough is None:
            self.session.set_mix(mix, direction_id if dragging else None)
        else:
            picture, about = rough
            self.session.glide(mix, direction_id)
            self.layers.preview(picture)
            self.panel.bars.show_about(about)

    def _let_go(self) -> None:
        explanation = self._explanation
        if explanation is not None:
            self.project.keeper.flush()
            for signal, slot in self._slots(explanation):
                signal.disconnect(slot)
            self._explanation = None
            self.session.end()
            self.viewing.show(None)
            self.ahead.draw(None)
