"""The picture of what the sliders say: exact, by the networks, or rough, from what was drawn ahead, while one is dragged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_latent_explain._qt.slow_work import RENDER

if TYPE_CHECKING:
    from napari_latent_explain._qt.answer_notes import AnswerNotes
    from napari_latent_explain._qt.drawn_ahead import DrawnAhead
    from napari_latent_explain._qt.explained_layers import ExplainedLayers
    from napari_latent_explain._qt.light_box import Viewed
    from napari_latent_explain._qt.probability_bars import ProbabilityBars
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.domain import DirectionId, Edit, Region
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["Rendering"]

_REST_MS = 150
_Asked = tuple["Explanation", int, "Region | None"]


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
    notes : AnswerNotes
        Know what a search said of them.
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
        self,
        session: Session,
        layers: ExplainedLayers,
        bars: ProbabilityBars,
        ahead: DrawnAhead,
        notes: AnswerNotes,
        work: SlowWork,
    ) -> None:
        super().__init__()
        self._session, self._layers, self._bars, self._ahead = session, layers, bars, ahead
        self._notes, self._work = notes, work
        self._viewed: Viewed | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(session.rest)
        work.expect(RENDER, self._accept, self._fall_back)
        session.picture_asked.connect(self.ask)

    def ask(self, edit: Edit, anew: bool = False) -> None:
        """Ask for the picture of an edit; one that is shown exactly stays, with what a search said of it."""
        explanation, view, as_said = self._session.explanation, self._layers.box.view, self._notes.as_said
        if explanation is None:
            return
        if edit != explanation.edit or self._work.busy or anew:
            asked = _asked(explanation)
            self._work.submit(RENDER, lambda _: (asked, view(as_said(explanation, explanation.render(edit)))))
        elif (said := as_said(explanation, explanation.frame)) is not explanation.frame:
            explanation.accept(said)
        else:
            self.stands.emit()

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
        explanation.accept(self._notes.as_said(explanation, frame))

    def take(self, frame: Frame) -> Viewed | None:
        """The picture that was made for a frame, once; None if the frame came about otherwise than by `ask`."""
        viewed, self._viewed = self._viewed, None
        return viewed if viewed is not None and viewed.frame is frame else None

    def _accept(self, made: tuple[_Asked, Viewed]) -> None:
        session, (asked, viewed) = self._session, made
        explanation = session.explanation
        if explanation is None or asked != _asked(explanation):
            return  # another photograph, target or region by now
        if session.settled or viewed.frame.edit == session.current.mix.heard:  # else a slider has been dragged on
            self._viewed = viewed
            explanation.accept(viewed.frame)

    def _fall_back(self) -> None:
        explanation = self._session.explanation
        if explanation is not None and not self._work.busy:  # else a newer one is to come
            self._session.fall_back(explanation.frame)
            if self._layers.roughly:
                explanation.accept(explanation.frame)


def _asked(explanation: Explanation) -> _Asked:
    return explanation, explanation.target, explanation.region
