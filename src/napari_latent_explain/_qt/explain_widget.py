"""The dock widget: one photograph, its explanation, its sliders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from napari_latent_explain._qt.drawn_ahead import DrawnAhead
from napari_latent_explain._qt.explained_layers import ExplainedLayers
from napari_latent_explain._qt.history import History, Stand
from napari_latent_explain._qt.keeper import default_project
from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain._qt.panel import Panel
from napari_latent_explain._qt.photograph_chooser import PhotographChooser
from napari_latent_explain._qt.project_side import ProjectSide
from napari_latent_explain._qt.region_drawing import RegionDrawing
from napari_latent_explain._qt.shortcuts import BlinkKey, ShortcutList, bind
from napari_latent_explain._qt.viewing import Viewing
from napari_latent_explain.cohort import CaseState
from napari_latent_explain.domain import Cancelled, LatentExplainError, Mix, Naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import napari.viewer
    from qtpy.QtGui import QCloseEvent

    from napari_latent_explain._qt.light_box import Viewed
    from napari_latent_explain.cohort import Project
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


def _read(path: Path) -> Photograph:
    from napari_latent_explain.fundus import read_photograph

    return read_photograph(path)


def _load(bundle: Path | None, device: str) -> Explainer:
    from napari_latent_explain.model import load_explainer

    return load_explainer(bundle, device)


def _explain(explainer: Explainer, photograph: Photograph, *, progress: Progress) -> Explanation:
    from napari_latent_explain.explain import explain_photograph

    return explain_photograph(explainer, photograph, progress=progress)


def _write_panel(record: CounterfactualRecord, path: Path) -> Path:
    from napari_latent_explain.export import write_panel

    return write_panel(record, path)


def _map(explanation: Explanation, method: SaliencyMethod, progress: Progress) -> tuple[Any, SaliencyMap, Any]:
    from napari_latent_explain.export.saliency import saliency_over

    found = explanation.saliency_map(method, progress)
    return explanation, found, saliency_over(explanation.original, found)


def _take_up(project: Project, path: str, explainer: Explainer) -> tuple[Explanation, Mix]:
    from napari_latent_explain.cohort.explaining import take_up

    return take_up(project, project[path], explainer)


def _answer(explanation: Explanation, frame: Frame) -> tuple[Frame, DoseResponse]:
    return frame, explanation.dose_response(frame)


class ExplainWidget(QWidget):  # type: ignore[misc]
    """Ask a classifier what would have to look different for it to change its mind.

    Everything slow runs in one worker thread; this class shows an `Explanation` and calls it.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Gets the four layers, and a fifth for a map to compare with.
    parent : QWidget, optional
    read, load, explain, write_panel : callable
        The verbs, for programs that bring their own: path -> Photograph; (bundle or None, device) ->
        Explainer; (explainer, photograph, progress=...) -> Explanation; (record, path) -> path.
    project : path, "default" or None
        Folder in which everything is kept; the user's own by default, None keeps nothing.

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
        read: Callable[[Path], Photograph] = _read,
        load: Callable[[Path | None, str], Explainer] = _load,
        explain: Callable[..., Explanation] = _explain,
        write_panel: Callable[[CounterfactualRecord, Path], Path] = _write_panel,
        project: Path | Literal["default"] | None = "default",
    ) -> None:
        super().__init__(parent)
        self._load, self._explain, self._write_panel = load, explain, write_panel
        self._explanation: Explanation | None = None
        self._loaded: tuple[tuple[Path | None, str], Explainer] | None = None
        self._history = History()
        self._answers: list[Edit] = []
        self._viewed: Viewed | None = None
        self._applying = self._closed = False
        self._viewer = viewer
        self.layers = ExplainedLayers(viewer)
        self.photograph = PhotographChooser(viewer, read)
        self.region = RegionDrawing(viewer, self.layers)
        self.panel = Panel(self.photograph, self.region)
        self.viewing = Viewing(viewer, self.layers, self.panel.looking)
        self.project = ProjectSide(self.panel.photographs, self._loader)
        self._worker = LatestWins()
        self.ahead = DrawnAhead()
        self._blink_key = BlinkKey(viewer, self, self.viewing.blink)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        if project is not None:
            self.open_project(default_project() if project == "default" else Path(project))
        self._show_state()

    def _connect(self) -> None:
        panel, worker, sliders = self.panel, self._worker, self.panel.sliders
        for button, action in (
            (panel.explain, self.explain), (panel.cancel, self.cancel), (panel.find, self.find_counterfactual),
            (panel.another, self.find_another), (panel.export, self._choose_and_export), (panel.undo, self.undo),
            (panel.redo, self.redo), (panel.help, self.show_keys),
        ):  # fmt: skip
            button.clicked.connect(lambda *_, action=action: action())
        panel.reset_all.clicked.connect(lambda: self.reset())
        panel.goal.chosen.connect(self._forget_answers)
        panel.target.activated.connect(self.set_target)
        panel.comparison.chosen.connect(self._compare)
        panel.looking.look_changed.connect(self._change_look)
        panel.photographs.opened.connect(self.open_case)
        sliders.moved.connect(self._slider_moved)
        sliders.released.connect(self._slider_released)
        sliders.reset_asked.connect(self.reset)
        sliders.muted.connect(lambda key, on: self._ask_for_mix(self._history.current.mix.with_muted(key, on)))
        sliders.soloed.connect(
            lambda key, on: self._ask_for_mix(self._history.current.mix.with_solo(key if on else None))
        )
        sliders.renamed.connect(self.rename)
        self.region.drawn.connect(self.set_region)
        self.ahead.drawn.connect(sliders.show_strip)
        self.project.opened.connect(self._project_opened)
        self.photograph.changed.connect(self._show_state)
        worker.progressed.connect(panel.show_progress)
        worker.returned.connect(self._returned)
        worker.failed.connect(self._failed)
        bind(
            self,
            {
                "explain": self.explain, "find": self.find_counterfactual, "another": self.find_another, "undo": self.undo,
                "redo": self.redo, "reset": self.reset, "search": sliders.search.setFocus, "help": self.show_keys,
            },
        )  # fmt: skip
        self._viewer.scene.camera.events.connect(self._keep_camera)
        panel.looking.arranged.connect(self._keep_view)
        panel.model.changed.connect(self._keep_view)
        closers = (worker.closer, self.ahead.closer, self.project.closer, panel.photographs.closer)
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
        self.photograph.add_file(Path(case.path))
        if not case.explained:
            if case.state is not CaseState.RUNNING:
                self.explain()
            return
        chosen, load = self._chosen(), self._loader()

        def work(progress: Progress) -> Any:
            progress("Loading the model", 0.0)
            explainer = load()
            progress("Taking up where it was left", 0.5)
            explanation, mix = _take_up(project, case.path, explainer)
            return chosen, explainer, explanation, None, mix

        self._worker.discard()
        self._submit("take up", work)

    def explain(self) -> None:
        """Explain the chosen photograph with the chosen model."""
        try:
            photograph = self.photograph.photograph()
        except LatentExplainError as error:
            show_warning(str(error))
            return
        chosen, load, source = self._chosen(), self._loader(), self.photograph.layer

        def work(progress: Progress) -> Any:
            progress("Reading the photograph", 0.0)
            picture = photograph()
            progress("Loading the model", 0.0)
            explainer = load()
            return chosen, explainer, self._explain(explainer, picture, progress=progress), source, None

        self._worker.discard()
        self._submit("explain", work)

    def show_explanation(self, explanation: Explanation, source: Any = None, mix: Mix | None = None) -> None:
        """Show an explanation made elsewhere.

        Parameters
        ----------
        explanation : Explanation
            What to show.
        source : napari layer, optional
            Its photograph's.
        mix : Mix, optional
            Where its sliders stand, if not all of them are heard.
        """
        self._let_go()
        self.region.cancel()
        project, model = self.project.project, explanation.explainer.identity.sha256
        names = project.names(model) if project is not None else {}
        explanation.rename(names)
        self._explanation = explanation
        self._history.clear(Stand(explanation.target, mix or Mix(edit=explanation.edit), explanation.region, names))
        for signal, slot in self._slots(explanation):
            signal.connect(slot)
        self.layers.show(explanation, source)
        self.viewing.show(explanation)
        self.region.show_region(explanation.region)
        self.panel.show_explanation(explanation)
        self._show_target(explanation.target)
        self.panel.guide.show_step(2)
        self._keep()
        if explanation.photograph.path is not None:
            self.project.keeper.keep_view(shown=str(explanation.photograph.path.absolute()))
        self.explained.emit(explanation)

    def cancel(self) -> None:
        """Stop what runs."""
        self._worker.cancel()

    def find_counterfactual(self) -> None:
        """Search for the smallest edit that reaches what the panel's goal says: by default, that changes the decision."""
        explanation, goal = self._explanation, self.panel.goal.value
        if explanation is not None and self._free:
            self._answers.clear()
            self._submit("find", lambda p: _answer(explanation, explanation.find_counterfactual(p, probability=goal)))

    def find_another(self) -> None:
        """Search for an answer unlike those found before for the same photograph, target and goal."""
        explanation, goal, found = self._explanation, self.panel.goal.value, tuple(self._answers)
        if explanation is not None and found and self._free:
            another = explanation.find_another
            self._submit("another", lambda p: _answer(explanation, another(found, p, probability=goal)))

    def set_edit(self, edit: Edit, drag: str | None = None) -> None:
        """Ask for an edit, all of it heard; the newest one asked for wins."""
        self._ask_for_mix(Mix(edit=edit), drag)

    def reset(self, direction_id: str | None = None) -> None:
        """Put one slider back to 0, or all."""
        mix = self._history.current.mix
        edit = mix.edit.with_strength(direction_id, 0.0) if direction_id is not None else mix.edit.scaled(0.0)
        self._ask_for_mix(mix.replace(edit=edit))

    def undo(self) -> None:
        """Go back to what was there before: sliders, target, region or names."""
        if self._history.can_undo and self._free:
            self._ask_for(self._history.undo())

    def redo(self) -> None:
        """Go forward to what was undone."""
        if self._history.can_redo and self._free:
            self._ask_for(self._history.redo())

    def set_target(self, target: int) -> None:
        """Ask for another class; its sliders begin at 0."""
        if self._explanation is not None and target != self._explanation.target:
            self._worker.discard()
            self._push(replace(self._history.current, target=target, mix=Mix()))

    def set_region(self, region: Region | None) -> None:
        """Let nothing change outside a region; None lets everything change."""
        if self._explanation is not None and self._free:
            self._push(replace(self._history.current, region=region))

    def rename(self, direction_id: DirectionId, name: str) -> None:
        """Call a direction otherwise; who did and when is kept with the name."""
        if self._explanation is not None and self._free:
            stand = self._history.current
            naming = Naming.now(name, self.panel.rater)
            self._push(replace(stand, names={**stand.names, direction_id: naming}))

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
            self._keep_view()
            self._viewer.scene.camera.events.disconnect(self._keep_camera)
            self.project.close_down()
            self.region.cancel()
            self.viewing.close_down()
            self._blink_key.close_down()
            self._let_go()
            self.photograph.close_down()
            self.layers.release()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything with the window."""
        self.close_down()
        super().closeEvent(event)

    # -- the worker's answers --------------------------------------------------------------------------------

    @property
    def _free(self) -> bool:
        """Whether nothing runs that a move would disturb."""
        return self._worker.busy in ("", "render")

    def _chosen(self) -> tuple[Path | None, str]:
        return self.panel.model.bundle, self.panel.model.device

    def _loader(self) -> Callable[[], Explainer]:
        """What gives the chosen model, in any thread; it is loaded once."""
        chosen, loaded, load = self._chosen(), self._loaded, self._load

        def give() -> Explainer:
            return loaded[1] if loaded is not None and loaded[0] == chosen else load(*chosen)

        return give

    def _submit(self, kind: str, work: Callable[[Progress], Any]) -> None:
        self.ahead.pause()
        self.project.queue.hold(True)
        self._worker.submit(kind, work)
        self._show_state()

    def _push(self, stand: Stand, drag: str | None = None) -> None:
        self._history.push(stand, drag)
        self._ask_for(stand)

    def _ask_for_mix(self, mix: Mix, drag: str | None = None) -> None:
        if self._explanation is not None and self._free:
            self._push(replace(self._history.current, mix=mix), drag)

    def _ask_for(self, stand: Stand) -> None:
        """Make the explanation what a stand says; the picture comes from the worker."""
        explanation, view = self._explanation, self.layers.box.view
        if explanation is None:
            return
        self._applying = True
        try:
            self._call(explanation, stand.names)
            if stand.target != explanation.target:
                explanation.set_target(stand.target)
            explanation.set_region(stand.region)
        except LatentExplainError as error:
            self._history.amend(replace(stand, target=explanation.target, region=explanation.region))
            show_error(str(error))
        finally:
            self._applying = False
        self.panel.sliders.show_mix(stand.mix)
        heard = stand.mix.heard
        self._submit("render", lambda _: view(explanation.render(heard)))

    def _call(self, explanation: Explanation, names: Mapping[DirectionId, Naming]) -> None:
        project, model = self.project.project, explanation.explainer.identity.sha256
        called = {d.id: d.naming for d in explanation.atlas.directions if d.naming is not None}
        ours = {d.id for d in explanation.atlas.directions}
        if called != {key: naming for key, naming in names.items() if key in ours}:
            explanation.rename(names)
            if project is not None:
                project.keep_names(model, names)

    def _returned(self, kind: str, result: Any) -> None:
        if kind in ("explain", "take up"):
            chosen, explainer, explanation, source, mix = result
            self._loaded = (chosen, explainer)
            self.show_explanation(explanation, source, mix)
            if kind == "take up":
                self._look_where_it_was(explanation)
        elif kind == "export":
            show_info(f"Panel written to {result}.")
            self.exported.emit(str(result))
        elif kind == "compare":
            self._show_map(*result)
        elif kind == "look":
            self.layers.box.take(result)
            self.layers.refresh()
        elif self._explanation is not None:
            if kind == "another" and not result[0].reached:
                self._answers.clear()
                show_info("There is no other answer within the tested range; the last one stays.")
            elif kind in ("find", "another"):
                self._show_answer(*result)
            else:
                self._viewed = result
                self._explanation.accept(result.frame)
        self._show_state()

    def _failed(self, kind: str, error: Exception) -> None:
        self.panel.show_message("Stopped." if isinstance(error, Cancelled) else "")
        if kind == "render" and self._explanation is not None:
            self._history.amend(self._history.current.edited(self._explanation.edit))
            self.panel.sliders.show_mix(self._history.current.mix)
        if kind == "compare":
            self.compare(None)
        if isinstance(error, LatentExplainError):
            if not isinstance(error, Cancelled):
                show_error(str(error))
        else:
            show_error(f"That did not work, because of an error in the program ({type(error).__name__}: {error}).")
        self._show_state()

    # -- showing ---------------------------------------------------------------------------------------------

    def _slots(self, explanation: Explanation) -> tuple[tuple[Any, Callable[..., None]], ...]:
        return (
            (explanation.frame_changed, self._show_frame), (explanation.target_changed, self._show_target),
            (explanation.region_changed, self._show_region), (explanation.names_changed, self._show_names),
        )  # fmt: skip

    def _show_frame(self, frame: Frame) -> None:
        explanation, viewed = self._explanation, self._viewed
        if explanation is None:
            return
        self._viewed = None
        self.layers.update(
            explanation, viewed if viewed is not None and viewed.frame is frame else self.layers.box.view(frame)
        )
        self.panel.show_frame(frame)
        self.panel.curve.show_curve(None)  # it is another edit's
        current = self._history.current
        if not self._worker.busy and not self._applying and current.mix.heard != frame.edit:
            self._history.push(
                current.edited(frame.edit)
            )  # somebody else moved the explanation: that can be undone too
            self.panel.sliders.show_mix(self._history.current.mix)
        self._keep()
        self._show_state()

    def _show_answer(self, frame: Frame, curve: DoseResponse) -> None:
        """Show what a search found; only what reached its goal, by moving something, is an answer to look beyond."""
        if self._explanation is None:
            return
        self._history.push(self._history.current.edited(frame.edit))
        self.panel.sliders.show_mix(self._history.current.mix)
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
            if target != self._history.current.target:  # somebody else asked for it
                self._history.push(replace(self._history.current, target=target, mix=Mix()))
            self.panel.show_target(explanation)
            self.panel.sliders.show_mix(self._history.current.mix)
            for strip in self.ahead.strips:
                self.panel.sliders.show_strip(strip)
            self._compare()
            self._show_state()

    def _show_region(self, region: Region | None) -> None:
        self._answers.clear()
        self.ahead.draw(None)  # all strips show another picture now
        self.region.show_region(region)
        if not self._applying:
            self._history.push(replace(self._history.current, region=region))

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
            self._submit("compare", lambda progress: _map(explanation, method, progress))

    def _show_map(self, explanation: Explanation, found: SaliencyMap, picture: Any) -> None:
        asked = (self._explanation, self.panel.comparison.method)
        if asked == (explanation, found.method) and found.target == explanation.target:  # else overtaken by another
            target = explanation.explainer.classes[found.target]
            self.layers.compare(picture, f"{found.method.label}: {target}")
            self.panel.comparison.explain(found, target)

    def _show_state(self) -> None:
        current = self._history.current
        self.panel.show_state(
            busy=self._worker.busy,
            ready=self._explanation is not None,
            moved=bool(current.mix.edit),
            answered=bool(self._answers),
            can_undo=self._history.can_undo,
            can_redo=self._history.can_redo,
        )
        self.panel.guide.show_step(1 if self.photograph.chosen else 0)
        if self._explanation is not None and current.mix.edit:
            self.panel.guide.finish()
        if not self._worker.busy:
            if self._explanation is not None and not self._closed:
                self.ahead.draw(self._explanation, self._explanation.edit)
            self.project.queue.hold(False)
            self.settled.emit()

    # -- keeping ---------------------------------------------------------------------------------------------

    def _project_opened(self) -> None:
        """Bring back what a project had on show."""
        project = self.project.project
        if project is None:
            return
        view, panel = project.view, self.panel
        panel.looking.two_rows.setChecked(view.two_rows)
        panel.looking.reconstruction.setChecked(view.reconstruction)
        if view.guided:
            panel.guide.finish()
        panel.model.choose(Path(view.bundle) if view.bundle is not None else None, view.device)
        if project.cases:
            panel.project.expand(animate=False)
        try:
            case = project[view.shown] if view.shown else None
        except KeyError:
            return
        if case is not None and case.explained and Path(case.path).is_file():
            self.open_case(case.path)

    def _look_where_it_was(self, explanation: Explanation) -> None:
        project = self.project.project
        path = explanation.photograph.path
        if project is not None and path is not None and project.view.looked_at == str(path.absolute()):
            camera, view = self._viewer.scene.camera, project.view
            if view.centre is not None and view.zoom is not None:
                camera.center, camera.zoom = view.centre, view.zoom

    def _keep(self) -> None:
        explanation, mix = self._explanation, self._history.current.mix
        if explanation is not None:
            silent = mix.heard != mix.edit or mix.solo is not None or bool(mix.muted)
            self.project.keeper.keep(explanation, mix if silent and mix.heard == explanation.edit else None)

    def _keep_view(self) -> None:
        bundle, device = self._chosen()
        looking = self.panel.looking
        self.project.keeper.keep_view(
            bundle=None if bundle is None else str(bundle), device=device, two_rows=looking.two_rows.isChecked(),
            reconstruction=looking.reconstruction.isChecked(), guided=self.panel.guide.finished,
        )  # fmt: skip

    def _keep_camera(self, _event: Any = None) -> None:
        explanation, camera = self._explanation, self._viewer.scene.camera
        if explanation is not None and explanation.photograph.path is not None:
            self.project.keeper.keep_view(
                looked_at=str(explanation.photograph.path.absolute()),
                centre=tuple(camera.center[-2:]),
                zoom=camera.zoom,
            )

    # -- inside ----------------------------------------------------------------------------------------------

    def _choose_and_export(self) -> None:
        if self._explanation is None:
            return
        name = f"{Path(self._explanation.photograph.name).stem}_panel.png"
        path, _ = QFileDialog.getSaveFileName(self, "Export panel", name, "Picture (*.png);;Document (*.pdf)")
        if path:
            self.export_panel(path)

    def _slider_moved(self, direction_id: str, strength: float, dragging: bool) -> None:
        stand = self._history.current
        mix = stand.mix.with_strength(direction_id, strength)
        quick = dragging and self._free and self.layers.box.plain and mix.hears(direction_id)
        rough = self.ahead.preview(mix.heard, direction_id) if quick else None
        if rough is None:
            self._ask_for_mix(mix, direction_id if dragging else None)
            return
        self._history.push(replace(stand, mix=mix), direction_id)
        self.layers.preview(rough)

    def _slider_released(self) -> None:
        """Show the exact frame of what dragging has shown roughly."""
        self._history.end_drag()
        explanation = self._explanation
        if explanation is not None and explanation.edit != self._history.current.mix.heard:
            self._ask_for(self._history.current)

    def _let_go(self) -> None:
        explanation = self._explanation
        if explanation is not None:
            self.project.keeper.flush()
            for signal, slot in self._slots(explanation):
                signal.disconnect(slot)
            self._explanation = None
            self.viewing.show(None)
            self.ahead.draw(None)
