"""The model is loaded while a person still chooses a photograph."""

from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import Qt

from napari_latent_explain.domain import BundleError

pytestmark = pytest.mark.gui


@pytest.fixture
def early(make_widget, monkeypatch):
    """Make a widget whose program's own way to load a model is another one."""
    from napari_latent_explain._qt import verbs

    def make(load):
        monkeypatch.setattr(verbs, "load", load)
        monkeypatch.setattr(verbs, "first_use", lambda: None)  # seconds of imports
        widget = make_widget(load=load)[1]
        widget.window().show()
        return widget

    return make


def test_what_is_asked_for_meanwhile_comes_next_and_loads_nothing_twice(early, fakes, qtbot, settle):
    may_end, loads = threading.Event(), []

    def load(bundle, device):
        loads.append(bundle)
        assert may_end.wait(30)
        return fakes.fake_explainer()

    widget = early(load)
    qtbot.waitUntil(lambda: len(loads) == 1)
    assert widget.panel.message.text().startswith("Loading the model")
    assert widget.panel.explain.isEnabled()
    assert not widget.panel.cancel.isEnabled()
    assert widget.panel.progress.isHidden()
    with qtbot.waitSignal(widget.explained):
        qtbot.mouseClick(widget.panel.explain, Qt.MouseButton.LeftButton)
        assert widget.panel.message.text() == "Explaining"
        may_end.set()
    settle(widget)
    assert loads == [None]
    assert not widget.panel.message.text()


def test_once_and_then_it_says_nothing_more(early, fakes, qtbot):
    loads = []
    widget = early(lambda bundle, device: loads.append(bundle) or fakes.fake_explainer())
    qtbot.waitUntil(lambda: bool(loads) and not widget.busy)
    assert not widget.panel.message.text()
    widget.hide()
    widget.show()
    qtbot.wait(50)
    assert loads == [None]
    assert not widget.busy


def test_a_model_that_is_refused_is_refused_when_it_is_asked_for(early, qtbot, said):
    tries = []

    def load(bundle, device):
        tries.append(bundle)
        raise BundleError("There is no model bundle here.")

    widget = early(load)
    qtbot.waitUntil(lambda: bool(tries) and not widget.busy)
    assert not said
    qtbot.mouseClick(widget.panel.explain, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(said))
    assert said == [("error", "There is no model bundle here.")]


def test_a_program_that_brings_its_own_model_loads_it_when_it_is_needed(make_widget, fakes, qtbot):
    loads = []
    _, widget = make_widget(load=lambda bundle, device: loads.append(bundle) or fakes.fake_explainer())
    widget.window().show()
    qtbot.wait(50)
    assert not loads
    assert not widget.busy


def test_what_runs_already_is_not_pushed_aside(make_widget, fakes, qtbot, settle, monkeypatch):
    from napari_latent_explain._qt import verbs

    may_end = threading.Event()

    def load(bundle, device):
        assert may_end.wait(30)
        return fakes.fake_explainer()

    monkeypatch.setattr(verbs, "load", load)
    _, widget = make_widget(load=load)
    with qtbot.waitSignal(widget.explained):
        widget.explain()
        widget.window().show()
        assert widget.panel.cancel.isEnabled()
        may_end.set()
    settle(widget)


def test_sliders_move_while_a_model_is_loaded_early(qtbot, work):
    from napari_latent_explain._qt.slow_work import PREPARE

    may_end = threading.Event()
    work.expect(PREPARE, lambda _: None)
    work.submit(PREPARE, lambda progress: may_end.wait(30))
    assert work.busy == PREPARE
    assert work.free
    may_end.set()
    qtbot.waitUntil(lambda: not work.busy)


def test_a_project_that_is_opened_meanwhile_goes_on_with_its_queue(early, fakes, qtbot, tmp_path):
    may_end = threading.Event()
    widget = early(lambda bundle, device: may_end.wait(30) and fakes.fake_explainer())
    qtbot.waitUntil(lambda: widget.panel.message.text().startswith("Loading the model"))
    held = []
    hold = widget.project.queue.hold
    widget.project.queue.hold = lambda on: (held.append(on), hold(on))
    widget.open_project(tmp_path / "project")
    assert held[-1] is False
    assert not widget.panel.message.text()
    may_end.set()


def test_two_threads_that_ask_for_a_model_load_it_once(fakes):
    from pathlib import Path

    from napari_latent_explain._qt.model_shelf import ModelChoice, ModelShelf

    loads, may_end = [], threading.Event()

    def load(bundle, device):
        loads.append(bundle)
        assert may_end.wait(30)
        return fakes.fake_explainer()

    shelf, choice, got = ModelShelf(load), ModelChoice(Path("m"), "cpu"), []
    threads = [threading.Thread(target=lambda: got.append(shelf.give(choice))) for _ in range(2)]
    for thread in threads:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join()
    assert loads == [Path("m")]
    assert got[0] is got[1]


def test_a_window_that_was_closed_meanwhile_needs_no_more(fakes, monkeypatch):
    from napari_latent_explain._qt import verbs
    from napari_latent_explain._qt.model_shelf import ModelChoice, ModelShelf
    from napari_latent_explain.domain import Cancelled

    used = []
    monkeypatch.setattr(verbs, "first_use", lambda: used.append(1))

    def closed(what, done):
        raise Cancelled(what)

    shelf = ModelShelf(lambda bundle, device: fakes.fake_explainer())
    shelf.prepare(ModelChoice(None, "cpu"), closed)
    assert not used
    shelf.prepare(ModelChoice(None, "cpu"), lambda what, done: None)
    assert used
