"""The review widget with real keys and clicks: what is pressed is kept, and taken up again."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QApplication, QDockWidget, QWidget

from napari_latent_explain._qt.reviewing.marked_picture import draw_marks
from napari_latent_explain.domain import Mark, StudyError
from napari_latent_explain.review import rater_file, read_chain

pytestmark = pytest.mark.gui

_SPEC = importlib.util.spec_from_file_location("small_study", Path(__file__).parents[1] / "test_review" / "conftest.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_STUDIES = importlib.util.module_from_spec(_SPEC)
sys.modules["small_study"] = _STUDIES
_SPEC.loader.exec_module(_STUDIES)


@pytest.fixture
def open_review(make_napari_viewer_proxy, tmp_path, qtbot):
    """Open a review of a small study in a docked widget."""
    made = []

    def open_it(protocol="attribute-review", rater="r1", show=False, **changes):
        from napari_latent_explain._qt import ReviewWidget

        folder = tmp_path / protocol
        if not (folder / "study.json").exists():
            _STUDIES.make_study(folder, photographs=3, directions=3, protocol=protocol, **changes)
        viewer = make_napari_viewer_proxy(show=show)
        viewer.add_points([[1, 2]], name="mine")
        widget = ReviewWidget(viewer)
        viewer.window.add_dock_widget(widget, name="Review", area="right")
        widget.begin(folder, rater)
        made.append(widget)
        return viewer, widget, folder

    yield open_it
    for widget in made:
        widget.close_down()


@pytest.fixture
def review(open_review):
    return open_review()


def _canvas(widget):
    """What the pictures are drawn on."""
    return next(one for one in widget.window().findChildren(QWidget) if type(one).__name__ == "CanvasBackendDesktop")


def _press(qtbot, widget, *keys):
    for key in keys:
        qtbot.keyClick(widget, key)


def _answer_all(qtbot, widget, words="dots fade"):
    _press(qtbot, widget, Qt.Key.Key_Y)
    box = widget.questions.rows["what"].words
    qtbot.keyClicks(box, words)
    _press(qtbot, box, Qt.Key.Key_Return)
    _press(qtbot, widget, Qt.Key.Key_E, Qt.Key.Key_Down, Qt.Key.Key_4, Qt.Key.Key_1, Qt.Key.Key_Down, Qt.Key.Key_5)


def test_a_trial_by_keys_alone(review, qtbot):
    _, widget, folder = review
    _answer_all(qtbot, widget)
    assert widget.session.answers == {
        "changed": "yes", "what": "dots fade", "findings": ("hard_exudates",), "plausibility": 4,
        "verdict": "known_sign", "confidence": 5,
    }  # fmt: skip
    assert widget.page.lock.isEnabled()
    _press(qtbot, widget, Qt.Key.Key_Return)
    assert widget.session.done == 1
    widget.leave()
    (records,) = read_chain(rater_file(folder, "r1"))
    assert [r.deed for r in records].count("locked") == 1


def test_keys_over_the_pictures_count_too(review, qtbot):
    _, widget, _ = review
    canvas = _canvas(widget)
    _press(qtbot, canvas, Qt.Key.Key_N, Qt.Key.Key_2)
    assert widget.session.answers == {"changed": "no", "confidence": 2}


def test_keys_count_on_both_screens(review, qtbot):
    """The questions in a window of their own, the pictures in another."""
    _, widget, _ = review
    canvas = _canvas(widget)
    dock = widget.parentWidget()
    while not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    dock.setFloating(True)
    assert widget.window() is not canvas.window()
    _press(qtbot, widget, Qt.Key.Key_N)
    _press(qtbot, canvas, Qt.Key.Key_4)
    assert widget.session.answers == {"changed": "no", "confidence": 4}


def test_letters_in_words_are_words(review, qtbot):
    _, widget, _ = review
    _press(qtbot, widget, Qt.Key.Key_Y)
    box = widget.questions.rows["what"].words
    qtbot.keyClicks(box, "no new 123 bleeding")
    qtbot.waitUntil(lambda: widget.session.answers.get("what") == "no new 123 bleeding")
    assert widget.session.answers["changed"] == "yes"


def test_words_are_kept_a_moment_after_they_are_typed(review, qtbot):
    """Without Enter, without leaving the box: a killed window loses the last half second at most."""
    _, widget, _ = review
    _press(qtbot, widget, Qt.Key.Key_Y)
    qtbot.keyClicks(widget.questions.rows["what"].words, "half a sen")
    qtbot.waitUntil(lambda: any(r.said.get("answer") == "half a sen" for r in widget.session.store.records))


def test_clicked_answers_and_the_button(review, qtbot):
    _, widget, _ = review
    rows = widget.questions.rows
    qtbot.mouseClick(rows["changed"].buttons["no"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(rows["confidence"].buttons["3"], Qt.MouseButton.LeftButton)
    assert rows["what"].isHidden()
    assert rows["confidence"].buttons["3"].isChecked()
    qtbot.mouseClick(widget.page.lock, Qt.MouseButton.LeftButton)
    assert widget.session.done == 1


def test_what_is_missing_is_said(review, qtbot):
    _, widget, _ = review
    _press(qtbot, widget, Qt.Key.Key_Y)
    widget.questions.rows["what"].words.clearFocus()
    _press(qtbot, widget, Qt.Key.Key_Return)
    assert "Not answered yet" in widget.page.said.text()
    assert widget.session.done == 0


def test_undo_takes_answers_back(review, qtbot):
    _, widget, _ = review
    _press(qtbot, widget, Qt.Key.Key_N)
    qtbot.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert widget.session.answers == {}
    assert not widget.questions.rows["changed"].buttons["no"].isChecked()
    assert not widget.page.undo.isEnabled()


def _to_marks(qtbot, widget):
    _press(qtbot, widget, Qt.Key.Key_Y)
    widget.session.answer("dots", "what")
    widget.session.ask("where")


def test_marks_are_drawn_in_every_picture_and_undone_one_by_one(review, qtbot):
    _, widget, _ = review
    before = [layer.data.copy() for layer in widget.pictures.layers]
    _to_marks(qtbot, widget)
    widget.add_mark(Mark(x=0.3, y=0.4))
    widget.add_mark(Mark(x=0.5, y=0.5, width=0.3, height=0.2))
    assert all((layer.data != b).any() for layer, b in zip(widget.pictures.layers, before, strict=True))
    widget.take_back()
    assert widget.session.answers["where"] == (Mark(x=0.3, y=0.4),)
    qtbot.mouseClick(widget.questions.rows["where"]._clear, Qt.MouseButton.LeftButton)
    assert "where" not in widget.session.answers
    assert all((layer.data == b).all() for layer, b in zip(widget.pictures.layers, before, strict=True))


def test_a_click_and_a_drag_on_the_pictures(open_review, qtbot):
    viewer, widget, _ = open_review(show=True)
    _to_marks(qtbot, widget)
    qtbot.wait(300)  # the view has been fitted
    canvas = _canvas(widget)
    left = QPoint(canvas.width() // 6, canvas.height() // 2)  # the middle of the first of three pictures
    qtbot.mouseMove(canvas, left)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=left)
    (mark,) = widget.session.answers["where"]
    assert mark.is_point
    assert np.hypot(mark.x - 0.5, mark.y - 0.5) < 0.1
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=left)
    for step in (10, 25, 40):
        at = QPointF(left + QPoint(step, step))
        held, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        move = QMouseEvent(QEvent.Type.MouseMove, at, canvas.mapToGlobal(at), Qt.MouseButton.NoButton, held, none)
        QApplication.sendEvent(canvas, move)
        qtbot.wait(50)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=left + QPoint(40, 40))
    box = widget.session.answers["where"][1]
    assert not box.is_point
    assert np.hypot(box.x - 0.5, box.y - 0.5) < 0.1
    assert not viewer.scene.camera.mouse_pan
    widget.session.ask("confidence")
    assert viewer.scene.camera.mouse_pan


@pytest.mark.parametrize(
    "mark", [Mark(x=0, y=0), Mark(x=1, y=1), Mark(x=0.5, y=0.5, width=0.3), Mark(x=0, y=0, width=1, height=1)]
)
def test_marks_of_all_shapes_can_be_drawn(mark):
    picture = np.full((24, 24, 3), 90, np.uint8)
    assert (draw_marks(picture, [mark]) != picture).any()
    assert (picture == 90).all()


def test_blinking_shows_the_photograph_in_every_place(review, qtbot):
    _, widget, _ = review
    layers = widget.pictures.layers
    before = [layer.data.copy() for layer in layers]
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, "b"))
    assert all((layer.data == before[1]).all() for layer in layers)
    assert layers[0].name == "A (held: Photograph)"
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, "b"))
    assert all((layer.data == b).all() for layer, b in zip(layers, before, strict=True))


def test_nothing_tells_what_a_picture_is_before_the_lock(review):
    viewer, widget, _ = review
    labels = [
        widget.page.title,
        widget.page.where,
        widget.page.revealed,
        *(row.text for row in widget.questions.rows.values()),
    ]
    words = [*(label.text() for label in labels), *(layer.name for layer in viewer.layers)]
    for hidden in ("direction", "more", "less", "healthy", "%", "catch", "repeat"):
        assert not any(hidden in word.lower() for word in words if "one way and the other" not in word)


def test_a_break_hides_the_pictures(review, qtbot):
    _, widget, _ = review
    _press(qtbot, widget, Qt.Key.Key_F9)
    assert widget.session.paused
    assert not any(layer.visible for layer in widget.pictures.layers)
    _press(qtbot, widget, Qt.Key.Key_Y)
    assert "break" in widget.page.said.text().lower()
    assert widget.session.answers == {}
    _press(qtbot, widget, Qt.Key.Key_F9)
    assert all(layer.visible for layer in widget.pictures.layers)


def test_blinking_shows_no_picture_in_a_break(review, qtbot):
    _, widget, _ = review
    _press(qtbot, widget, Qt.Key.Key_F9)
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(widget, QKeyEvent(kind, Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, "b"))
        assert not any(layer.visible for layer in widget.pictures.layers)


def _pictures_of_trial(folder, session, index):
    """The files of a trial's pictures."""
    item = session.study.item(session.trials[index].item)
    return [folder / picture.file for picture in item.pictures.values()]


