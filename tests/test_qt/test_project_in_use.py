"""Projects as people use them: copies, other folders, files written anew, and acts that come before the last one is done."""

from __future__ import annotations

import shutil
import threading
import time

import pytest
from PIL import Image
from qtpy.QtCore import Qt

from napari_latent_explain.cohort import CaseState, Project
from napari_latent_explain.cohort import explaining as cohort_explaining
from napari_latent_explain.domain import Region, SaliencyMethod
from napari_latent_explain.fundus import simulate

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


def _first(widget):
    return next(iter(widget.panel.sliders.rows.values()))


def test_looking_into_a_foreign_project_does_not_forget_which_model_it_was_made_with(
    open_window, eyes, wait, tmp_path, small_bundle
):
    foreign = Project.open(tmp_path / "foreign")
    foreign.add([eyes / "eye3.png"])
    foreign.update(eyes / "eye3.png", state=CaseState.DONE, sha256="ab" * 32, model="cd" * 32)
    foreign.keep_view(shown=str(eyes / "eye3.png"), bundle=str(small_bundle))
    foreign.close()
    _, widget = open_window(project=tmp_path / "foreign")
    wait(widget)
    widget.close_down()
    again = Project.open(tmp_path / "foreign")
    bundle = again.view.bundle
    again.close()
    assert bundle == str(small_bundle)


def test_the_goal_of_one_project_is_not_written_into_another(open_window, wait, tmp_path):
    second = Project.open(tmp_path / "second")
    second.keep_view(two_rows=False, guided=True)
    second.close()
    _, widget = open_window()
    widget.panel.goal.setCurrentIndex(3)
    widget.panel.goal.activated.emit(3)
    wait(widget)
    widget.open_project(tmp_path / "second")
    assert widget.panel.goal.value is None
    wait(widget)
    assert widget.project.project.view.goal is None


def test_the_words_of_an_eye_go_with_it(open_window, wait, tmp_path, explain_first):
    """The layer of one's own photograph, shown again, is not called synthetic, nor the last case."""
    viewer, widget = open_window()
    explain_first(widget)
    case = f"case {widget.explanation.photograph.sha256[:8]}"
    assert case in viewer.canvas.overlays["text"].text
    widget.open_project(tmp_path / "second")
    wait(widget)
    assert widget.explanation is None
    text = viewer.canvas.overlays["text"]
    assert not text.visible or case not in text.text


def test_one_to_one_is_for_as_long_as_that_explanation_is_on_show(
    open_window, tmp_path, wait, qtbot, explain_first, eyes
):
    Image.fromarray(simulate(seed=5, size=300).picture).save(eyes / "large.png")
    _, widget = open_window()
    explain_first(widget, "large.png")
    small = len(widget.explanation.original)
    qtbot.mouseClick(widget.panel.looking.true_size, LEFT)
    wait(widget)
    assert len(widget.explanation.original) > small
    explain_first(widget, "eye3.png")
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eyes / "large.png")
    wait(widget)
    assert len(widget.explanation.original) == small


def _slowly(widget, seconds):
    """Let pictures take long in the thread that makes them: what they show is what stood when they were begun."""
    plain = widget.explanation.render

    def render(edit):
        frame = plain(edit)
        if threading.current_thread() is not threading.main_thread():
            time.sleep(seconds)
        return frame

    widget.explanation.render = render


