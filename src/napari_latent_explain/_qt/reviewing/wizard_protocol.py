"""The second page of the wizard: how the study is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_latent_explain._qt.reviewing.study_words import said_protocol, said_refusal
from napari_latent_explain._qt.reviewing.wizard_page import WizardPage, push_button, words
from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import load_protocol, ready_protocols

if TYPE_CHECKING:
    from napari_latent_explain.review import Protocol

__all__ = ["ProtocolPage"]

_MOST_DIRECTIONS = 50


class ProtocolPage(WizardPage):
    """Asks for a protocol, and for the few numbers of it that studies differ in."""

    heading = "Protocol"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sources: list[str | Path] = []
        self._loaded: Protocol | None = None
        self.protocol: Protocol | None = None
        self._refused = ""
        self.choice = QComboBox()
        self.choice.setAccessibleName("Protocol")
        self.choice.setToolTip("How the study is done: what raters see and what they are asked.")
        self.choice.setMinimumContentsLength(24)
        self.own = push_button("&File...", "Use a protocol of your own: a JSON file.", "Use a protocol of your own")
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("What the protocol says")
        self.text.setToolTip("What raters read, see and are asked.")
        self.directions = QSpinBox()
        self.directions.setRange(1, _MOST_DIRECTIONS)
        self.directions.setValue(5)
        self.catch_share, self.repeat_share = QDoubleSpinBox(), QDoubleSpinBox()
        self.washout_days = QSpinBox()
        self.washout_days.setRange(0, 9999)
        for share in (self.catch_share, self.repeat_share):
            share.setRange(0, 100)
            share.setDecimals(1)
            share.setSuffix(" %")
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.own)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            words("How is the study done? Choose one of the protocols, and change its numbers if you need to.")
        )
        column.addLayout(row)
        column.addWidget(self.text, 1)
        column.addLayout(self._numbers())
        for name in ready_protocols():
            self._sources.append(name)
            self.choice.addItem(load_protocol(name).title)
        self.choice.currentIndexChanged.connect(self._load)
        self.own.clicked.connect(self._choose_file)
        for spin in (self.directions, self.catch_share, self.repeat_share, self.washout_days):
            spin.valueChanged.connect(self._change)
        self._load(0)

    @property
    def problem(self) -> str:
        """What is still wrong."""
        return self._refused

    def take_focus(self) -> None:
        """Begin with the list of protocols."""
        self.choice.setFocus(Qt.FocusReason.OtherFocusReason)

    def add_file(self, path: Path) -> None:
        """Offer a file and choose it; it is read again if it was offered before."""
        if path not in self._sources:
            self._sources.append(path)
            self.choice.addItem(path.name)
            self.choice.setItemData(len(self._sources) - 1, str(path), Qt.ItemDataRole.ToolTipRole)
        index = self._sources.index(path)
        if index == self.choice.currentIndex():
            self._load(index)
        self.choice.setCurrentIndex(index)

    def _numbers(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        asked = (
            (
                self.directions,
                "&Directions a photograph",
                "How many directions of each photograph are judged, the best first.",
            ),
            (
                self.catch_share,
                "&Catch trials",
                "Trials in which nothing was changed, for every 100 items: do raters see that?",
            ),
            (
                self.repeat_share,
                "R&epeats",
                "Items that are shown again, of every 100: do raters agree with themselves?",
            ),
            (
                self.washout_days,
                "&Washout in days",
                "How long raters wait before the repeats; 0: they come in the same series.",
            ),
        )
        self._asked: dict[QWidget, QLabel] = {}
        for number, (spin, name, tip) in enumerate(asked):
            label = QLabel(name)
            label.setBuddy(spin)
            label.setToolTip(tip)
            spin.setToolTip(tip)
            spin.setAccessibleName(name.replace("&", ""))
            grid.addWidget(label, number // 2, 3 * (number % 2))
            grid.addWidget(spin, number // 2, 3 * (number % 2) + 1)
            self._asked[spin] = label
        grid.setColumnStretch(2, 1)
        grid.setColumnStretch(5, 1)
        return grid

    def _load(self, index: int) -> None:
        try:
            self._loaded = load_protocol(self._sources[index])
        except StudyError as error:
            self._loaded, self._refused = None, str(error)
            self._show(None)
            return
        loaded = self._loaded
        spins = (self.catch_share, self.repeat_share, self.washout_days)
        numbers = (100 * loaded.catch_share, 100 * loaded.repeat_share, loaded.washout_days)
        for spin, number in zip(spins, numbers, strict=True):
            spin.blockSignals(True)
            spin.setValue(number)
            spin.blockSignals(False)
        self._shown = tuple(spin.value() for spin in spins)
        self._change()

    def _change(self) -> None:
        """Take the numbers over; those that nobody touched stay exactly what the protocol says."""
        if self._loaded is None:
            return
        typed = {
            "catch_share": self.catch_share.value() / 100, "repeat_share": self.repeat_share.value() / 100,
            "washout_days": self.washout_days.value(),
        }  # fmt: skip
        shown = (self.catch_share.value(), self.repeat_share.value(), self.washout_days.value())
        fields = zip(typed.items(), shown, self._shown, strict=True)
        changes = {name: number for (name, number), now, before in fields if now != before}
        try:
            changed = self._loaded.replace(**changes)
        except ValidationError as error:
            self._refused = said_refusal(error)
            self._show(self.protocol)
            return
        self._refused = ""
        self._show(changed)

    def _show(self, protocol: Protocol | None) -> None:
        self.protocol = protocol
        directions = protocol is not None and protocol.items == "directions"
        for widget in (self.directions, self._asked[self.directions]):
            widget.setVisible(directions)
        for spin in (self.catch_share, self.repeat_share, self.washout_days):
            spin.setEnabled(self._loaded is not None)
        place = self.text.verticalScrollBar().value()
        self.text.setHtml(said_protocol(protocol) if protocol is not None else "")
        self.text.verticalScrollBar().setValue(place)
        self.changed.emit()

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "A protocol of your own", "", "Protocols (*.json);;All files (*)")
        if chosen:
            self.add_file(Path(chosen))