def _to_the_second_trial(qtbot, widget):
    _press(qtbot, widget, Qt.Key.Key_N, Qt.Key.Key_3, Qt.Key.Key_Return)
    if widget.session.trial.number == 1:  # what it was is shown first
        _press(qtbot, widget, Qt.Key.Key_Return)
    assert widget.session.trial.number == 2


def test_a_trial_without_its_pictures_is_not_judged_until_they_are_there(review, qtbot):
    _, widget, folder = review
    session = widget.session
    files = _pictures_of_trial(folder, session, 1)
    whole = [file.read_bytes() for file in files]
    for file in files:
        file.write_bytes(b"damaged")
    _to_the_second_trial(qtbot, widget)
    for pressed in ((), (Qt.Key.Key_N, Qt.Key.Key_3), (Qt.Key.Key_Return,), (Qt.Key.Key_B,), (Qt.Key.Key_F9,)):
        _press(qtbot, widget, *pressed)
        assert not any(layer.visible for layer in widget.pictures.layers)
        assert "is not the picture that the study was made with" in widget.page.said.text()
        assert session.answers == {}
        assert not widget.page.lock.isEnabled()
    before = [layer.data.copy() for layer in widget.pictures.layers]
    for file, content in zip(files, whole, strict=True):
        file.write_bytes(content)
    qtbot.mouseClick(widget.page.pause, Qt.MouseButton.LeftButton)
    assert all(layer.visible for layer in widget.pictures.layers)
    assert any((layer.data != old).any() for layer, old in zip(widget.pictures.layers, before, strict=True))
    assert widget.page.said.isHidden()
    _press(qtbot, widget, Qt.Key.Key_N, Qt.Key.Key_3)
    assert session.answers == {"changed": "no", "confidence": 3}


