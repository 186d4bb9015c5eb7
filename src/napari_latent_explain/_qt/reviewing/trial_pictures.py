"""The pictures of the trial that a session is at: read from the study, or why they can't be; hidden in breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import read_picture

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain._qt.reviewing.review_pictures import ReviewPictures
    from napari_latent_explain.review import ReviewSession

__all__ = ["TrialPictures"]

_UNSEEN = "This trial has no pictures yet, and the clock stands still. {} Go on (F9) when they are there."


class TrialPictures:
    """Puts what a session shows into a viewer.

    Parameters
    ----------
    pictures : ReviewPictures
        The layers.
    """

    def __init__(self, pictures: ReviewPictures) -> None:
        self._pictures = pictures
        self.unseen = ""
        """Why the pictures of this trial are not there, in a sentence; empty if they are."""

    def read(self, session: ReviewSession, folder: Path) -> None:
        """Read the pictures of the trial and show them.

        Raises
        ------
        StudyError
            If one can't be read; then `unseen` says so, and those of the trial before are still in the layers.
        """
        try:
            pictures = [(shown.label, read_picture(folder, shown.picture)) for shown in session.pictures]
        except StudyError as error:
            self.unseen = _UNSEEN.format(error)
            raise
        self.unseen = ""
        self._pictures.show(pictures)

    def show_session(self, session: ReviewSession) -> None:
        """Show the marks, take more where they are asked for, and show nothing in a break."""
        marks = next((session.answers.get(q.id, ()) for q in session.asked if q.kind == "marks"), ())
        self._pictures.show_marks(marks if isinstance(marks, tuple) else ())  # type: ignore[arg-type]
        free = not (session.locked or session.paused)
        self._pictures.set_marking(free and session.question.kind == "marks")
        self._pictures.set_visible(not session.paused)

    def blink(self, session: ReviewSession, held: bool) -> None:
        """Show the photograph, or the first picture, in every place while a key is held."""
        labels = [shown.label for shown in session.pictures]
        self._pictures.hold((labels.index("Photograph") if "Photograph" in labels else 0) if held else None)

    def let_go(self) -> None:
        """Leave the viewer as it was."""
        self.unseen = ""
        self._pictures.let_go()