@pytest.mark.parametrize("then", ["look", "check", "compare", "nothing", "control"])
def test_nothing_changes_outside_a_region_that_is_set_while_a_picture_is_made(
    open_window, explain_first, wait, qtbot, then
):
    _, widget = open_window()
    explain_first(widget)
    _first(widget).slider.setValue(2.0)
    wait(widget)
    _slowly(widget, 0.3)
    shown = []
    _first(widget).slider.setValue(1.0)
    qtbot.wait(50)
    assert widget.busy
    if then == "control":
        wait(widget)  # passes: so it is the picture that was under way
    widget.set_region(Region(outlines=(((40.0, 40.0), (40.0, 110.0), (110.0, 110.0), (110.0, 40.0)),)))
    widget.explanation.frame_changed.connect(shown.append)
    if then == "look":
        qtbot.mouseClick(widget.panel.looking.outlined, LEFT)
        widget.panel.looking.outlined.setChecked(True)
    elif then == "check":
        widget.check_answer()
    elif then == "compare":
        widget.compare(SaliencyMethod.GRADCAM)
    wait(widget)
    shown = [widget.explanation.frame] if then != "nothing" else shown
    assert widget.explanation.edit
    outside = len(widget.explanation.frame.difference) // 5
    for frame in shown:
        assert not frame.difference[:outside].any()
    assert not widget.layers["Difference"].data[:outside].any()


def test_directions_of_a_file_that_was_written_anew_are_found_again(
    open_window, explain_first, eyes, wait, qtbot, said, small_explainer, tmp_path
):
    own, file = small_explainer.atlas, tmp_path / "found.json"

    def write(spread):
        kept = tuple(own.towards(t)[-1].replace(id=f"found:{t}", name=f"found {t}", spread=spread) for t in (0, 1))
        file.write_text(own.replace(directions=kept).model_dump_json(), encoding="utf-8")

    write(2.0)
    _, widget = open_window()
    explain_first(widget)
    widget.take_directions(file)
    wait(widget)
    assert list(widget.panel.sliders.rows) == [f"found:{widget.explanation.target}"]
    write(3.0)  # "latent-explain discover" ran again
    explain_first(widget, "eye4.png")
    _first(widget).slider.setValue(0.5)
    wait(widget)
    widget.close_down()
    _, widget = open_window()
    qtbot.waitUntil(lambda: not widget.busy, timeout=60_000)
    assert not said
    assert widget.explanation is not None
    assert widget.explanation.photograph.name == "eye4.png"


def test_directions_that_were_still_being_taken_are_found_again(
    open_window, explain_first, eyes, wait, qtbot, said, small_explainer, tmp_path, monkeypatch
):
    from napari_latent_explain._qt import verbs

    own, file = small_explainer.atlas, tmp_path / "found.json"
    kept = tuple(own.towards(t)[-1].replace(id=f"found:{t}", name=f"found {t}", spread=2.0) for t in (0, 1))
    file.write_text(own.replace(directions=kept).model_dump_json(), encoding="utf-8")
    plain = verbs.with_directions
    monkeypatch.setattr(verbs, "with_directions", lambda *a: (time.sleep(0.3), plain(*a))[1])
    _, widget = open_window()
    explain_first(widget)
    widget.project.add_folder(eyes)
    widget.take_directions(file)
    qtbot.wait(50)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eyes / "eye4.png")  # a double click in the list
    wait(widget)
    widget.close_down()
    _, widget = open_window()
    qtbot.waitUntil(lambda: not widget.busy, timeout=60_000)
    assert not said
    assert widget.explanation is not None


def test_notes_of_one_project_are_not_written_into_another(open_window, explain_first, wait, tmp_path):
    _, widget = open_window()
    explain_first(widget)
    _first(widget).slider.setValue(1.0)
    wait(widget)
    widget.check_answer()
    wait(widget)
    assert list((tmp_path / "project").rglob("answers.json"))
    widget.open_project(tmp_path / "second")
    explain_first(widget)
    assert not list((tmp_path / "second").rglob("answers.json"))


def test_what_is_just_about_to_be_written_is_written_when_the_window_closes(
    open_window, explain_first, wait, tmp_path, eyes, small_explainer, qtbot
):
    _, widget = open_window()
    explain_first(widget)
    _first(widget).slider.setValue(1.0)
    qtbot.waitUntil(lambda: not widget.busy and not widget.ahead.busy)
    edit, keeper = widget.explanation.edit, widget.project.keeper
    qtbot.waitUntil(lambda: not keeper._worker.busy)
    keeper._timer.stop()
    keeper._write_aside()  # the moment has passed
    keeper.close()
    project = Project.open(tmp_path / "project")
    back, _ = cohort_explaining.take_up(project, project[eyes / "eye3.png"], small_explainer)
    project.close()
    assert back.edit == edit


