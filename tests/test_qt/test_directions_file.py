"""Directions of an atlas file in the window: taken, refused, left again, and there when the project is opened again."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_latent_explain.cohort import Project, explaining
from napari_latent_explain.fundus import simulate
from quick_explanation import quick

pytestmark = pytest.mark.gui


@pytest.fixture
def eye(tmp_path):
    Image.fromarray(simulate(seed=3, size=128).picture).save(tmp_path / "eye.png")
    return tmp_path / "eye.png"


@pytest.fixture
def atlas(tmp_path, small_explainer):
    """A file with one direction for each class, twice as long a step as the model's own."""
    own = small_explainer.atlas
    kept = tuple(
        own.towards(target)[-1].replace(id=f"found:{target}", name=f"found {target}", spread=2.0) for target in (0, 1)
    )
    path = tmp_path / "found.json"
    path.write_text(own.replace(directions=kept).model_dump_json(), encoding="utf-8")
    return path


@pytest.fixture
def open_window(make_napari_viewer_proxy, said, small_explainer, tmp_path, eye, qtbot):
    """A widget with a project of the person's own, and a way to wait for it."""
    from napari_latent_explain._qt import ExplainWidget
    from napari_latent_explain._qt import explain_widget as module

    own = module.read_preferences()
    loaded, opened = [], []

    def load(bundle, device):
        loaded.append(bundle)
        return small_explainer

    def make():
        viewer = make_napari_viewer_proxy()
        widget = ExplainWidget(viewer, project=own.project, load=load, explain=quick)
        viewer.window.add_dock_widget(widget, name="Latent explain")
        opened.append(widget)
        return widget

    make.loaded = loaded
    yield make
    for widget in opened:
        widget.close_down()


@pytest.fixture
def still(qtbot):
    def wait(widget, ask=None):
        if ask is not None:
            ask()
        parts = (widget, widget.ahead, widget.project.keeper, widget.project.queue)
        qtbot.waitUntil(lambda: not any(part.busy for part in parts), timeout=60_000)

    return wait


def _names(widget):
    return [row.name.text() for row in widget.panel.sliders.rows.values()]


def test_a_file_gives_the_sliders_and_the_own_ones_come_back(open_window, atlas, eye, still, qtbot, said, monkeypatch):
    widget = open_window()
    chooser = widget.panel.model.directions
    widget.open_photograph(eye)
    still(widget, widget.explain)
    own, code = _names(widget), widget.explanation.inversion
    next(iter(widget.panel.sliders.rows.values())).slider.setValue(1.0)
    still(widget)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(atlas), ""))
    still(widget, lambda: qtbot.mouseClick(chooser.browse, Qt.MouseButton.LeftButton))
    target = widget.explanation.target
    assert _names(widget) == [f"found {target}"]
    assert chooser.choice.currentText() == "found.json"
    assert widget.explanation.inversion is code  # nothing is inverted again
    assert not widget.explanation.edit
    row = next(iter(widget.panel.sliders.rows.values()))
    row.slider.setValue(row.slider.maximum() or row.slider.minimum())
    still(widget)
    assert (widget.layers["Counterfactual"].data != widget.layers["Original"].data).any()
    chooser.choice.setFocus()
    still(widget, lambda: qtbot.keyClick(chooser.choice, Qt.Key.Key_Up))
    assert chooser.file is None
    assert _names(widget) == own
    assert len(open_window.loaded) == 1
    assert not said


def test_directions_of_another_generator_are_refused_and_the_ones_in_use_stay(
    open_window, atlas, eye, still, said, small_explainer
):
    widget = open_window()
    widget.open_photograph(eye)
    still(widget, widget.explain)
    own, shown = _names(widget), widget.explanation
    atlas.write_text(small_explainer.atlas.replace(classes=("well", "ill")).model_dump_json(), encoding="utf-8")
    still(widget, lambda: widget.take_directions(atlas))
    assert [kind for kind, _ in said] == ["error"]
    assert "measured with another set of classes" in said[0][1]
    assert widget.panel.model.directions.file is None
    assert _names(widget) == own
    assert widget.explanation is shown


def test_they_are_there_when_the_project_is_opened_again(open_window, atlas, eye, still, qtbot, said):
    widget = open_window()
    still(widget, lambda: widget.take_directions(atlas))  # before anything is shown
    widget.open_photograph(eye)
    still(widget, widget.explain)
    row = next(iter(widget.panel.sliders.rows.values()))
    row.slider.setValue((row.slider.maximum() or row.slider.minimum()) / 2)
    still(widget)
    edit, picture = widget.explanation.edit, widget.explanation.frame.counterfactual
    assert edit
    widget.close_down()

    widget = open_window()
    still(widget)
    assert widget.panel.model.directions.file == atlas
    assert widget.explanation.edit == edit
    assert np.array_equal(widget.explanation.frame.counterfactual, picture)
    widget.close_down()
    assert not said

    atlas.rename(atlas.with_name("away.json"))
    widget = open_window()
    still(widget)
    assert widget.explanation is None
    assert widget.panel.model.directions.file is None
    assert any(str(atlas) in text and "not there any more; put them back" in text for _, text in said)
    widget.close_down()
    atlas.with_name("away.json").rename(atlas)  # nothing was lost meanwhile
    widget = open_window()
    still(widget)
    assert widget.explanation.edit == edit


def test_the_queue_explains_with_them_and_the_list_opens_it_with_them(
    open_window, atlas, eye, still, qtbot, said, monkeypatch
):
    monkeypatch.setattr(explaining, "explain_photograph", quick)
    widget = open_window()
    still(widget, lambda: widget.take_directions(atlas))
    widget.project.add_folder(eye.parent)
    still(widget, widget.project.explain_all)
    still(widget, lambda: widget.take_directions(None))
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.open_case(eye)
    still(widget)
    assert all(name.startswith("found") for name in _names(widget))
    assert widget.panel.model.directions.file == atlas
    assert not said
    folder = widget.project.project.folder
    widget.close_down()
    project = Project.open(folder)
    assert list(project._state.directions.values()) == [str(atlas)]
    project.close()
