"""Three steps for somebody who is here for the first time."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QWidget

__all__ = ["Guide"]

_STEPS = (
    (
        "Choose a photograph of a retina: drop one on the viewer, or click <b>Open...</b> To try, take one from "
        "<i>File, Open Sample, Latent Explain</i>."
    ),
    "Click <b>Explain</b>: the model redraws the eye and gets its sliders ready.",
    (
        "Click <b>Find counterfactual</b>, or move a slider: what would have to look different for the classifier to decide "
        "otherwise?"
    ),
)


class Guide(QLabel):  # type: ignore[misc]
    """Shows the step that comes next, and what is done, until the last one was done once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setStyleSheet("border-left: 3px solid #4e9fdd; padding: 4px 6px;")
        self.setAccessibleName("First steps")
        self.step = 0
        self.finished = False
        self.show_step(0)

    def show_step(self, step: int) -> None:
        """Show how far somebody is: 0 to 2, or 3 for done; never back."""
        self.step = max(self.step, step)
        self.finished = self.finished or self.step >= len(_STEPS)
        self.setVisible(not self.finished)
        lines = []
        for number, words in enumerate(_STEPS):
            if number < self.step:
                lines.append(f"&#10003; <span>Step {number + 1} done</span>")
            elif number == self.step:
                lines.append(f"<b>Step {number + 1} of {len(_STEPS)}.</b> {words}")
        self.setText("<br>".join(lines))

    def finish(self) -> None:
        """Somebody knows it already."""
        self.show_step(len(_STEPS))
