"""The picture of what the sliders say: exact, by the networks, or rough, from what was drawn ahead, while one is dragged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_latent_explain._qt.slow_work import RENDER

if TYPE_CHECKING:
    from napari_latent_explain._qt.drawn_ahead import DrawnAhead
    from napari_latent_explain._qt.explained_layers import ExplainedLayers
    from napari_latent_explain._qt.light_box import Viewed
    from napari_latent_explain._qt.probability_bars import ProbabilityBars
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.domain import DirectionId, Edit
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["Rendering"]

_REST_MS = 150


class Rendering(QObject):  # type: ignore[misc]
    """Has the explanation show the edit that was asked for last.

    Parameters
    ----------
    session : Session
        What is asked for.
    layers, bars : ExplainedLayers, ProbabilityBars
        Show a rough picture, and what about the classifier says of it.
    ahead : DrawnAhead
        Has the rough pictures.
    work : SlowWork
        Makes the exact ones, under the look of the layers.

    Signals
    -------
    stands()
        What was asked for is on show already.
    roughly()
        A rough picture is on show: what is said of the last frame is not said of it.
    """

    stands = Signal()
    roughly = Signal()

    def __init__(
        self, session: Session, layers: ExplainedLayers, bars: ProbabilityBars, ahead: DrawnAhead, work: SlowWork
    ) -> None:
        super().__init__()
        self._session, self._layers, self._bars, self._ahead, self._work = session, layers, bars, ahead, work
        self._viewed: Viewed | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(session.rest)
        work.expect(RENDER, self._accept, self._fall_back)
        session.picture_asked.connect(self.ask)

    def ask(self, edit: Edit, anew: bool = False) -> None:
        """Ask for the picture of an edit; one that is shown exactly stays, with what a search said of it."""
        explanation, view = self._session.explanation, self._layers.box.view
        if explanation is None:
            return
        if edit == explanation.edit and not self._work.busy and not anew:
            self.stands.emit()
        else:
            self._work.submit(RENDER, lambda _: (explanation, view(explanation.render(edit))))

    def move(self, direction_id: DirectionId, strength: float, dragging: bool) -> None:
        """Move a slider; while it is dragged, show a rough picture if there is one, and the exact one where it rests."""
        mix = self._session.current.mix.with_strength(direction_id, strength)
        quick = dragging and self._work.free and self._layers.box.plain and mix.hears(direction_id)
        rough = self._ahead.preview(mix.heard, direction_id) if quick else None
        if rough is None:
            self._session.set_mix(mix, direction_id if dragging else None)
        else:
            picture, about = rough
            self._ahead.pause()
            self._session.glide(mix, direction_id)
            self._rest.start()
            self._layers.preview(picture)
            self._bars.show_about(about)
            self.roughly.emit()

    def finish(self) -> None:
        """Have the explanation show what was asked for last, if it can: something else is about to take its place."""
        self._rest.stop()
        rough = self._session.stop_gliding()
        explanation, wanted = self._session.explanation, self._session.current.mix.heard
        if explanation is None or (explanation.edit == wanted and not rough):
            return
        try:
            frame = explanation.render(wanted)
        except Exception:  # noqa: BLE001 - what comes next must not wait for a picture that can't be made
            return
        explanation.accept(frame)

    def take(self, frame: Frame) -> Viewed | None:
        """The picture that was made for a frame, once; None if the frame came about otherwise than by `ask`."""
        viewed, self._viewed = self._viewed, None
        return viewed if viewed is not None and viewed.frame is frame else None

    def _accept(self, made: tuple[Explanation, Viewed]) -> None:
        session, (explanation, viewed) = self._session, made
        if explanation is not session.explanation:
            return  # another photograph is on show by now
        if session.settled or viewed.frame.edit == session.current.mix.heard:  # else a slider has been dragged on
            self._viewed = viewed
            explanation.accept(viewed.frame)

    def _fall_back(self) -> None:
        if self._session.explanation is not None and not self._work.busy:  # else a newer one is to come
            self._session.fall_back(self._session.explanation.frame)
