"""A window that is closed comes back as it was; a folder of photographs is explained in the background."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import Qt

from napari_latent_explain.cohort import CaseState, Project
from napari_latent_explain.cohort import explaining as cohort_explaining
from napari_latent_explain.domain import Edit, Region
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.fundus import read_photograph, simulate

pytestmark = pytest.mark.gui


def quick(explainer, photograph, **given):
    return explain_photograph(explainer, photograph, steps=3, display_size=128, **given)


@pytest.fixture
def eyes(tmp_path):
    folder = tmp_path / "eyes"
    folder.mkdir()
    for seed in (3, 4):
        Image.fromarray(simulate(seed=seed, size=128).picture).save(folder / f"eye{seed}.png")
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    return folder


@pytest.fixture
def open_window(make_napari_viewer_proxy, said, small_explainer, tmp_path, monkeypatch):
    """Open a viewer with the widget and a project; more than one after another."""
    from napari_latent_explain._qt import ExplainWidget

    monkeypatch.setattr(cohort_explaining, "explain_photograph", quick)
    opened = []

    def make(project=tmp_path / "project", **verbs):
        viewer = make_napari_viewer_proxy()
        given = {"load": lambda bundle, device: small_explainer, "explain": quick}
        widget = ExplainWidget(viewer, project=project, **(given | verbs))
        viewer.window.add_dock_widget(widget, name="Latent explain")
        opened.append(widget)
        return viewer, widget

    yield make
    for widget in opened:
        widget.close_down()


@pytest.fixture
def explain_first(eyes, qtbot, wait):
    def explained(widget):
        widget.open_photograph(eyes / "eye3.png")
        with qtbot.waitSignal(widget.explained, timeout=60_000):
            widget.explain()
        wait(widget)

    return explained


@pytest.fixture
def full_disk(monkeypatch):
    """Make every write fail inside a `with`."""

    def full(_handle):
        raise OSError(28, "No space left on device")

    @contextmanager
    def filled():
        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", full)
            yield

    return filled


@pytest.fixture
def wait(qtbot):
    def until_still(widget):
        parts = (widget, widget.ahead, widget.project.keeper, widget.project.queue)
        qtbot.waitUntil(lambda: not any(part.busy for part in parts), timeout=60_000)

    return until_still


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
