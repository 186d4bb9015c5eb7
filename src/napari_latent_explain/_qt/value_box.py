"""A box to choose one of a few values by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ValueBox"]

V = TypeVar("V")


class ValueBox(QComboBox, Generic[V]):  # type: ignore[misc]
    """Offers values by name; the first one is chosen.

    Parameters
    ----------
    values : mapping
        From what is read to what it stands for; no value twice.
    name, tip : str
        Accessible name and tooltip.

    Signals
    -------
    chosen()
        A person chose an entry; `choose` does not say so.
    """

    chosen = Signal()

    def __init__(self, values: Mapping[str, V], name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = list(values.values())
        self.addItems(list(values))
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.activated.connect(lambda _: self.chosen.emit())

    @property
    def value(self) -> V:
        """What is chosen."""
        return self._values[int(self.currentIndex())]

    @property
    def values(self) -> tuple[V, ...]:
        """What there is to choose from."""
        return tuple(self._values)

    def choose(self, value: V) -> None:
        """Choose without saying so."""
        self.setCurrentIndex(self._values.index(value))
