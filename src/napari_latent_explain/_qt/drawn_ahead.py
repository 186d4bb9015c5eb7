"""Draws the strips of all sliders in the background, one after the other, whenever nothing else is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_latent_explain._qt import verbs
from napari_latent_explain._qt.latest_wins import LatestWins

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import DirectionId, Edit, Progress
    from napari_latent_explain.explain import Explanation
    from napari_latent_explain.explain.frame_strip import FrameStrip

__all__ = ["DrawnAhead"]


class DrawnAhead(QObject):  # type: ignore[misc]
    """Strips for the edit that is shown, and a cross-faded picture while a slider is dragged.

    Parameters
    ----------
    size : int
        Largest side of the pictures.

    Signals
    -------
    drawn(strip: FrameStrip)
        A slider's strip is there.
    """

    drawn = Signal(object)

    def __init__(self, size: int = 512) -> None:
        super().__init__()
        self._size = size
        self._worker = LatestWins()
        self._worker.returned.connect(self._keep)
        self._worker.failed.connect(lambda *_: None)  # without a strip, dragging shows exact pictures
        self._explanation: Explanation | None = None
        self._edit: Edit | None = None
        self._ids: list[DirectionId] = []
        self._strips: dict[DirectionId, FrameStrip] = {}
        self._waiting: list[DirectionId] = []

    @property
    def closer(self) -> Any:
        """A function that ends the thread and knows no Qt object."""
        return self._worker.closer

    @property
    def busy(self) -> bool:
        """Whether a strip is being drawn."""
        return bool(self._worker.busy)

    def draw(self, explanation: Explanation | None, edit: Edit | None = None) -> None:
        """Draw the strips around an edit, those of moved sliders first; None stops and forgets all."""
        if explanation is None or edit is None:
            self.pause()
            self._explanation, self._edit, self._ids, self._strips = None, None, [], {}
            return
        ids = [direction.id for direction in explanation.directions]
        if explanation is not self._explanation:
            self._strips = {}
        elif (edit, ids) == (self._edit, self._ids) and self.busy:
            return
        self._explanation, self._edit, self._ids = explanation, edit, ids
        self._strips = {key: strip for key, strip in self._strips.items() if key in ids and strip.shows(edit, key)}
        self._waiting = sorted((key for key in ids if key not in self._strips), key=lambda key: not edit[key])
        self._next()

    def pause(self) -> None:
        """Leave the machine to something else; what is drawn stays."""
        self._waiting = []
        self._worker.discard()

    def close(self) -> None:
        """End the thread."""
        self._waiting = []
        self._worker.close()

    def preview(self, edit: Edit, direction_id: DirectionId) -> tuple[NDArray[np.uint8], tuple[float, ...]] | None:
        """A cross-faded picture of an edit that one slider makes, (P, P, 3) uint8, and about what the classifier says of it.

        None if the slider's strip is not there yet.
        """
        strip = self._strips.get(direction_id)
        if strip is None or not strip.shows(edit, direction_id):
            return None
        return strip.at(edit[direction_id]), strip.probabilities_at(edit[direction_id])

    @property
    def strips(self) -> tuple[FrameStrip, ...]:
        """All that are drawn."""
        return tuple(self._strips.values())

    def _next(self) -> None:
        explanation, edit = self._explanation, self._edit
        if self._waiting and explanation is not None and edit is not None:
            key, size = self._waiting.pop(0), self._size

            def work(progress: Progress) -> FrameStrip:
                return verbs.draw_ahead(explanation, key, edit, progress, size=size)

            self._worker.submit("strip", work)

    def _keep(self, _kind: str, strip: FrameStrip) -> None:
        edit = self._edit
        if edit is not None and strip.direction_id in self._ids and strip.shows(edit, strip.direction_id):
            self._strips[strip.direction_id] = strip
            self.drawn.emit(strip)
        self._next()