def test_one_can_go_back_from_a_trial_without_pictures_and_is_told_again_there(review, qtbot):
    _, widget, folder = review
    for file in _pictures_of_trial(folder, widget.session, 1):
        file.unlink()
    _to_the_second_trial(qtbot, widget)
    assert "can't be read" in widget.page.said.text()
    _press(qtbot, widget, Qt.Key.Key_Left)
    assert "break" in widget.page.said.text()
    _press(qtbot, widget, Qt.Key.Key_F9)
    assert all(layer.visible for layer in widget.pictures.layers)
    _press(qtbot, widget, Qt.Key.Key_Right)
    assert "can't be read" in widget.page.said.text()
    assert not any(layer.visible for layer in widget.pictures.layers)


def test_a_review_that_can_neither_read_nor_write_is_left_and_says_so(review, qtbot, monkeypatch):
    _, widget, folder = review
    for file in _pictures_of_trial(folder, widget.session, 1):
        file.unlink()
    append = widget.session.store.append
    monkeypatch.setattr(
        widget.session.store, "append", lambda deed, *a, **k: _full() if deed == "paused" else append(deed, *a, **k)
    )
    _press(qtbot, widget, Qt.Key.Key_N, Qt.Key.Key_3, Qt.Key.Key_Return, Qt.Key.Key_Return)
    assert widget.session is None
    assert "No space" in widget.chooser.message.text()


