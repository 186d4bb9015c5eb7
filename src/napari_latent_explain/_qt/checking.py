"""Controls of the answer that is shown: whether it says something of the classifier, or would random moves do as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_latent_explain.export.said import controls

if TYPE_CHECKING:
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.domain import Faithfulness, Progress
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["Checking"]


class Checking(QObject):  # type: ignore[misc]
    """Runs them when a person asks, and keeps what came of it as long as that frame is shown.

    Parameters
    ----------
    session : Session
        Whose explanation is checked.
    work : SlowWork
        Does it.

    Signals
    -------
    changed()
        There is something else to say.
    """

    changed = Signal()

    def __init__(self, session: Session, work: SlowWork) -> None:
        super().__init__()
        self._session, self._work = session, work
        self._known: tuple[Frame, Faithfulness | None] | None = None
        work.expect("check", self.take)

    @property
    def said(self) -> str:
        """What has to be said of the frame that is shown; nothing where nothing was moved."""
        explanation = self._session.explanation
        if explanation is None or not explanation.frame.edit:
            return ""
        found = self._found(explanation.frame)
        if found is None:
            return (
                "<b>Controls: not run.</b> Until they are, this may be what any change would do (<i>Check answer</i>)."
            )
        text = controls(found)
        return text if found.passed else f"<b>{text}</b>"

    def check(self) -> None:
        """Put what is shown to the controls."""
        explanation = self._session.explanation
        if explanation is not None and explanation.frame.edit and self._work.free:
            frame = explanation.frame
            self._work.submit("check", lambda progress: self.of(explanation, frame, progress))

    def of(self, explanation: Explanation, frame: Frame, progress: Progress) -> tuple[Frame, Faithfulness | None]:
        """Put a frame to the controls, unless it was (thread-safe)."""
        if frame.edit and self._found(frame) is None:
            return frame, explanation.check(progress=progress, frame=frame)
        return frame, self._found(frame)

    def take(self, checked: tuple[Frame, Faithfulness | None]) -> None:
        """Keep what came of it."""
        self._known = checked
        self.changed.emit()

    def _found(self, frame: Frame) -> Faithfulness | None:
        known = self._known
        return known[1] if known is not None and known[0] is frame else None
