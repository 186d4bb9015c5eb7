"""The dock widget: one photograph, its explanation, its sliders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QCloseEvent, QKeySequence
from qtpy.QtWidgets import QFileDialog, QShortcut, QSizePolicy, QVBoxLayout, QWidget

from napari_latent_explain._qt.drawn_ahead import DrawnAhead
from napari_latent_explain._qt.edit_history import EditHistory
from napari_latent_explain._qt.explained_layers import ExplainedLayers
from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain._qt.panel import Panel
from napari_latent_explain._qt.photograph_chooser import PhotographChooser
from napari_latent_explain.domain import Cancelled, LatentExplainError

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer

    from napari_latent_explain.domain import (
        CounterfactualRecord,
        DoseResponse,
        Edit,
        Photograph,
        Progress,
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
    ) -> None:
        super().__init__(parent)
        self._load, self._explain, self._write_panel = load, explain, write_panel
        self._explanation: Explanation | None = None
        self._loaded: tuple[tuple[Path | None, str], Explainer] | None = None
        self._history = EditHistory()
        self._answers: list[Edit] = []
        self._closed = False
        self.layers = ExplainedLayers(viewer)
        self.photograph = PhotographChooser(viewer, read)
        self.panel = Panel(self.photograph)
        self._worker = LatestWins()
        self.ahead = DrawnAhead()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        self._show_state()

    def _connect(self) -> None:
        panel, worker = self.panel, self._worker
        panel.explain.clicked.connect(self.explain)
        panel.cancel.clicked.connect(self.cancel)
        panel.find.clicked.connect(self.find_counterfactual)
        panel.another.clicked.connect(self.find_another)
        panel.goal.chosen.connect(self._forget_answers)
        panel.export.clicked.connect(self._choose_and_export)
        panel.reset_all.clicked.connect(self.reset)
        panel.undo.clicked.connect(self.undo)
        panel.redo.clicked.connect(self.redo)
        panel.target.activated.connect(self.set_target)
        panel.comparison.chosen.connect(self._compare)
        panel.two_rows.toggled.connect(self.layers.set_two_rows)
        panel.sliders.moved.connect(self._slider_moved)
        panel.sliders.released.connect(self._slider_released)
        panel.sliders.reset_asked.connect(self.reset)
        worker.progressed.connect(panel.show_progress)
        worker.returned.connect(self._returned)
        worker.failed.connect(self._failed)
        for keys, action in (("Ctrl+Z", self.undo), ("Ctrl+Shift+Z", self.redo)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)
        close, close_ahead = worker.closer, self.ahead.closer
        self.destroyed.connect(lambda *_: (close(), close_ahead()))

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

    def explain(self) -> None:
        """Explain the chosen photograph with the chosen model."""
        chosen = (self.panel.model.bundle, self.panel.model.device)
        try:
            photograph = self.photograph.photograph()
        except LatentExplainError as error:
            show_warning(str(error))
            return
        source, loaded = self.photograph.layer, self._loaded

        def work(progress: Progress) -> Any:
            progress("Reading the photograph", 0.0)
            picture = photograph()
            progress("Loading the model", 0.0)
            explainer = loaded[1] if loaded is not None and loaded[0] == chosen else self._load(*chosen)
            return chosen, explainer, self._explain(explainer, picture, progress=progress), source

        self._worker.discard()
        self._submit("explain", work)

    def show_explanation(self, explanation: Explanation, source: Any = None) -> None:
        """Show an explanation made elsewhere; `source` is its photograph's layer, if there is one."""
        self._let_go()
        self._explanation = explanation
        explanation.frame_changed.connect(self._show_frame)
        explanation.target_changed.connect(self._show_target)
        self.layers.show(explanation, source)
        self.panel.show_explanation(explanation)
        self._show_target(explanation.target)
        self.explained.emit(explanation)

    def cancel(self) -> None:
        """Stop what runs."""
        self._worker.cancel()

    def find_counterfactual(self) -> None:
        """Search for the smallest edit that reaches what the panel's goal says: by default, that changes the decision."""
        explanation, goal = self._explanation, self.panel.goal.value
        if explanation is not None:
            self._answers.clear()
            self._submit("find", lambda p: _answer(explanation, explanation.find_counterfactual(p, probability=goal)))

    def find_another(self) -> None:
        """Search for an answer unlike those found before for the same photograph, target and goal."""
        explanation, goal, found = self._explanation, self.panel.goal.value, tuple(self._answers)
        if explanation is not None and found:
            another = explanation.find_another
            self._submit("another", lambda p: _answer(explanation, another(found, p, probability=goal)))

    def set_edit(self, edit: Edit, drag: str | None = None) -> None:
        """Ask for an edit; the newest one asked for wins."""
        if self._explanation is not None and self._worker.busy in ("", "render"):
            self._history.push(edit, drag)
            self._ask_for(edit)

    def reset(self, direction_id: str | bool | None = None) -> None:
        """Put one slider back to 0, or all."""
        if isinstance(direction_id, str):
            self.set_edit(self._history.current.with_strength(direction_id, 0.0))
        elif self._explanation is not None:
            self.set_edit(self._history.current.scaled(0.0))

    def undo(self) -> None:
        """Go back to the edit before."""
        if self._history.can_undo and self._worker.busy in ("", "render"):
            self._ask_for(self._history.undo())

    def redo(self) -> None:
        """Go forward to the edit that was undone."""
        if self._history.can_redo and self._worker.busy in ("", "render"):
            self._ask_for(self._history.redo())

    def set_target(self, target: int) -> None:
        """Ask for another class."""
        if self._explanation is not None and target != self._explanation.target:
            self._worker.discard()
            try:
                self._explanation.set_target(target)
            except LatentExplainError as error:
                show_error(str(error))

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

    def close_down(self) -> None:
        """Cancel, end the worker thread, let go of viewer and explanation. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._worker.close()
            self.ahead.close()
            self._let_go()
            self.photograph.close_down()
            self.layers.release()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything with the window."""
        self.close_down()
        super().closeEvent(event)

    # -- the worker's answers --------------------------------------------------------------------------------

    def _submit(self, kind: str, work: Callable[[Progress], Any]) -> None:
        self.ahead.pause()
        self._worker.submit(kind, work)
        self._show_state()

    def _ask_for(self, edit: Edit) -> None:
        explanation = self._explanation
        if explanation is not None:
            self.panel.sliders.show_edit(edit)
            self._submit("render", lambda _: explanation.render(edit))

    def _returned(self, kind: str, result: Any) -> None:
        if kind == "explain":
            chosen, explainer, explanation, source = result
            self._loaded = (chosen, explainer)
            self.show_explanation(explanation, source)
        elif kind == "export":
            show_info(f"Panel written to {result}.")
            self.exported.emit(str(result))
        elif kind == "compare":
            self._show_map(*result)
        elif self._explanation is not None:
            if kind == "another" and not result[0].reached:
                self._answers.clear()
                show_info("There is no other answer within the tested range; the last one stays.")
            elif kind in ("find", "another"):
                self._show_answer(*result)
            else:
                self._explanation.accept(result)
        self._show_state()

    def _failed(self, kind: str, error: Exception) -> None:
        self.panel.show_message("Stopped." if isinstance(error, Cancelled) else "")
        if kind == "render" and self._explanation is not None:
            self._history.clear(self._explanation.edit)
            self.panel.sliders.show_edit(self._explanation.edit)
        if kind == "compare":
            self.compare(None)
        if isinstance(error, LatentExplainError):
            if not isinstance(error, Cancelled):
                show_error(str(error))
        else:
            show_error(f"That did not work, because of an error in the program ({type(error).__name__}: {error}).")
        self._show_state()

    # -- showing ---------------------------------------------------------------------------------------------

    def _show_frame(self, frame: Frame) -> None:
        self.layers.update(frame)
        self.panel.show_frame(frame)
        self.panel.curve.show_curve(None)  # it is another edit's
        if not self._worker.busy:
            self._history.push(frame.edit)  # somebody else moved the explanation: that can be undone too
            self.panel.sliders.show_edit(frame.edit)
        self._show_state()

    def _show_answer(self, frame: Frame, curve: DoseResponse) -> None:
        """Show what a search found; only what reached its goal, by moving something, is an answer to look beyond."""
        if self._explanation is None:
            return
        self._history.push(frame.edit)
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
            ours = {d.id for d in explanation.directions}
            self._history.clear(explanation.edit if ours.issuperset(explanation.edit.strengths) else None)
            self.panel.show_target(explanation)
            self.panel.sliders.show_edit(self._history.current)
            self._compare()
            self._show_state()

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
        self.panel.show_state(
            busy=self._worker.busy,
            ready=self._explanation is not None,
            moved=bool(self._history.current),
            answered=bool(self._answers),
            can_undo=self._history.can_undo,
            can_redo=self._history.can_redo,
        )
        if not self._worker.busy:
            if self._explanation is not None and not self._closed:
                self.ahead.draw(self._explanation, self._explanation.edit)
            self.settled.emit()

    def _choose_and_export(self) -> None:
        if self._explanation is None:
            return
        name = f"{Path(self._explanation.photograph.name).stem}_panel.png"
        path, _ = QFileDialog.getSaveFileName(self, "Export panel", name, "Picture (*.png);;Document (*.pdf)")
        if path:
            self.export_panel(path)

    def _slider_moved(self, direction_id: str, strength: float, dragging: bool) -> None:
        edit = self._history.current.with_strength(direction_id, strength)
        rough = self.ahead.preview(edit, direction_id) if dragging and self._worker.busy in ("", "render") else None
        if rough is None:
            self.set_edit(edit, direction_id if dragging else None)
            return
        self._history.push(edit, direction_id)
        self.layers.preview(rough)

    def _slider_released(self) -> None:
        """Show the exact frame of what dragging has shown roughly."""
        self._history.end_drag()
        explanation = self._explanation
        if explanation is not None and explanation.edit != self._history.current:
            self._ask_for(self._history.current)

    def _let_go(self) -> None:
        if self._explanation is not None:
            self._explanation.frame_changed.disconnect(self._show_frame)
            self._explanation.target_changed.disconnect(self._show_target)
            self._explanation = None
            self.ahead.draw(None)
