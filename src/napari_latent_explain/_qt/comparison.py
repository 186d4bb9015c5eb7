"""Which map of where the classifier looks stands beside the counterfactual, and how to read it."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_latent_explain._qt.pixmaps import pixmap_of
from napari_latent_explain._qt.value_box import ValueBox
from napari_latent_explain.domain import SaliencyMap, SaliencyMethod
from napari_latent_explain.export.saliency import WHERE_NOT_WHAT, scale_colours

__all__ = ["ComparisonChooser"]


class ComparisonChooser(QWidget):  # type: ignore[misc]
    """Offers none, Grad-CAM, occlusion and integrated gradients; computes nothing.

    Signals
    -------
    chosen()
        A person chose another entry.
    """

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        methods: dict[str, SaliencyMethod | None] = {"none": None}
        methods |= {method.label: method for method in SaliencyMethod}
        self.choice = ValueBox(
            methods,
            "Compare with",
            "A map of where the photograph speaks for the target class, laid over it as a fifth picture. "
            + WHERE_NOT_WHAT,
        )
        self.text = QLabel()
        self.text.setWordWrap(True)
        self._bar = QLabel()
        self._bar.setFixedHeight(10)
        self._bar.setScaledContents(True)
        self._bar.setAccessibleName("Scale of the map")
        self._least, self._most = QLabel(), QLabel()
        self._most.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._legend = QWidget()
        legend = QGridLayout(self._legend)
        legend.setContentsMargins(0, 0, 0, 0)
        legend.setSpacing(2)
        legend.addWidget(self._bar, 0, 0, 1, 2)
        legend.addWidget(self._least, 1, 0)
        legend.addWidget(self._most, 1, 1)
        row = QFormLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addRow("Compare with", self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._legend)
        column.addWidget(self.text)
        self.choice.chosen.connect(self.chosen)
        self.clear()

    @property
    def method(self) -> SaliencyMethod | None:
        """What is chosen, None for none."""
        return self.choice.value

    def choose(self, method: SaliencyMethod | None) -> None:
        """Choose without saying so."""
        self.choice.choose(method)
        self.clear()

    def clear(self) -> None:
        """Say nothing: no map is shown."""
        self._legend.hide()
        self.text.hide()

    def explain(self, found: SaliencyMap, target: str) -> None:
        """Say what the map that is shown says, and what it doesn't."""
        signed = found.method.signed
        ramp = np.linspace(-1 if signed else 0, 1, 256, dtype=np.float32)
        colours = np.rint(scale_colours(ramp, signed=signed)).astype(np.uint8)
        self._bar.setPixmap(pixmap_of(colours[None]))
        self._least.setText("strongest against" if signed else "nothing")
        self._most.setText("strongest for" if signed else "strongest in this photograph")
        empty = "" if found.values.any() else f"<b>Nothing in this photograph speaks for '{target}'.</b> "
        self.text.setText(f"{empty}{found.method.label} of the photograph for '{target}'. {WHERE_NOT_WHAT}")
        self._legend.show()
        self.text.show()
