"""How sure the classifier should be made by the search for a counterfactual."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

__all__ = ["GoalChooser"]

_PROBABILITIES = (None, 0.6, 0.7, 0.8, 0.9, 0.95)


class GoalChooser(QComboBox):  # type: ignore[misc]
    """Offers a change of the decision, or a probability of the target that is to be reached.

    Signals
    -------
    chosen()
        A person chose another entry.
    """

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.addItems(["decision changes" if p is None else f"at least {100 * p:.0f} %" for p in _PROBABILITIES])
        self.setToolTip(
            "What the search is to reach: that the target becomes the most probable class, or at least this probability of it. "
            "If no change within what real eyes show reaches it, the furthest one is shown, and it says so."
        )
        self.setAccessibleName("What to reach")
        self.activated.connect(lambda _: self.chosen.emit())

    @property
    def probability(self) -> float | None:
        """What is to be reached; None for a change of the decision."""
        return _PROBABILITIES[int(self.currentIndex())]

    def choose(self, probability: float | None) -> None:
        """Choose without saying so."""
        self.setCurrentIndex(_PROBABILITIES.index(probability))
