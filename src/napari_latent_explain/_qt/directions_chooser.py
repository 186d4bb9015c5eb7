"""Whose directions: the model's own, or those of an atlas file."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

__all__ = ["DirectionsChooser"]


class DirectionsChooser(QWidget):  # type: ignore[misc]
    """Offers the model's own directions and files with others; reads none of them.

    Signals
    -------
    asked()
        A person chose another entry, which is in use once it is confirmed.
    """

    asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files: list[Path | None] = [None]
        self._held: Path | None = None
        self.choice = QComboBox()
        self.choice.addItem("the model's own")
        self.choice.setToolTip(
            "Which directions the sliders move along: those that came with the model, or those of a file that 'latent-explain "
            "discover' or a study wrote for it. The sliders begin at 0."
        )
        self.choice.setAccessibleName("Directions")
        self.choice.setMinimumContentsLength(12)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.browse = QPushButton("File...")
        self.browse.setToolTip("Take directions from a file (an atlas) that was found for this model.")
        self.browse.setAccessibleName("Directions from a file")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.choice, 1)
        row.addWidget(self.browse)
        self.browse.clicked.connect(self._browse)
        self.choice.activated.connect(self._ask)

    @property
    def file(self) -> Path | None:
        """The chosen file, None for the model's own."""
        return self._files[int(self.choice.currentIndex())]

    def choose(self, file: Path | None) -> None:
        """Choose without saying so."""
        if file not in self._files:
            self._files.append(file)
            self.choice.addItem(Path(str(file)).name)
            self.choice.setItemData(len(self._files) - 1, str(file), Qt.ItemDataRole.ToolTipRole)
        self.choice.setCurrentIndex(self._files.index(file))
        self._held = file

    def ask_for(self, file: Path | None) -> None:
        """Choose as a person does."""
        held = self._held
        self.choose(file)
        self._held = held
        self._ask()

    def confirm(self) -> None:
        """What was asked for is in use."""
        self._held = self.file

    def fall_back(self) -> None:
        """What was asked for can't be used: choose again what was in use."""
        self.choose(self._held)

    def _ask(self, _index: int = 0) -> None:
        if self.file != self._held:
            self.asked.emit()

    def _browse(self) -> None:
        start = str(self._held.parent) if self._held is not None else ""
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Directions from a file", start, "Directions (*.json);;All files (*)"
        )
        if chosen:
            self.ask_for(Path(chosen))
