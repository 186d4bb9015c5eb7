"""Goals, further answers and their dose-response curve, as a person asks for them."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_latent_explain.domain import DoseResponse


@pytest.fixture
def widget(explained):
    return explained[1]


@pytest.fixture
def press(qtbot, widget, settle):
    """Press a button and wait for what it does."""

    def done(button):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        settle(widget)

    return done


def test_a_second_answer_does_without_what_did_most_in_the_first(widget, press, settle):
    panel = widget.panel
    assert not panel.another.isEnabled()
    press(panel.find)
    first = widget.explanation.edit
    assert panel.another.isEnabled()
    press(panel.another)
    second = widget.explanation.edit
    assert first
    assert second
    assert set(first.strengths).isdisjoint(second.strengths)
    widget.undo()
    settle(widget)
    assert widget.explanation.edit == first  # nothing is lost


def test_where_there_is_no_other_answer_the_last_one_stays(widget, press, said):
    panel = widget.panel
    for button in (panel.find, panel.another):
        press(button)
    shown = widget.explanation.edit
    press(panel.another)
    assert widget.explanation.edit == shown
    assert said[-1][0] == "info"
    assert "no other answer" in said[-1][1]
    assert not panel.another.isEnabled()


def test_the_search_is_told_the_probability(widget, press):
    panel = widget.panel
    panel.goal.setCurrentIndex(panel.goal.findText("at least 90 %"))
    press(panel.find)
    assert widget.explanation.goals == [0.9]
    assert widget.explanation.frame.probabilities.counterfactual[1] == pytest.approx(0.9)
    panel.goal.activated.emit(0)  # another goal: what was found for the last one is no answer to it
    assert not panel.another.isEnabled()


def test_another_target_forgets_the_answers(widget, press, settle):
    press(widget.panel.find)
    widget.panel.target.activated.emit(0)
    settle(widget)
    assert not widget.panel.another.isEnabled()


def test_the_curve_is_that_of_the_answer_and_goes_with_it(widget, press, settle):
    curve = widget.panel.curve
    assert curve.isHidden()
    press(widget.panel.find)
    assert not curve.isHidden()
    assert "from -1.0 without the edit to +0.5 with all of it" in curve.accessibleName()
    row = next(iter(widget.panel.sliders.rows.values()))
    row.slider.setValue(0.4)
    settle(widget)
    assert curve.isHidden()


@pytest.mark.parametrize("odds", [(-2.0, 0.5, 3.0), (-4.0, -3.0, -2.0), (2.0, 1.0, 0.5)])
def test_the_curve_is_drawn_in_its_colour(qtbot, odds):
    from napari_latent_explain._qt.dose_curve import DoseCurve

    curve = DoseCurve()
    qtbot.addWidget(curve)
    curve.resize(240, 90)
    curve.show_curve(
        DoseResponse(doses=(0.0, 0.5, 1.0), log_odds=odds, monotone=odds[0] < odds[-1], rank_correlation=1.0)
    )
    image = curve.grab().toImage()
    orange = np.array(
        [
            [abs(c.red() - 242) + abs(c.green() - 142) + abs(c.blue() - 43) < 40 for c in row]
            for row in ([image.pixelColor(x, y) for x in range(image.width())] for y in range(image.height()))
        ]
    )
    columns = np.flatnonzero(orange.any(axis=0))
    left, right = orange[:, columns[2]], orange[:, columns[-3]]
    rises = np.flatnonzero(left).mean() > np.flatnonzero(right).mean()  # y grows downward
    assert rises == (odds[-1] > odds[0])
    assert len(columns) > 150
    curve.show_curve(None)
    assert curve.isHidden()