def test_it_goes_on_where_it_was_left(open_review, qtbot):
    viewer, widget, _ = open_review()
    _press(qtbot, widget, Qt.Key.Key_N, Qt.Key.Key_3, Qt.Key.Key_Return)
    if widget.session.locked:  # what it was is shown first
        _press(qtbot, widget, Qt.Key.Key_Return)
    assert widget.session.trial.number == 2
    _press(qtbot, widget, Qt.Key.Key_Y)
    qtbot.keyClicks(widget.questions.rows["what"].words, "closing now")
    widget.close()  # what was typed is kept without waiting
    assert [layer.name for layer in viewer.layers] == ["mine"]
    assert viewer.layers["mine"].visible
    _, again, _ = open_review()
    assert again.session.trial.number == 2
    assert again.session.answers == {"changed": "yes", "what": "closing now"}


def test_words_are_kept_when_somebody_stops_at_once(review, qtbot):
    _, widget, folder = review
    _press(qtbot, widget, Qt.Key.Key_Y)
    qtbot.keyClicks(widget.questions.rows["what"].words, "to be kept")
    qtbot.mouseClick(widget.page.stop, Qt.MouseButton.LeftButton)
    (records,) = read_chain(rater_file(folder, "r1"))
    assert records[-1].said.get("answer") == "to be kept"


def _full(*_args, **_said):
    msg = "No space left on device."
    raise StudyError(msg)


@pytest.fixture
def full_disk():
    """Let records of a session be refused until `undo`."""
    with pytest.MonkeyPatch.context() as disk:
        yield lambda session: disk.setattr(session.store, "append", _full) or disk


def test_words_that_could_not_be_kept_are_kept_when_there_is_room_again(open_review, qtbot, full_disk):
    _, widget, _ = open_review("free-review")
    session, box = widget.session, widget.questions.rows["what"].words
    disk = full_disk(session)
    qtbot.keyClicks(box, "paler disc")
    qtbot.waitUntil(lambda: "No space" in widget.page.said.text())
    _press(qtbot, widget, Qt.Key.Key_Down)
    assert "No space" in widget.page.said.text()
    assert box.toPlainText() == "paler disc"
    disk.undo()
    _press(qtbot, widget, Qt.Key.Key_Down, Qt.Key.Key_3)
    assert session.answers == {"what": "paler disc", "plausibility": 3}
    assert box.toPlainText() == "paler disc"


