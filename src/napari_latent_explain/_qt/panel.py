"""What the dock widget looks like: labels, buttons, sliders in a scrolling column. Decides nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_latent_explain._qt.comparison import ComparisonChooser
from napari_latent_explain._qt.direction_sliders import DirectionSliders
from napari_latent_explain._qt.dose_curve import DoseCurve
from napari_latent_explain._qt.explained_layers import BANNER
from napari_latent_explain._qt.focus_style import FOCUS_STYLE
from napari_latent_explain._qt.guide import Guide
from napari_latent_explain._qt.looking_tools import LookingTools
from napari_latent_explain._qt.model_chooser import ModelChooser
from napari_latent_explain._qt.photograph_list import PhotographList
from napari_latent_explain._qt.probability_bars import ProbabilityBars
from napari_latent_explain._qt.slow_work import PREPARE
from napari_latent_explain._qt.value_box import ValueBox
from napari_latent_explain._qt.vertical_scroll import VerticalScroll
from napari_latent_explain._qt.wheel_guard import WheelGuard
from napari_latent_explain.domain import percent

if TYPE_CHECKING:
    from napari_latent_explain._qt.region_drawing import RegionDrawing
    from napari_latent_explain.explain import Explanation, Frame

__all__ = ["Panel"]

_EYES = {"OD": "Right eye (OD)", "OS": "Left eye (OS)"}
_GOALS = {"decision changes": None} | {f"at least {100 * p:.0f} %": p for p in (0.6, 0.7, 0.8, 0.9, 0.95)}
_OPEN, _FOLDED = "\N{BLACK DOWN-POINTING TRIANGLE}", "\N{BLACK RIGHT-POINTING TRIANGLE}"
_BUSY = {
    "explain": "Explaining",
    "find": "Searching",
    "another": "Searching",
    "compare": "Comparing",
    "look": "Changing the look",
    "take up": "Taking up where it was left",
    "move": "Going on with the main processor",
    "enlarge": "Bringing the photograph's own pixels",
    "directions": "Taking the directions",
    "fetch": "Downloading",
    "check": "Checking the answer",
    "export": "Writing the panel",
}
_STOPPED = "Stopped."
_PREPARING = "Loading the model, while you choose a photograph"


def _button(text: str, tip: str, name: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(name or text)
    return button


def _text() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.hide()
    return label


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))


def _title(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 1.15)
    label.setFont(font)
    return label


def _section(title: str, inside: QWidget) -> QCollapsible:
    """A part that is folded until somebody wants it."""
    section = QCollapsible(
        title, expandedIcon="\N{BLACK DOWN-POINTING TRIANGLE}", collapsedIcon="\N{BLACK RIGHT-POINTING TRIANGLE}"
    )
    section.setDuration(0)
    section.layout().setContentsMargins(0, 0, 0, 0)
    section.content().layout().setContentsMargins(0, 0, 0, 0)
    section.addWidget(inside)
    toggle = section.toggleButton()
    toggle.setAccessibleName(title)
    toggle.setStyleSheet(f"QPushButton {{ {toggle.styleSheet()} }} {FOCUS_STYLE}")
    return section


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row


class Panel(QWidget):  # type: ignore[misc]
    """The column of controls.

    Parameters
    ----------
    photograph, region : QWidget, RegionDrawing
        The chooser that stands at the top, and the buttons to draw a region.
    """

    def __init__(self, photograph: QWidget, region: RegionDrawing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet(FOCUS_STYLE)
        self.banner = QLabel(BANNER)
        self.banner.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.banner.setMinimumHeight(self.banner.fontMetrics().height() + 12)
        self.banner.setStyleSheet("background: #7a4a00; color: white; font-weight: bold; padding: 4px;")
        self.banner.setAccessibleName(BANNER)
        self.guide = Guide()
        self.help = _button("Keys", "Show all keys and what they do (F1).")
        self.model = ModelChooser()
        self.explain = _button("Explain", "Rebuild the photograph with the model and get its sliders ready.")
        self.cancel = _button("Cancel", "Stop what is being computed; nothing is changed.")
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress")
        self.message, self.facts, self.gap, self.outcome = _text(), _text(), _text(), _text()
        self.elsewhere, self.controls = _text(), _text()
        self.elsewhere.setStyleSheet("border-left: 3px solid #f28e2b; padding-left: 6px;")
        self.gap.setStyleSheet("border-left: 3px solid #f28e2b; padding-left: 6px;")
        self.target = QComboBox()
        self.target.setToolTip("The class that the classifier should be moved to.")
        self.target.setAccessibleName("Target class")
        self.goal = ValueBox(
            _GOALS,
            "What to reach",
            "What the search is to reach: that the target becomes the most probable class, or at least this probability of it. "
            "If no change within what real eyes show reaches it, the furthest one is shown, and it says so.",
        )
        self.bars = ProbabilityBars()
        self.curve = DoseCurve()
        self.comparison = ComparisonChooser()
        self.sliders = DirectionSliders()
        self.photographs = PhotographList()
        self.looking = LookingTools()
        self.find = _button("Find counterfactual", "Search for the smallest edit that changes the decision.")
        self.another = _button(
            "Another answer", "Search for one that does without the direction that did most in those found before."
        )
        self.check = _button(
            "Check answer",
            "Put what is shown to controls: random moves of equal energy, classifiers that know nothing, disturbances, the way "
            "back, an independent classifier. Takes some seconds.",
        )
        self.reset_all = _button("Reset all", "Put every slider back to 0.")
        self.undo = _button("Undo", "Go back to the sliders before (Ctrl+Z).")
        self.redo = _button("Redo", "Take the undone change again (Ctrl+Shift+Z).")
        self.export = _button(
            "Export panel...",
            "Save pictures, numbers and captions as one picture (PNG) or document (PDF).",
        )
        self.region = region
        self._result = QWidget()
        self._lay_out(photograph, region)
        self._guard = WheelGuard(self)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for a direction's effect on two lines."""
        return QSize(370, 700)

    def _lay_out(self, photograph: QWidget, region: QWidget) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Photograph", photograph)
        result = QVBoxLayout(self._result)
        result.setContentsMargins(0, 0, 0, 0)
        result.setSpacing(6)
        goal = QFormLayout()
        goal.setContentsMargins(0, 0, 0, 0)
        goal.addRow("Target class", self.target)
        goal.addRow("Search until", self.goal)
        for part in (
            self.elsewhere, self.facts, _section("Looking tools", self.looking), _title("Probabilities"), goal, self.bars,
            self.gap, self.outcome, self.controls, self.curve, self.comparison, _title("Directions"), region, self.sliders,
        ):  # fmt: skip
            if isinstance(part, QFormLayout):
                result.addLayout(part)
            else:
                result.addWidget(part)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        column.addWidget(self.guide)
        self.project = _section("Photographs", self.photographs)
        column.addWidget(self.project)
        column.addLayout(form)
        column.addWidget(self.model)
        column.addLayout(_row(self.explain, self.cancel))
        column.addWidget(self.progress)
        column.addWidget(self.message)
        column.addWidget(self._result)
        column.addStretch(1)
        foot = QVBoxLayout()
        foot.setContentsMargins(8, 2, 8, 6)
        foot.setSpacing(4)
        foot.addLayout(_row(self.find, self.another))
        foot.addLayout(_row(self.undo, self.redo, self.reset_all))
        foot.addLayout(_row(self.check, self.export, self.help))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addWidget(self.banner)
        whole.addWidget(VerticalScroll(inside), 1)
        whole.addLayout(foot)

    # -- showing ---------------------------------------------------------------------------------------------

    def show_progress(self, what: str, done: float) -> None:
        """Show how far the work is."""
        self.progress.setValue(int(1000 * done))
        _say(self.message, f"{what} ({100 * done:.0f} %)")

    def show_message(self, text: str) -> None:
        """Show a line under the progress bar."""
        _say(self.message, text)

    def show_explanation(self, explanation: Explanation) -> None:
        """Show what was read of the photograph, and by which model."""
        eye, quality = explanation.laterality, explanation.quality
        side = _EYES.get(str(eye.eye), "Eye not known")
        if eye.eye is not None:
            side += f", from the {eye.source} ({100 * eye.confidence:.0f} % sure)"
        flags = ", ".join(str(flag) for flag in quality.flags)
        quality_line = f"Quality: <b>{flags}</b> - trust this explanation less" if flags else "Quality: good"
        photograph = explanation.photograph
        name = photograph.name if photograph.path is None else photograph.path.name
        drawn = "<br><b>Simulated eye, drawn by a program.</b>" if explanation.photograph.simulated else ""
        if explanation.photograph.frame:
            drawn += f"<br>Frame {explanation.photograph.frame + 1} of its file"
        model = explanation.explainer
        _say(
            self.facts,
            f"<b>{escape(name)}</b><br>{side}<br>{quality_line}<br>"
            f"Model: {model.identity.name}, {model.identity.resolution} px, on {model.device}{drawn}",
        )
        _say(self.gap, explanation.inversion_note)
        self.target.clear()
        self.target.addItems(list(model.classes))

    def show_target(self, explanation: Explanation) -> None:
        """Show the target class with its directions."""
        self.target.setCurrentIndex(explanation.target)
        self.bars.set_classes(explanation.explainer.classes, explanation.target)
        ranges = {d.id: explanation.strength_range(d.id) for d in explanation.directions}
        found = {d.id: d.name for d in explanation.found_atlas.towards(explanation.target)}
        self.sliders.set_directions(explanation.directions, ranges, found=found, mirrored=explanation.field.mirrored)
        self.show_frame(explanation.frame)

    def show_frame(self, frame: Frame) -> None:
        """Show the numbers of a frame."""
        self.bars.show_probabilities(frame.probabilities)
        decision = "Decision changes to the target" if frame.flipped else "Decision unchanged"
        area = (
            f"{escape(percent(frame.changed_area_fraction))} of the field changes by more than 2 % of full brightness."
        )
        lines = [f"{decision}; {area}"] if frame.edit else []
        lines += [f"<b>{frame.note[0].upper()}{frame.note[1:]}</b>"] if frame.note else []
        lines.append(f"Gap from photograph to reconstruction: {100 * frame.probabilities.gap:.1f} points.")
        _say(self.outcome, "<br>".join(lines))
        for part in (self.outcome, self.controls):
            part.setEnabled(True)

    def show_moving(self) -> None:
        """Dim what was said of the last frame: a slider moves."""
        for part in (self.outcome, self.controls):
            part.setEnabled(False)

    def show_elsewhere(self, name: str) -> None:
        """Warn that what is on show, under this name, is not the photograph that is chosen; nothing if the name is empty."""
        _say(
            self.elsewhere,
            f"The chosen photograph is not explained yet. On show: <b>{escape(name)}</b>" if name else "",
        )

    def show_controls(self, text: str) -> None:
        """Say how the answer that is shown did in the controls, or that they were not run."""
        _say(self.controls, text)

    def show_state(
        self, *, busy: str, ready: bool, moved: bool, edited: bool, answered: bool, can_undo: bool, can_redo: bool
    ) -> None:
        """Enable what can be done now."""
        long_job = busy in _BUSY
        free = not long_job
        self.explain.setEnabled(free)
        self.model.directions.setEnabled(free)
        self.cancel.setEnabled(long_job and busy not in ("look", "move", "enlarge"))
        self.progress.setVisible(long_job)
        if long_job and (self.message.isHidden() or self.message.text() in (_PREPARING, _STOPPED)):
            self.progress.setValue(0)
            _say(self.message, _BUSY[busy])
        if free and (self.message.text() != _STOPPED or busy):
            _say(self.message, _PREPARING if busy == PREPARE else "")
        self._result.setVisible(ready)
        drawing = self.region.drawing  # the original stands alone: nothing may be put beside it
        for widget, able in (
            (self.target, not drawing), (self.goal, True), (self.comparison, not drawing), (self.sliders, True),
            (self.looking, not drawing), (self.region, True), (self.find, True), (self.another, answered), (self.export, True),
            (self.check, edited), (self.reset_all, moved), (self.undo, can_undo), (self.redo, can_redo),
        ):  # fmt: skip
            widget.setEnabled(ready and free and able)
