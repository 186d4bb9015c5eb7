"""Joins the looking tools to the pictures, the pointer and the camera."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

from napari_latent_explain._qt.caliper import Caliper
from napari_latent_explain.fundus.looking import Look

if TYPE_CHECKING:
    import napari.viewer
    from qtpy.QtWidgets import QWidget

    from napari_latent_explain._qt.explained_layers import ExplainedLayers
    from napari_latent_explain._qt.light_box import Developed
    from napari_latent_explain._qt.looking_tools import LookingTools
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.explain import Explanation

__all__ = ["Viewing"]

_POINTER_MS = 25


class Viewing(QObject):  # type: ignore[misc]
    """Look, blink, swipe, crosshair, magnifier, caliper, 1:1, arrangement.

    Parameters
    ----------
    viewer, layers, tools, panel
        The napari viewer, the pictures in it, the switches, and the widget that they are a part of.
    work : SlowWork
        Makes the pictures under another look.
    """

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        layers: ExplainedLayers,
        tools: LookingTools,
        panel: QWidget,
        work: SlowWork,
    ) -> None:
        super().__init__()
        self._viewer, self._layers, self._tools, self._work = viewer, layers, tools, work
        self.caliper = Caliper(viewer, layers, tools, panel)
        self._explanation: Explanation | None = None
        self._pointer: tuple[float, ...] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_POINTER_MS)
        self._timer.timeout.connect(self.follow)
        work.expect("look", self._take_look)
        tools.look_changed.connect(self._change_look)
        tools.swiped.connect(self._swipe)
        tools.blinked.connect(self.blink)
        tools.arranged.connect(self._arrange)
        tools.true_size_asked.connect(self.true_size)
        tools.cross.toggled.connect(lambda _: self.follow())
        viewer.mouse_move_callbacks.append(self._moved)

    def show(self, explanation: Explanation | None) -> None:
        """Look at another explanation."""
        self._explanation, self._layers.box.blink = explanation, None
        box = self._layers.box  # a look that was asked for may not have come
        self._tools.show_look(box.look, outlined=box.outlined)
        self._tools.show_outlines(nothing=explanation is not None and box.nothing_to_outline)
        self._tools.magnifier.clear()
        self.caliper.show(explanation)

    def blink(self, held: bool) -> None:
        """Let another picture stand where the counterfactual is, while something is held."""
        self._layers.box.blink = self._tools.partner.value if held else None
        self._layers.refresh()

    def true_size(self) -> None:
        """Show one pixel of the photograph as one of the screen, around the middle of what is seen."""
        explanation = self._explanation
        if explanation is None:
            return
        self._viewer.scene.camera.zoom = 1.0

    def close_down(self) -> None:
        """Let go of the viewer."""
        self._timer.stop()
        self.caliper.close_down()
        with suppress(ValueError):
            self._viewer.mouse_move_callbacks.remove(self._moved)

    def _change_look(self) -> None:
        explanation, tools, develop = self._explanation, self._tools, self._layers.box.develop
        if explanation is not None:
            frame, look, outlined = explanation.frame, tools.look.value, tools.outlined.isChecked()
            self._work.submit("look", lambda _: develop(explanation, frame, look, outlined=outlined))

    def _take_look(self, developed: Developed) -> None:
        explanation, box = self._explanation, self._layers.box
        box.take(developed)
        if explanation is not None and developed.viewed.frame is not explanation.frame:
            box.show(box.view(explanation.frame))  # it moved on meanwhile
        self._layers.refresh()
        self.follow()

    def _swipe(self, share: float) -> None:
        self._layers.box.swipe = share
        self._layers.refresh()

    def _arrange(self) -> None:
        self._layers.set_two_rows(self._tools.two_rows.isChecked())
        self._layers.set_reconstruction(self._tools.reconstruction.isChecked())

    def _moved(self, _viewer: Any, event: Any) -> None:
        if self._tools.cross.isChecked() or self._tools.magnified.isChecked():
            self._pointer = tuple(event.position)
            if not self._timer.isActive():
                self._timer.start()

    def follow(self) -> None:
        """Show crosshair and magnifier where the pointer is, of what is shown now, and whether there is anything to outline."""
        self._tools.show_outlines(nothing=self._layers.box.nothing_to_outline)
        explanation, pointer, box = self._explanation, self._pointer, self._layers.box
        share = self._layers.share_of(pointer) if pointer is not None else None
        cross = share if self._tools.cross.isChecked() else None
        if cross != box.cross:
            box.cross = cross
            self._layers.refresh()
        if explanation is not None and pointer is not None and share is not None and self._tools.magnified.isChecked():
            magnifier = self._tools.magnifier
            before, after = explanation.detail(pointer[-2], pointer[-1], magnifier.side)
            look = Look.RED_FREE if box.look in (Look.RED_FREE, Look.RED_FREE_CONTRAST) else Look.COLOUR
            magnifier.show_detail(look(before), look(after), str(look))