def test_a_review_is_not_left_with_words_that_could_not_be_kept(open_review, qtbot, full_disk):
    _, widget, folder = open_review("free-review")
    box = widget.questions.rows["what"].words
    disk = full_disk(widget.session)
    qtbot.keyClicks(box, "paler disc")
    qtbot.mouseClick(widget.page.stop, Qt.MouseButton.LeftButton)
    assert widget.session is not None
    assert "No space" in widget.page.said.text()
    with pytest.raises(StudyError, match="is not kept yet"):
        widget.leave()
    disk.undo()
    qtbot.mouseClick(widget.page.stop, Qt.MouseButton.LeftButton)
    assert widget.session is None
    (records,) = read_chain(rater_file(folder, "r1"))
    assert records[-1].said.get("answer") == "paler disc"


def test_a_window_that_is_closed_with_words_that_could_not_be_kept_says_so(open_review, qtbot, full_disk, monkeypatch):
    _, widget, _ = open_review("free-review")
    heard = []
    monkeypatch.setattr("napari_latent_explain._qt.reviewing.review_widget.show_warning", heard.append)
    full_disk(widget.session)
    qtbot.keyClicks(widget.questions.rows["what"].words, "paler disc")
    widget.close()
    assert widget.session is None
    assert "No space" in heard[0]


def test_a_second_window_is_refused_and_says_why(review, open_review, qtbot):
    with pytest.raises(StudyError, match="open in another review"):
        open_review()
    _, widget, folder = review
    widget.leave()
    chooser = widget.chooser
    assert widget.pages.currentWidget() is chooser
    for folder_text, rater, words in (
        ("", "", "Name the study"), (str(folder), "my name", "A pseudonym has"), ("/nowhere", "r1", "There is no study"),
    ):  # fmt: skip
        chooser.folder.setText(folder_text)
        chooser.rater.setText(rater)
        qtbot.mouseClick(chooser.begin, Qt.MouseButton.LeftButton)
        assert words in chooser.message.text()
    chooser.folder.setText(str(folder))
    chooser.rater.setText("r1")
    qtbot.mouseClick(chooser.begin, Qt.MouseButton.LeftButton)
    assert widget.session is not None


def test_the_lists_of_layers_make_room_and_come_back(review):
    _, widget, _ = review
    docks = [d for d in widget.window().findChildren(QDockWidget) if d.objectName() in ("layer list", "layer controls")]
    assert len(docks) == 2
    assert all(dock.isHidden() for dock in docks)
    widget.leave()
    assert not any(dock.isHidden() for dock in docks)


def test_keys_are_others_again_after_leaving(review, qtbot):
    _, widget, _ = review
    session = widget.session
    widget.leave()
    _press(qtbot, widget, Qt.Key.Key_Y)
    assert session.answers == {}


def test_the_forced_choice(open_review, qtbot):
    _, widget, _ = open_review("realism-2afc")
    assert [layer.name for layer in widget.pictures.layers if layer.visible] == ["A", "B"]
    _press(qtbot, widget, Qt.Key.Key_2, Qt.Key.Key_3)
    assert widget.session.answers == {"photograph": "right", "confidence": 3}


def test_locked_answers_can_be_opened_where_the_protocol_says_so(open_review, qtbot):
    _, widget, _ = open_review("free-review")
    box = widget.questions.rows["what"].words
    qtbot.keyClicks(box, "paler disc")
    _press(qtbot, box, Qt.Key.Key_Return)
    _press(qtbot, widget, Qt.Key.Key_3, Qt.Key.Key_4)
    _press(qtbot, widget, Qt.Key.Key_Return)
    assert widget.session.locked
    assert "This was" in widget.page.revealed.text()
    qtbot.mouseClick(widget.page.reopen, Qt.MouseButton.LeftButton)
    _press(qtbot, widget, Qt.Key.Key_Up, Qt.Key.Key_1)
    assert widget.session.answers["verdict"] == "known_sign"


def _lock_the_first(qtbot, widget):
    """Judge the first of a free review's trials, lock it, and put the cursor into the words of the second."""
    window, box = widget.window(), widget.questions.rows["what"].words
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    qtbot.mouseClick(box.viewport(), Qt.MouseButton.LeftButton)
    qtbot.keyClicks(box, "first")
    _press(qtbot, box, Qt.Key.Key_Return)
    _press(qtbot, widget, Qt.Key.Key_3, Qt.Key.Key_4)
    widget.session.ask("where")
    widget.add_mark(Mark(x=0.3, y=0.4))  # all is answered: one comes back to the words
    for _ in range(2):  # what it was is shown first
        qtbot.mouseClick(widget.page.lock, Qt.MouseButton.LeftButton)
    assert widget.session.trial.number == 2
    qtbot.mouseClick(box.viewport(), Qt.MouseButton.LeftButton)
    assert box.hasFocus()
    return box


