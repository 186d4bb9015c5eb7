"""How the pictures are looked at: look, outlines, blink, swipe, crosshair, magnifier, caliper. Computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from napari_latent_explain._qt.light_box import ORIGINAL, RECONSTRUCTION
from napari_latent_explain._qt.magnifier import Magnifier
from napari_latent_explain._qt.value_box import ValueBox
from napari_latent_explain.fundus.looking import Look

if TYPE_CHECKING:
    from napari_latent_explain._qt.distance import Distance

__all__ = ["LookingTools"]

_MEASURE = (
    "Drag from one place to another in any picture: their distance in millimetres and in pixels of the photograph (Ctrl+D; "
    "Escape puts it away). It is only as good as the size of a pixel that the file gives, {row:g} x {column:g} mm (rows, "
    "columns), and not corrected for the optics of the eye."
)
_NO_SPACING = "This file does not say how large a pixel is, so that nothing can be measured in millimetres."


def _check(text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setToolTip(tip)
    box.setAccessibleName(text)
    return box


_OUTLINE, _OUTLINE_NOTHING = "Outline what changed", "Nothing to outline"


class LookingTools(QWidget):  # type: ignore[misc]
    """The light box's switches.

    Signals
    -------
    look_changed()
        Another look, or outlines on or off.
    swiped(share: float), blinked(held: bool), arranged(), true_size_asked()
    """

    look_changed = Signal()
    swiped = Signal(float)
    blinked = Signal(bool)
    arranged = Signal()
    true_size_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = ValueBox(
            {str(look): look for look in Look},
            "Look",
            "How the pictures are shown. Red-free is the green channel, in which blood is dark. Local contrast (CLAHE) makes "
            "faint things stand out. The classifier always sees the pictures in colour.",
        )
        self.outlined = _check(
            _OUTLINE,
            "Lines on the counterfactual: orange round what became brighter, blue round darker, by more than 2 % of full "
            "brightness over more than a few pixels.",
        )
        self.reconstruction = _check(
            "Reconstruction",
            "Show the picture that the generator makes of this photograph. The counterfactual is the photograph itself "
            "with the change added, so that nothing of it is lost.",
        )
        self.two_rows = _check("Pictures in two rows", "Two by two: larger pictures, unless the window is very wide.")
        self.two_rows.setChecked(True)
        self.cross = _check("Crosshair", "The same place in every picture, where the pointer is.")
        self.magnified = _check("Magnifier", "Both pictures around the pointer, in the photograph's own pixels.")
        self.caliper = _check("Caliper", "")
        self.measured = QLabel()
        self.measured.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.true_size = QPushButton("1:1")
        self.true_size.setToolTip("Show one pixel of the photograph as one pixel of the screen.")
        self.true_size.setAccessibleName("One to one")
        self.swipe = QSlider(Qt.Orientation.Horizontal)
        self.swipe.setRange(0, 100)
        self.swipe.setAccessibleName("Swipe")
        self.swipe.setToolTip("Lay the original over the counterfactual, from the left.")
        self.partner = ValueBox(
            {"original": ORIGINAL, "reconstruction": RECONSTRUCTION},
            "Blink with",
            "What stands in for the counterfactual.",
        )
        self.blink = QPushButton("Hold to blink")
        self.blink.setToolTip("While this is held, or the key B, the other picture stands where the counterfactual is.")
        self.blink.setAccessibleName("Hold to blink")
        self.magnifier = Magnifier()
        self.magnifier.hide()
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Look", self.look)
        row = QHBoxLayout()
        row.addWidget(self.partner, 1)
        row.addWidget(self.blink, 1)
        form.addRow("Blink with", row)
        form.addRow("Swipe", self.swipe)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(form)
        for left, right in (
            (self.outlined, self.reconstruction), (self.two_rows, self.cross), (self.magnified, self.caliper),
            (self.measured, self.true_size),
        ):  # fmt: skip
            line = QHBoxLayout()
            line.addWidget(left, 1)
            line.addWidget(right, 1)
            column.addLayout(line)
        column.addWidget(self.magnifier)
        self.look.chosen.connect(self.look_changed)
        self.outlined.toggled.connect(lambda _: self.look_changed.emit())
        self.swipe.valueChanged.connect(lambda value: self.swiped.emit(value / 100))
        self.blink.pressed.connect(lambda: self.blinked.emit(True))
        self.blink.released.connect(lambda: self.blinked.emit(False))
        self.two_rows.toggled.connect(lambda _: self.arranged.emit())
        self.reconstruction.toggled.connect(lambda _: self.arranged.emit())
        self.magnified.toggled.connect(self.magnifier.setVisible)
        self.magnified.toggled.connect(lambda _: self.magnifier.clear())
        self.true_size.clicked.connect(lambda: self.true_size_asked.emit())

    def show_look(self, look: Look, *, outlined: bool) -> None:
        """Show which look the pictures have, without asking for one."""
        self.look.choose(look)
        self.outlined.blockSignals(True)
        self.outlined.setChecked(outlined)
        self.outlined.blockSignals(False)

    def show_outlines(self, *, nothing: bool) -> None:
        """Say whether no change is large enough to be outlined."""
        self.outlined.setText(_OUTLINE_NOTHING if nothing else _OUTLINE)

    def show_spacing(self, spacing_mm: tuple[float, float] | None) -> None:
        """Offer the caliper if rows and columns are known to be so far apart, in millimetres, or say why not."""
        tip = _NO_SPACING if spacing_mm is None else _MEASURE.format(row=spacing_mm[0], column=spacing_mm[1])
        self.caliper.setEnabled(spacing_mm is not None)
        self.caliper.setToolTip(tip)
        self.caliper.setAccessibleDescription(tip)

    def show_distance(self, distance: Distance | None) -> None:
        """Say how long the caliper's line is."""
        self.measured.setText("" if distance is None else distance.text)
