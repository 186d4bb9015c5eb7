"""The sliders of one target class, to search and to sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_latent_explain._qt.direction_slider import DirectionSlider
from napari_latent_explain._qt.hinted_line import HintedLine
from napari_latent_explain._qt.value_box import ValueBox
from napari_latent_explain.domain import Mix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_latent_explain.domain import DirectionId, StyleDirection
    from napari_latent_explain.explain.frame_strip import FrameStrip

__all__ = ["DirectionSliders"]


class DirectionSliders(QWidget):  # type: ignore[misc]
    """The sliders of one target class. `rows` maps direction ids to their sliders.

    Signals
    -------
    moved(direction_id: str, strength: float, dragging: bool)
    released()
    reset_asked(direction_id: str)
    muted(direction_id: str, on: bool), soloed(direction_id: str, on: bool)
    renamed(direction_id: str, name: str)
    """

    moved = Signal(str, float, bool)
    released = Signal()
    reset_asked = Signal(str)
    muted = Signal(str, bool)
    soloed = Signal(str, bool)
    renamed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = HintedLine("Find a direction")
        self.search.setClearButtonEnabled(True)
        self.search.setToolTip("Show only the directions whose name, or coordinate, holds these letters.")
        self.search.setAccessibleName("Find a direction")
        self.order = ValueBox(
            {"best first": "best", "moved first": "moved", "by name": "name"},
            "Order of the directions",
            "Best first is the order in which the search chose them.",
        )
        self._none = QLabel()
        self._none.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self.search, 1)
        head.addWidget(self.order)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._none)
        column.addLayout(self._rows)
        self.rows: dict[DirectionId, DirectionSlider] = {}
        self._found: dict[DirectionId, str] = {}
        self._mix = Mix()
        self.search.textChanged.connect(lambda _: self._arrange())
        self.order.chosen.connect(self._arrange)

    def set_directions(
        self,
        directions: Sequence[StyleDirection],
        ranges: Mapping[DirectionId, tuple[float, float]],
        *,
        found: Mapping[DirectionId, str] | None = None,
        mirrored: bool = False,
    ) -> None:
        """Make the sliders anew; `found` says what the search called them, `mirrored` eyes have their maps mirrored too."""
        while (item := self._rows.takeAt(0)) is not None:
            old = item.widget()
            old.hide()
            old.deleteLater()
        self.rows, self._found = {}, dict(found or {})
        for direction in directions:
            row = DirectionSlider(direction, *ranges[direction.id], mirrored=mirrored)
            row.moved.connect(self.moved)
            row.released.connect(self.released)
            row.reset_asked.connect(self.reset_asked)
            row.muted.connect(self.muted)
            row.soloed.connect(self.soloed)
            row.renamed.connect(self.renamed)
            self._rows.addWidget(row)
            self.rows[direction.id] = row
        self.show_mix(Mix())
        self._arrange()

    def show_mix(self, mix: Mix) -> None:
        """Put every slider where the mix says."""
        self._mix = mix
        for row in self.rows.values():
            row.show_mix(mix)
        if self.order.value == "moved" and not any(row.slider.isSliderDown() for row in self.rows.values()):
            self._arrange()

    def finish_naming(self) -> None:
        """Take a name that is just being typed."""
        for row in self.rows.values():
            row.name.finish()

    def show_names(self, directions: Sequence[StyleDirection]) -> None:
        """Show what the directions are called now."""
        for direction in directions:
            if direction.id in self.rows:
                self.rows[direction.id].name.show_name(direction.name)

    def show_strip(self, strip: FrameStrip) -> None:
        """Show the pictures along one slider."""
        if strip.direction_id in self.rows:
            self.rows[strip.direction_id].excerpts.show_strip(strip)

    def _arrange(self) -> None:
        """Show what is searched for, in the order that is asked for."""
        wanted, order = self.search.text().strip().casefold(), self.order.value
        ids = list(self.rows)
        if order == "moved":
            ids.sort(key=lambda key: -abs(self._mix.edit[key]))
        elif order == "name":
            ids.sort(key=lambda key: self.rows[key].name.text().casefold())
        found = 0
        for place, key in enumerate(ids):
            row = self.rows[key]
            self._rows.removeWidget(row)
            self._rows.insertWidget(place, row)
            there = wanted in f"{row.name.text()} {self._found.get(key, '')} {key}".casefold()
            row.setVisible(there)
            found += there
        if not self.rows:
            self._none.setText("This model has no directions towards this class.")
        else:
            self._none.setText("No direction is called so.")
        self._none.setVisible(not found)
        few = len(self.rows) < 2
        self.search.setVisible(not few)
        self.order.setVisible(not few)