def test_words_of_one_trial_are_neither_shown_nor_kept_in_another(open_review, qtbot):
    _, widget, _ = open_review("free-review", show=True)
    box = _lock_the_first(qtbot, widget)
    qtbot.keyClicks(box, "second")
    qtbot.mouseClick(widget.page.previous, Qt.MouseButton.LeftButton)
    assert widget.session.trial.number == 1
    assert box.toPlainText() == widget.session.answers["what"] == "first"
    qtbot.mouseClick(box.viewport(), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(widget.page.reopen, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(box, "!")
    widget.questions.keep_words()
    assert "second" not in widget.session.answers["what"]


def test_words_that_undo_took_back_are_neither_shown_nor_kept(open_review, qtbot):
    _, widget, _ = open_review("free-review", show=True)
    box = _lock_the_first(qtbot, widget)
    qtbot.keyClicks(box, "second")
    qtbot.mouseClick(widget.page.undo, Qt.MouseButton.LeftButton)  # the words
    assert "what" not in widget.session.answers
    assert box.toPlainText() == ""
    qtbot.mouseClick(widget.page.undo, Qt.MouseButton.LeftButton)  # the lock of the first trial
    assert widget.session.trial.number == 1
    assert box.toPlainText() == "first"
    qtbot.keyClicks(box, "!")
    widget.questions.keep_words()
    assert "second" not in widget.session.answers["what"]


def test_the_cursor_stays_where_it_is_in_words_that_are_kept(open_review, qtbot):
    _, widget, _ = open_review("free-review")
    box = widget.questions.rows["what"].words
    qtbot.keyClicks(box, "paler ")
    widget.questions.keep_words()
    assert widget.session.answers["what"] == "paler"
    qtbot.keyClicks(box, "disc")
    assert box.toPlainText() == "paler disc"


def test_ones_own_layers_are_there_again_when_a_review_is_left(review, qtbot):
    viewer, widget, folder = review
    assert not viewer.layers["mine"].visible
    qtbot.mouseClick(widget.page.stop, Qt.MouseButton.LeftButton)
    assert [layer.name for layer in viewer.layers if layer.visible] == ["mine"]
    assert not viewer.canvas.grid.enabled
    widget.begin(folder, "r1")
    assert [layer.visible for layer in viewer.layers] == [False, True, True, True]
    assert viewer.canvas.grid.enabled


def test_an_explanation_in_the_same_viewer_is_as_it_was_after_a_review(explained, tmp_path):
    from napari_latent_explain._qt import ReviewWidget

    viewer, _ = explained
    grid, camera = viewer.canvas.grid, viewer.scene.camera

    def seen():
        layers = tuple(layer.name for layer in viewer.layers if layer.visible)
        return layers, grid.enabled, tuple(grid.shape), grid.spacing, tuple(camera.center), camera.zoom

    before = seen()
    assert grid.enabled
    _STUDIES.make_study(tmp_path / "study", photographs=2, directions=2)
    review = ReviewWidget(viewer)
    viewer.window.add_dock_widget(review, name="Review", area="right")
    review.begin(tmp_path / "study", "r1")
    assert seen() != before
    review.close_down()
    assert seen() == before


def test_the_dock_taken_away_lets_go(review):
    viewer, widget, folder = review
    viewer.window.remove_dock_widget(widget)
    assert widget.session is None
    assert read_chain(rater_file(folder, "r1"))


def test_the_list_of_keys(review, qtbot):
    _, widget, _ = review
    _press(qtbot, widget, Qt.Key.Key_F1)
    from napari_latent_explain._qt.key_list import KeyList

    (shown,) = widget.findChildren(KeyList)
    assert shown.isVisible()
    shown.close()
