"""A window that is closed comes back as it was; a folder of photographs is explained in the background."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest
import torch
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_latent_explain._qt.explained_layers import is_ours
from napari_latent_explain.cohort import CaseState, Project
from napari_latent_explain.cohort import explaining as cohort_explaining
from napari_latent_explain.domain import Edit, Region, SaliencyMethod
from napari_latent_explain.fundus import read_photograph, simulate
from quick_explanation import quick

pytestmark = pytest.mark.gui


def test_photograph_sliders_names_region_and_view_come_back(open_window, wait, qtbot, said, explain_first):
    viewer, widget = open_window()
    explain_first(widget)
    first, second = list(widget.panel.sliders.rows.values())[:2]
    first.slider.setValue(1.0)
    wait(widget)
    second.slider.setValue(0.7)
    wait(widget)
    qtbot.mouseClick(second.mute, Qt.MouseButton.LeftButton)
    wait(widget)
    widget.rename(first.direction.id, "exudates")
    wait(widget)
    widget.set_region(Region(outlines=(((20.0, 20.0), (20.0, 110.0), (110.0, 110.0), (110.0, 20.0)),)))
    wait(widget)
    widget.panel.looking.reconstruction.click()
    widget.panel.goal.setCurrentIndex(3)
    widget.panel.goal.activated.emit(3)
    viewer.scene.camera.zoom, viewer.scene.camera.center = 4.25, (61.0, 70.0)
    before = widget.explanation
    wait(widget)
    widget.close_down()

    viewer, widget = open_window()
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        pass
    wait(widget)
    after = widget.explanation
    assert after is not before
    assert after.photograph.sha256 == before.photograph.sha256
    assert after.edit == before.edit
    assert np.array_equal(after.frame.counterfactual, before.frame.counterfactual)
    assert after.region == before.region
    row = widget.panel.sliders.rows[second.direction.id]
    assert row.mute.isChecked()
    assert row.slider.value() == pytest.approx(0.7, abs=0.01)
    assert widget.panel.sliders.rows[first.direction.id].name.text() == "exudates"
    assert widget.layers["Reconstruction"].visible
    assert widget.panel.goal.value == 0.8
    assert viewer.scene.camera.zoom == pytest.approx(4.25)
    assert viewer.scene.camera.center[-2:] == pytest.approx((61.0, 70.0))
    assert widget.panel.guide.isHidden()
    assert not said


def test_closing_at_once_after_a_move_keeps_the_move(
    open_window, eyes, wait, qtbot, tmp_path, small_explainer, explain_first
):
    _, widget = open_window()
    explain_first(widget)
    row = next(iter(widget.panel.sliders.rows.values()))
    row.slider.setValue(1.0)
    qtbot.waitUntil(lambda: not widget.busy)
    edit = widget.explanation.edit
    assert edit
    widget.close_down()  # before the pause after which it would be written anyway
    project = Project.open(tmp_path / "project")
    back, _ = cohort_explaining.take_up(project, project[eyes / "eye3.png"], small_explainer)
    project.close()
    assert back.edit == edit


def test_a_folder_is_explained_in_the_background_and_opened_from_the_list(open_window, eyes, wait, qtbot, said):
    _, widget = open_window()
    listed = widget.panel.photographs
    widget.project.add_folder(eyes)
    assert listed.list.count() == 3
    assert listed.run.text() == "Explain all (3)"
    qtbot.waitUntil(lambda: not listed.list.item(0).icon().isNull())
    qtbot.mouseClick(listed.run, Qt.MouseButton.LeftButton)
    assert listed.stop.isEnabled()
    wait(widget)
    texts = [listed.list.item(k).text() for k in range(3)]
    assert "eye3.png" in texts[0]
    assert "refused" in texts[2]
    states = [case.state for case in widget.project.project.cases]
    assert states == [CaseState.DONE, CaseState.DONE, CaseState.REFUSED]
    assert not listed.run.isEnabled()
    listed.list.setCurrentRow(1)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        qtbot.keyClick(listed.list, Qt.Key.Key_Return)
    wait(widget)
    assert widget.explanation.photograph.name == "eye4.png"
    listed.list.setCurrentRow(2)
    qtbot.mouseClick(listed.remove, Qt.MouseButton.LeftButton)
    assert listed.list.count() == 2
    assert (eyes / "noise.png").is_file()
    assert not said


def test_the_queue_stands_still_while_a_person_waits_and_can_be_stopped(open_window, eyes, wait, qtbot, monkeypatch):
    steps, gate = [], threading.Event()

    def slow(explainer, photograph, *, progress, **given):
        for step in range(400):
            progress("Refining the code", step / 400)
            steps.append(time.monotonic())
            time.sleep(0.005)
        return quick(explainer, photograph)

    monkeypatch.setattr(cohort_explaining, "explain_photograph", slow)

    def blocked(explainer, photograph, *, progress):
        gate.wait(20)
        return quick(explainer, photograph)

    _, widget = open_window(explain=blocked)
    widget.project.add_folder(eyes)
    widget.project.explain_all()
    qtbot.waitUntil(lambda: len(steps) > 5, timeout=20_000)
    widget.open_photograph(eyes / "eye4.png")
    widget.explain()
    qtbot.wait(100)
    stood = len(steps)
    qtbot.wait(200)
    assert len(steps) == stood
    gate.set()
    qtbot.waitUntil(lambda: len(steps) > stood, timeout=20_000)
    qtbot.mouseClick(widget.panel.photographs.stop, Qt.MouseButton.LeftButton)
    wait(widget)
    assert "Stopped" in widget.panel.photographs.message.text()
    states = {case.name: case.state for case in widget.project.project.cases}
    assert states["eye3.png"] is CaseState.WAITING  # what ran waits again
    assert states["eye4.png"] is CaseState.DONE  # the person's own is kept


def test_closing_while_the_queue_runs_neither_hangs_nor_leaves_half_a_file(open_window, eyes, qtbot, tmp_path):
    _, widget = open_window()
    widget.project.add_folder(eyes)
    widget.project.explain_all()
    qtbot.waitUntil(lambda: any(c.state is CaseState.RUNNING for c in widget.project.project.cases), timeout=20_000)
    began = time.monotonic()
    widget.close_down()
    assert time.monotonic() - began < 10
    assert not [t for t in threading.enumerate() if t.name == "latent-explain-worker"]
    project = Project.open(tmp_path / "project")
    assert not [case for case in project.cases if case.state is CaseState.RUNNING]
    project.close()
    assert not list((tmp_path / "project").rglob("*.part"))


def test_a_project_in_use_is_said_and_the_window_works_without(open_window, eyes, wait, qtbot, said):
    _, widget = open_window()
    _, other = open_window()
    assert other.project.project is None
    assert [kind for kind, _ in said] == ["error"]
    assert "open in another window" in said[0][1]
    other.open_photograph(eyes / "eye3.png")
    with qtbot.waitSignal(other.explained, timeout=60_000):
        other.explain()
    wait(other)
    assert widget.project.project is not None


def test_another_project_takes_the_place_of_the_first(open_window, eyes, wait, tmp_path, said):
    _, widget = open_window()
    widget.project.add_folder(eyes)
    widget.open_project(tmp_path / "second")
    assert widget.panel.photographs.list.count() == 0
    Project.open(tmp_path / "project").close()  # the first is free again
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "project.json").write_text("{")
    widget.open_project(tmp_path / "third")
    assert "damaged" in said[-1][1]
    assert widget.project.project.folder == tmp_path / "second"


def test_what_can_not_be_written_is_said_once(open_window, wait, said, explain_first, full_disk):
    _, widget = open_window()
    explain_first(widget)

    with full_disk():
        for value in (0.5, 1.0):
            next(iter(widget.panel.sliders.rows.values())).slider.setValue(value)
            wait(widget)
    assert len([text for kind, text in said if kind == "error" and "No space left" in text]) == 1


def test_the_queue_leaves_what_a_person_explained_meanwhile(open_window, eyes, wait, tmp_path, small_explainer):
    _, widget = open_window()
    widget.project.add_folder(eyes)
    project = widget.project.project
    explained = []

    def slow(explainer, photograph, **given):
        explained.append(photograph.name)
        if photograph.name == "eye3.png":  # the queue is at the first one: somebody explains and edits the second
            other = quick(small_explainer, read_photograph(eyes / "eye4.png"))
            other.set_edit(Edit(strengths={other.directions[0].id: 0.9}))
            cohort_explaining.Keepsake.of(other).write(project)
        return quick(explainer, photograph, **given)

    cohort_explaining.explain_photograph = slow  # put back by the fixture's monkeypatch
    widget.project.explain_all()
    wait(widget)
    assert "eye4.png" not in explained
    back, _ = cohort_explaining.take_up(project, project[eyes / "eye4.png"], small_explainer)
    assert list(back.edit.strengths.values()) == [0.9]


def test_another_project_begins_without_the_photograph_and_names_of_the_first(
    open_window, wait, qtbot, tmp_path, explain_first
):
    _, widget = open_window()
    explain_first(widget)
    key = next(iter(widget.panel.sliders.rows))
    widget.rename(key, "exudates")
    wait(widget)
    widget.open_project(tmp_path / "second")
    assert widget.explanation is None
    assert not widget.layers["Original"].visible
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    wait(widget)
    assert widget.panel.sliders.rows[key].name.text() != "exudates"
    assert widget.layers["Original"].visible
    widget.open_project(tmp_path / "project")
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        pass
    wait(widget)
    assert widget.panel.sliders.rows[key].name.text() == "exudates"


def test_a_dock_that_is_taken_away_lets_the_project_go(open_window, wait, tmp_path):
    viewer, widget = open_window()
    moves = len(viewer.mouse_move_callbacks)
    viewer.window.remove_dock_widget(widget)
    assert widget._closed
    assert len(viewer.mouse_move_callbacks) == moves - 1
    Project.open(tmp_path / "project").close()


def test_what_a_search_said_comes_back(open_window, wait, qtbot, explain_first):
    _, widget = open_window()
    explain_first(widget)
    widget.find_counterfactual()
    wait(widget)
    before = widget.explanation.frame
    assert before.note or before.reached
    widget.rename(next(iter(widget.panel.sliders.rows)), "exudates")  # the same picture: what was said of it stays
    wait(widget)
    assert widget.explanation.frame is before
    widget.close_down()
    _, widget = open_window()
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        pass
    wait(widget)
    after = widget.explanation.frame
    assert (after.note, after.reached) == (before.note, before.reached)


def test_what_could_not_be_written_is_written_when_there_is_room_again(
    open_window, eyes, wait, said, tmp_path, small_explainer, explain_first, full_disk
):
    _, widget = open_window()
    explain_first(widget)

    with full_disk():
        next(iter(widget.panel.sliders.rows.values())).slider.setValue(1.0)
        wait(widget)
    edit = widget.explanation.edit
    widget.close_down()
    project = Project.open(tmp_path / "project")
    back, _ = cohort_explaining.take_up(project, project[eyes / "eye3.png"], small_explainer)
    project.close()
    assert back.edit == edit


def test_a_foreign_project_does_not_load_a_model_by_itself(open_window, eyes, wait, tmp_path, small_bundle):
    foreign = Project.open(tmp_path / "foreign")
    foreign.add([eyes / "eye3.png"])
    foreign.update(eyes / "eye3.png", state=CaseState.DONE, sha256="ab" * 32, model="cd" * 32)
    foreign.keep_view(shown=str(eyes / "eye3.png"), bundle=str(small_bundle))
    foreign.close()
    loaded = []
    _, widget = open_window(load=lambda bundle, device: loaded.append(bundle))
    widget.open_project(tmp_path / "foreign")
    wait(widget)
    assert not loaded
    assert widget.panel.model.bundle is None


def _slowly(widget, seconds):
    """Let pictures take long in the thread that makes them, and no longer than usual where they are waited for."""
    plain = widget.explanation.render

    def render(edit):
        if threading.current_thread() is not threading.main_thread():
            time.sleep(seconds)
        return plain(edit)

    widget.explanation.render = render


def _slider(widget):
    return next(iter(widget.panel.sliders.rows.values())).slider


def _kept_edit(tmp_path, path, explainer):
    project = Project.open(tmp_path / "project")
    back, _ = cohort_explaining.take_up(project, project[path], explainer)
    project.close()
    return back.edit


def test_a_move_whose_picture_is_not_there_yet_is_kept_when_the_window_closes(
    open_window, explain_first, eyes, tmp_path, small_explainer, qtbot
):
    _, widget = open_window()
    explain_first(widget)
    _slowly(widget, 0.3)
    _slider(widget).setValue(1.0)
    qtbot.wait(50)
    assert widget.busy
    widget.close_down()
    assert list(_kept_edit(tmp_path, eyes / "eye3.png", small_explainer).strengths.values()) == [1.0]


def test_a_move_whose_picture_is_not_there_yet_is_kept_when_another_photograph_is_opened(
    open_window, explain_first, wait, eyes, qtbot
):
    _, widget = open_window()
    explain_first(widget)
    _slowly(widget, 0.3)
    _slider(widget).setValue(1.0)
    qtbot.wait(50)
    widget.open_photograph(eyes / "eye4.png")
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    wait(widget)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eyes / "eye3.png")
    wait(widget)
    assert list(widget.explanation.edit.strengths.values()) == [1.0]
    assert widget.session.history.can_undo


def test_opening_the_photograph_that_is_on_show_again_loses_nothing(open_window, explain_first, wait, eyes, qtbot):
    _, widget = open_window()
    explain_first(widget)
    _slider(widget).setValue(1.0)
    qtbot.waitUntil(lambda: not widget.busy)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eyes / "eye3.png")  # before the project's pause is over
    wait(widget)
    assert list(widget.explanation.edit.strengths.values()) == [1.0]


def test_what_could_not_be_written_is_written_before_another_photograph_takes_its_place(
    open_window, explain_first, wait, eyes, tmp_path, small_explainer, qtbot, full_disk
):
    _, widget = open_window()
    explain_first(widget)
    with full_disk():
        _slider(widget).setValue(1.0)
        wait(widget)
    widget.open_photograph(eyes / "eye4.png")
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    wait(widget)
    widget.close_down()
    assert list(_kept_edit(tmp_path, eyes / "eye3.png", small_explainer).strengths.values()) == [1.0]


def test_nothing_of_one_project_is_written_into_another(open_window, explain_first, wait, tmp_path, monkeypatch):
    viewer, widget = open_window()
    explain_first(widget)
    plain = cohort_explaining.Keepsake.write

    def write(keepsake, project, **known):
        if project.folder == tmp_path / "project":
            raise OSError(30, "Read-only file system")
        return plain(keepsake, project, **known)

    monkeypatch.setattr(cohort_explaining.Keepsake, "write", write)
    _slider(widget).setValue(1.0)
    wait(widget)
    widget.open_project(tmp_path / "two")
    viewer.scene.camera.zoom = 3.3
    wait(widget)
    two = widget.project.project
    assert two.folder == tmp_path / "two"
    assert not two.cases
    assert not two.view.looked_at


def test_a_queue_that_a_full_disk_stopped_goes_on_with_all_that_wait(open_window, eyes, wait, said, monkeypatch):
    _, widget = open_window()
    widget.project.add_folder(eyes)
    project, real = widget.project.project, os.fsync

    def full(_handle):
        raise OSError(28, "No space left on device")

    def explain(*given, **named):
        made = quick(*given, **named)
        monkeypatch.setattr("os.fsync", full)
        return made

    monkeypatch.setattr(cohort_explaining, "explain_photograph", explain)
    widget.project.explain_all()
    wait(widget)
    assert all(case.state is CaseState.WAITING for case in project.cases)
    assert "No space left" in said[-1][1]
    monkeypatch.setattr("os.fsync", real)
    monkeypatch.setattr(cohort_explaining, "explain_photograph", quick)
    widget.project.explain_all()
    wait(widget)
    assert not any(case.state in (CaseState.WAITING, CaseState.RUNNING) for case in project.cases)


def test_a_queue_goes_on_with_the_main_processor_when_the_other_is_full(open_window, eyes, wait, said, monkeypatch):
    loaded, first = [], []

    def explain(*given, **named):
        if len(loaded) == 1:
            first.append(given)
            raise torch.OutOfMemoryError("CUDA out of memory")
        return quick(*given, **named)

    _, widget = open_window()
    explainer = widget._explaining._shelf._load(None, "cpu")
    widget._explaining._shelf._load = lambda bundle, device: loaded.append(device) or explainer
    monkeypatch.setattr(cohort_explaining, "explain_photograph", explain)
    widget.project.add_folder(eyes)
    widget.project.explain_all()
    wait(widget)
    assert loaded == ["auto", "cpu"]
    assert len(first) == 1
    states = {case.name: case.state for case in widget.project.project.cases}
    assert states == {"eye3.png": CaseState.DONE, "eye4.png": CaseState.DONE, "noise.png": CaseState.REFUSED}
    assert [kind for kind, text in said if "graphics processor is full" in text] == ["warning"]


def test_small_pictures_come_back_with_their_project(open_window, eyes, qtbot, tmp_path):
    _, widget = open_window()
    widget.project.add_folder(eyes)
    rows = widget.panel.photographs.list

    def pictured():
        return rows.count() > 0 and not any(rows.item(i).icon().isNull() for i in range(rows.count()))

    qtbot.waitUntil(pictured, timeout=20_000)
    widget.open_project(tmp_path / "two")
    assert rows.count() == 0
    widget.open_project(tmp_path / "project")
    qtbot.waitUntil(pictured, timeout=20_000)


def test_a_name_that_is_no_text_keeps_nothing_else_out(open_window, eyes, wait, qtbot, said, tmp_path):
    _, widget = open_window()
    odd = os.fsdecode(os.fsencode(eyes) + b"/\xfcber.png")
    (eyes / "eye4.png").rename(odd)
    widget.project.add_folder(eyes)
    assert [case.name for case in widget.project.project.cases] == ["eye3.png", "noise.png"]
    assert said[-1][0] == "warning"
    assert "1 of 3" in said[-1][1]
    widget.open_photograph(odd)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    wait(widget)
    assert "is not UTF-8" in said[-1][1]
    assert len(said) == 2


def test_another_project_ends_the_drawing_of_a_region(open_window, explain_first, wait, tmp_path):
    viewer, widget = open_window()
    mine = viewer.add_points([[1, 2]], name="mine")
    explain_first(widget)
    widget.region.begin()
    assert not mine.visible
    widget.open_project(tmp_path / "two")
    wait(widget)
    assert mine.visible
    assert not widget.region.drawing


def test_opening_the_project_that_is_open_changes_nothing(open_window, wait, qtbot, tmp_path):
    viewer, widget = open_window()
    viewer.add_image(simulate(seed=3, size=128).picture, rgb=True)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    wait(widget)
    explanation = widget.explanation
    widget.open_project(tmp_path / "project")
    wait(widget)
    assert widget.explanation is explanation


def test_a_layer_that_shows_something_else_than_its_file_is_explained_as_it_is_shown(
    open_window, eyes, wait, qtbot, said, tmp_path
):
    viewer, widget = open_window()
    layer = viewer.open(str(eyes / "eye3.png"), plugin="napari")[0]
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    assert widget.explanation.photograph.path == eyes / "eye3.png"  # as the file says: that can be kept
    wait(widget)
    layer.data = np.ascontiguousarray(layer.data[:, ::-1])
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    wait(widget)
    assert np.array_equal(widget.explanation.photograph.pixels, layer.data)
    assert widget.explanation.photograph.path is None
    assert "other pixels than its file" in said[-1][1]
    assert widget.panel.elsewhere.isHidden()
    np.save(tmp_path / "eye.npy", layer.data)
    viewer.open(str(tmp_path / "eye.npy"), plugin="napari", rgb=True)
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    wait(widget)
    pages = [Image.open(eyes / f"eye{seed}.png") for seed in (3, 4)]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:])
    viewer.open(str(tmp_path / "two.tif"), plugin="napari", rgb=True)
    widget.explain()
    assert "no single colour photograph" in said[-1][1]


def test_the_next_eye_stands_in_its_cells_and_nothing_of_the_one_before_is_found(open_window, eyes, wait, qtbot):
    viewer, widget = open_window()
    Image.open(eyes / "eye4.png").resize((64, 64)).save(eyes / "small.png")
    for name in ("eye3.png", "small.png"):
        widget.open_photograph(eyes / name)
        with qtbot.waitSignal(widget.explained, timeout=60_000):
            widget.explain()
        wait(widget)
        if name == "eye3.png":
            before = widget.layers["Reconstruction"].thumbnail.copy()
            widget.compare(SaliencyMethod.GRADCAM)
            wait(widget)
            widget.compare(None)
            wait(widget)
    ours = [layer for layer in viewer.layers if is_ours(layer)]
    assert len(ours) == 5
    assert all(np.allclose(layer.extent.world, ours[0].extent.world, atol=1) for layer in ours)
    assert widget.layers["Comparison"].name == "Comparison"
    assert not widget.layers["Reconstruction"].visible
    assert not np.array_equal(widget.layers["Reconstruction"].thumbnail, before)


def test_a_write_that_ends_badly_while_its_project_is_closed_leaves_nothing_for_the_next(
    open_window, explain_first, wait, tmp_path, monkeypatch
):
    _, widget = open_window()
    explain_first(widget)
    began, go, written = threading.Event(), threading.Event(), []

    def write(keepsake, project, **known):
        written.append(project.folder.name)
        began.set()
        go.wait(5)
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(cohort_explaining.Keepsake, "write", write)
    _slider(widget).setValue(1.0)
    qt = widget.project.keeper
    deadline = time.monotonic() + 10
    while not began.is_set() and time.monotonic() < deadline:
        QApplication.processEvents()
    threading.Timer(0.3, go.set).start()
    widget.open_project(tmp_path / "two")
    wait(widget)
    assert set(written) == {"project"}
    assert not qt.pending or widget.project.project.folder.name == "two"
    assert not widget.project.project.cases


def test_a_photograph_taken_from_the_list_while_it_is_taken_up_is_shown(
    open_window, explain_first, wait, qtbot, said, eyes
):
    _, widget = open_window()
    explain_first(widget)
    widget.set_edit(Edit())
    wait(widget)
    project, first, take_up = widget.project.project, widget.explanation, widget._explaining._shelf.take_up

    def late(choice, project, case, progress):
        project.remove([case.path])
        return take_up(choice, project, case, progress)

    widget._explaining._shelf.take_up = late
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eyes / "eye3.png")
    wait(widget)
    assert widget.explanation is not first
    assert not said
    assert [case.name for case in project.cases] == ["eye3.png"]  # it is on show, so it is kept again


def test_a_goal_that_is_not_offered_is_none(open_window, wait, tmp_path):
    project = Project.open(tmp_path / "project")
    project.keep_view(goal=0.123)
    project.close()
    _, widget = open_window()
    wait(widget)
    assert widget.panel.goal.value is None


def test_what_the_controls_and_the_search_said_comes_back(open_window, wait, qtbot, explain_first, tmp_path):
    _, widget = open_window()
    explain_first(widget)
    shown = widget.explanation
    found = shown.render(Edit(strengths={shown.directions[0].id: 1.0}))  # the small model's search finds nothing
    widget._searching._show((found, shown.dose_response(found)))
    wait(widget)
    widget.check_answer()
    wait(widget)
    said, curve = widget.panel.controls.text(), widget.panel.curve.accessibleName()
    assert "random moves" in said
    assert not widget.panel.curve.isHidden()
    widget.close_down()

    _, widget = open_window()
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        pass
    wait(widget)
    assert widget.panel.controls.text() == said
    assert widget.panel.curve.accessibleName() == curve
    assert not widget.panel.curve.isHidden()
    widget.reset()
    wait(widget)
    assert not widget.panel.controls.text()
    widget.undo()
    wait(widget)
    assert widget.panel.controls.text() == said
