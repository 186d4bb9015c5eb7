"""One explanation under a person's hands: what they ask for, one step after the other, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_latent_explain._qt.history import History, Stand
from napari_latent_explain.domain import Edit, LatentExplainError, Mix, Naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_latent_explain.domain import DirectionId, Region
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["Session"]


class Session(QObject):  # type: ignore[misc]
    """Sliders, target, region and names, with undo for each of them.

    Parameters
    ----------
    free : callable
        Whether a move would disturb nothing that runs; without it, nothing but `follow_...` changes anything.

    Signals
    -------
    stood(stand: Stand)
        This is asked for now.
    picture_asked(edit: Edit, anew: bool)
        The picture of this edit is wanted; even if it is the one that was shown last, where a rough one stands instead.
    renamed(model: str, names: dict)
        What the directions of the model with this hash are called.
    refused(reason: str)
        What was asked for can't be.
    """

    stood = Signal(object)
    picture_asked = Signal(object, bool)
    renamed = Signal(str, object)
    refused = Signal(str)

    def __init__(self, free: Callable[[], bool]) -> None:
        super().__init__()
        self._free = free
        self._explanation: Explanation | None = None
        self._applying = self._gliding = self._owing = False
        self.history = History()

    @property
    def explanation(self) -> Explanation | None:
        """What is under a person's hands, None if nothing is."""
        return self._explanation

    @property
    def current(self) -> Stand:
        """What was asked for last."""
        return self.history.current

    @property
    def settled(self) -> bool:
        """Whether what is asked for is to be shown exactly: no slider glides, nothing is half applied."""
        return not self._applying and not self._gliding

    @property
    def owing(self) -> bool:
        """Whether the picture of what is asked for is still to be asked for, since something else ran."""
        explanation, settled = self._explanation, self.settled
        return explanation is not None and settled and (self._owing or explanation.edit != self.current.mix.heard)

    def asked_frame(self) -> Callable[[], Frame] | None:
        """What gives the frame that is asked for, in any thread, on show or not yet; None without an explanation."""
        explanation, edit = self._explanation, self.current.mix.heard
        if explanation is None:
            return None
        shown = explanation.frame
        return lambda: shown if shown.edit == edit else explanation.render(edit)

    def begin(self, explanation: Explanation, mix: Mix | None, names: Mapping[DirectionId, Naming]) -> None:
        """Take up an explanation; `mix` says where the sliders stand, if not all of them are heard."""
        explanation.rename(names)
        self._explanation = explanation
        self._gliding = self._owing = False
        self.history.clear(Stand(explanation.target, mix or Mix(edit=explanation.edit), explanation.region, names))

    def recall(self, past: History | None) -> None:
        """Go on with the history that an explanation was left with, if it leads to what is there now.

        What directions were called elsewhere meanwhile stays: then names are no part of it any more.
        """
        if self._explanation is None or past is None or not self._fits(past):
            return
        now, stands = self.current, past.stands
        if past.current.names != now.names:
            stands = tuple(replace(stand, names=now.names) for stand in stands)
        self.history = History(stands, past.at)
        self.history.push(now)

    def _fits(self, past: History) -> bool:
        """Whether the explanation has all classes and directions of a history."""
        explanation = self._explanation
        known = {direction.id for direction in explanation.atlas.directions} if explanation is not None else set()
        return explanation is not None and all(
            stand.target < len(explanation.explainer.classes)
            and {*stand.mix.edit.strengths, *filter(None, [stand.mix.solo])} <= known
            for stand in past.stands
        )

    def end(self) -> None:
        """Let the explanation go."""
        self._explanation = None

    # -- what a person asks for --------------------------------------------------------------------------------

    def set_mix(self, mix: Mix, drag: DirectionId | None = None) -> None:
        """Move sliders, or change which are heard; one drag is one step."""
        if self._explanation is not None and self._free():
            self._push(replace(self.current, mix=mix), drag)

    def glide(self, mix: Mix, drag: DirectionId) -> None:
        """Note where a slider is dragged while a rough picture is shown; `rest` and `settle` ask for the exact one."""
        self._gliding = True
        self.history.push(replace(self.current, mix=mix), drag)

    def rest(self) -> None:
        """A slider that is dragged stands still: what is shown is made exact, the drag goes on."""
        if self.stop_gliding():
            if self._free():
                self.picture_asked.emit(self.current.mix.heard, True)
            else:
                self._owing = True

    def stop_gliding(self) -> bool:
        """Ask for no more of what a slider glides over, and return whether a rough picture is on show."""
        rough, self._gliding = self._gliding, False
        return rough and self._explanation is not None

    def settle(self) -> None:
        """A slider was let go: the next drag is a step of its own, and what is shown is made exact."""
        self.history.end_drag()
        rough, self._gliding = self._gliding, False
        if self._explanation is None or not (rough or self._explanation.edit != self.current.mix.heard):
            return
        if self._free():
            self.picture_asked.emit(self.current.mix.heard, rough)
        else:
            self._owing = True

    def pay(self) -> None:
        """Ask for the picture that is owed."""
        rough, self._owing = self._owing, False
        self.picture_asked.emit(self.current.mix.heard, rough)

    def reset(self, direction_id: DirectionId | None = None) -> None:
        """Put one slider back to 0, or all."""
        mix = self.current.mix
        edit = Edit() if direction_id is None else mix.edit.with_strength(direction_id, 0.0)
        self.set_mix(mix.replace(edit=edit))

    def mute(self, direction_id: DirectionId, muted: bool) -> None:
        """Leave a direction out of the picture, or let it in again."""
        self.set_mix(self.current.mix.with_muted(direction_id, muted))

    def solo(self, direction_id: DirectionId, alone: bool) -> None:
        """Show a direction alone, or with the others again."""
        self.set_mix(self.current.mix.with_solo(direction_id if alone else None))

    def set_target(self, target: int) -> None:
        """Ask for another class; its sliders begin at 0."""
        if self._explanation is not None and target != self._explanation.target:
            self._push(replace(self.current, target=target, mix=Mix()))

    def set_region(self, region: Region | None) -> None:
        """Let nothing change outside a region; None lets everything change."""
        if self._explanation is not None and self._free():
            self._push(replace(self.current, region=region))

    def rename(self, direction_id: DirectionId, naming: Naming) -> None:
        """Call a direction otherwise."""
        if self._explanation is not None and self._free():
            self._push(replace(self.current, names={**self.current.names, direction_id: naming}))

    def undo(self) -> None:
        """Go back to what was asked for before."""
        if self._explanation is not None and self.history.can_undo and self._free():
            self._ask_for(self.history.undo())

    def redo(self) -> None:
        """Go forward to what was undone."""
        if self._explanation is not None and self.history.can_redo and self._free():
            self._ask_for(self.history.redo())

    # -- what came about without being asked for here ------------------------------------------------------------

    def follow_edit(self, edit: Edit) -> None:
        """A search found this edit, or a program set it: it can be undone too."""
        self._owing = False
        if not self._applying and self.current.mix.heard != edit:
            self.history.push(self.current.edited(edit))
            self.stood.emit(self.current)

    def follow_target(self, target: int) -> None:
        """The explanation asks for another class."""
        if not self._applying and target != self.current.target:
            self.history.push(replace(self.current, target=target, mix=Mix()))

    def follow_region(self, region: Region | None) -> None:
        """The explanation has another region."""
        if not self._applying and region != self.current.region:
            self.history.push(replace(self.current, region=region))

    def fall_back(self, frame: Frame) -> None:
        """What was asked for did not come about; this frame is still shown."""
        self.history.amend(self.current.edited(frame.edit))
        self.stood.emit(self.current)

    # -- inside ------------------------------------------------------------------------------------------------

    def _push(self, stand: Stand, drag: DirectionId | None = None) -> None:
        self.history.push(stand, drag)
        self._ask_for(stand)

    def _ask_for(self, stand: Stand) -> None:
        """Make the explanation what a stand says; the picture is asked for."""
        explanation = self._explanation
        if explanation is None:
            return
        rough, self._gliding, self._owing = self._gliding or self._owing, False, False
        self._applying = True
        try:
            self._apply(explanation, stand)
            self.stood.emit(self.current)
        finally:
            self._applying = False
        self.picture_asked.emit(self.current.mix.heard, rough)

    def _apply(self, explanation: Explanation, stand: Stand) -> None:
        try:
            self._call(explanation, stand.names)
            if stand.target != explanation.target:
                explanation.set_target(stand.target)
            explanation.set_region(stand.region)
        except LatentExplainError as error:
            self.history.take_back(replace(stand, target=explanation.target, region=explanation.region))
            self.refused.emit(str(error))

    def _call(self, explanation: Explanation, names: Mapping[DirectionId, Naming]) -> None:
        known = {direction.id for direction in explanation.atlas.directions}
        called = {d.id: d.naming for d in explanation.atlas.directions if d.naming is not None}
        if called != {key: naming for key, naming in names.items() if key in known}:
            explanation.rename(names)
            self.renamed.emit(explanation.explainer.identity.sha256, dict(names))
