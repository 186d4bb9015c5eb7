"""Mute, solo, rename, search, sort, strips: each by the events that a person makes."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt

from napari_latent_explain._napari.preferences import Preferences
from napari_latent_explain._qt import explain_widget
from napari_latent_explain.domain import Edit


@pytest.fixture
def rows(explained):
    _, widget = explained
    return list(widget.panel.sliders.rows.values())


def _click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_muted_slider_stays_where_it_is_and_is_not_heard(explained, rows, qtbot, settle):
    _, widget = explained
    first, second = rows[:2]
    first.slider.setValue(1.0)
    settle(widget)
    second.slider.setValue(2.0)
    settle(widget)
    _click(qtbot, second.mute)
    settle(widget)
    assert widget.explanation.edit == Edit(strengths={first.direction.id: 1.0})
    assert second.slider.value() == pytest.approx(2.0)
    assert not second.value.isEnabled()
    second.slider.setValue(1.5)  # may be moved all the same
    settle(widget)
    assert widget.explanation.edit == Edit(strengths={first.direction.id: 1.0})
    _click(qtbot, second.mute)
    settle(widget)
    assert widget.explanation.edit == Edit(strengths={first.direction.id: 1.0, second.direction.id: 1.5})
    for _ in range(3):
        widget.undo()
        settle(widget)
    assert not second.mute.isChecked()
    assert widget.explanation.edit == Edit(strengths={first.direction.id: 1.0, second.direction.id: 2.0})


def test_solo_shows_one_alone_and_gives_the_others_back(explained, rows, qtbot, settle):
    _, widget = explained
    first, second = rows[:2]
    for row in (first, second):
        row.slider.setValue(1.0)
        settle(widget)
    row = first
    row.slider.setFocus()
    qtbot.keyClick(row.slider, Qt.Key.Key_S)
    settle(widget)
    assert row.solo.isChecked()
    assert widget.explanation.edit == Edit(strengths={first.direction.id: 1.0})
    _click(qtbot, second.solo)  # one at a time
    settle(widget)
    assert not first.solo.isChecked()
    assert widget.explanation.edit == Edit(strengths={second.direction.id: 1.0})
    _click(qtbot, second.solo)
    settle(widget)
    assert widget.explanation.edit == Edit(strengths={row.direction.id: 1.0 for row in (first, second)})


def test_a_name_is_given_kept_with_who_and_undone(explained, rows, qtbot, settle, monkeypatch):
    _, widget = explained
    row = rows[0]
    before = row.name.text()
    monkeypatch.setattr(explain_widget, "read_preferences", lambda: Preferences(rater="A. B."))
    qtbot.keyClick(row.slider, Qt.Key.Key_F2)
    qtbot.keyClicks(row.name, "hard exudates")
    qtbot.keyClick(row.name, Qt.Key.Key_Return)
    settle(widget)
    named = widget.explanation.directions[0]
    assert named.name == "hard exudates"
    assert named.naming.by == "A. B."
    assert widget.explanation.record().directions[0].name == "hard exudates"
    widget.undo()
    settle(widget)
    assert widget.explanation.directions[0].name == before
    assert row.name.text() == before
    row.name.selectAll()
    qtbot.keyClicks(row.name, "never mind")
    qtbot.keyClick(row.name, Qt.Key.Key_Escape)
    assert row.name.text() == before
    row.name.clear()
    qtbot.keyClick(row.name, Qt.Key.Key_Return)
    assert row.name.text() == before  # a direction always has a name


def test_directions_are_found_by_name_and_sorted(explained, rows, qtbot, settle):
    _, widget = explained
    sliders = widget.panel.sliders
    qtbot.keyClicks(sliders.search, "macula")
    assert [row.isHidden() for row in rows] == [True, False, True]
    qtbot.keyClicks(sliders.search, "zzz")
    assert all(row.isHidden() for row in rows)
    sliders.search.clear()
    assert not any(row.isHidden() for row in rows)
    rows[2].slider.setValue(1.0)
    settle(widget)
    sliders.order.choose("moved")
    sliders.order.chosen.emit()
    layout = rows[2].parentWidget().layout().itemAt(2).layout()
    assert layout.itemAt(0).widget() is rows[2]
    sliders.order.choose("name")
    sliders.order.chosen.emit()
    names = [layout.itemAt(k).widget().name.text() for k in range(3)]
    assert names == sorted(names)


def test_pictures_along_a_slider_come_and_can_be_clicked(explained, rows, qtbot, settle):
    _, widget = explained
    row = rows[0]
    strengths = row.excerpts.strengths
    assert len(strengths) == 5
    assert (strengths[0], strengths[-1]) == pytest.approx(widget.explanation.strength_range(row.direction.id))
    last = row.excerpts._cells()[-1].center()
    qtbot.mouseClick(row.excerpts, Qt.MouseButton.LeftButton, pos=QPoint(int(last.x()), int(last.y())))
    settle(widget)
    assert widget.explanation.edit[row.direction.id] == pytest.approx(strengths[-1], abs=0.01)


def test_a_slider_is_reset_by_key(explained, rows, qtbot, settle):
    _, widget = explained
    rows[0].slider.setValue(1.0)
    settle(widget)
    qtbot.keyClick(rows[0].slider, Qt.Key.Key_Delete)
    settle(widget)
    assert not widget.explanation.edit