def test_the_queue_leaves_what_a_person_did_with_a_copy_of_the_same_photograph(
    open_window, explain_first, wait, eyes, tmp_path, small_explainer, qtbot
):
    _, widget = open_window()
    explain_first(widget)
    _first(widget).slider.setValue(1.0)
    wait(widget)
    edit = widget.explanation.edit
    shutil.copy(eyes / "eye3.png", eyes / "eye3 (1).png")
    widget.project.add_folder(eyes)
    widget.project.explain_all()
    wait(widget)
    widget.close_down()
    project = Project.open(tmp_path / "project")
    assert project[eyes / "eye3 (1).png"].explained
    back, _ = cohort_explaining.take_up(project, project[eyes / "eye3.png"], small_explainer)
    project.close()
    assert back.edit == edit


def test_names_that_were_given_before_a_project_was_chosen_are_kept_in_it(open_window, explain_first, wait, tmp_path):
    _, widget = open_window(project=None)
    explain_first(widget)
    key = next(iter(widget.panel.sliders.rows))
    widget.rename(key, "exudates")
    wait(widget)
    widget.open_project(tmp_path / "project")
    explain_first(widget)
    assert widget.panel.sliders.rows[key].name.text() == "exudates"


def test_a_photograph_that_was_taken_off_the_list_and_added_again_is_as_it_was(
    open_window, explain_first, wait, eyes, tmp_path, qtbot
):
    _, widget = open_window()
    explain_first(widget)
    _first(widget).slider.setValue(1.0)
    wait(widget)
    edit = widget.explanation.edit
    explain_first(widget, "eye4.png")
    widget.project._remove([str(eyes / "eye3.png")])
    widget.project.add_folder(eyes)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eyes / "eye3.png")
    wait(widget)
    assert widget.explanation.edit == edit


def test_a_picture_of_one_target_is_not_shown_under_another(open_window, explain_first, wait, qtbot):
    _, widget = open_window()
    explain_first(widget)
    first = widget.explanation.target
    widget.set_target(1 - first)
    wait(widget)
    _slowly(widget, 0.3)
    _first(widget).slider.setValue(1.0)
    qtbot.wait(50)
    wrong = []
    widget.explanation.frame_changed.connect(
        lambda frame: wrong.append(not set(frame.edit.strengths) <= {d.id for d in widget.explanation.directions})
    )
    widget.undo()  # the move
    widget.undo()  # the target
    wait(widget)
    assert widget.explanation.target == first
    assert not any(wrong)


def test_a_goal_that_was_on_show_in_one_project_does_not_stay_for_the_next(open_window, wait, tmp_path):
    second = Project.open(tmp_path / "second")
    second.keep_view(goal=0.33)  # of another version
    second.close()
    _, widget = open_window()
    widget.panel.goal.setCurrentIndex(3)
    widget.panel.goal.activated.emit(3)
    wait(widget)
    widget.open_project(tmp_path / "second")
    wait(widget)
    assert widget.panel.goal.value is None


def test_what_the_queue_explained_with_directions_of_a_file_is_opened_again(
    open_window, eyes, wait, qtbot, said, small_explainer, tmp_path
):
    own, file = small_explainer.atlas, tmp_path / "found.json"
    kept = tuple(own.towards(t)[-1].replace(id=f"found:{t}", name=f"found {t}", spread=2.0) for t in (0, 1))
    file.write_text(own.replace(directions=kept).model_dump_json(), encoding="utf-8")
    _, widget = open_window()
    widget.panel.model.directions.choose(file)  # as a window does that takes up a project
    widget.project.add_folder(eyes)
    widget.project.explain_all()
    wait(widget)
    widget.close_down()
    _, widget = open_window()
    wait(widget)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eyes / "eye4.png")
    wait(widget)
    assert list(widget.panel.sliders.rows) == [f"found:{widget.explanation.target}"]
    assert not said
