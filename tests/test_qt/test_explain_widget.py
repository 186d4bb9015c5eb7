import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_latent_explain._qt.explained_layers import BANNER, ROLES
from napari_latent_explain._qt.vertical_scroll import VerticalScroll
from napari_latent_explain.domain import Edit, NotAFundusError

pytestmark = pytest.mark.gui


def _settle(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.busy, timeout=10_000)


@pytest.fixture
def explained(make_widget, qtbot):
    viewer, widget = make_widget()
    with qtbot.waitSignal(widget.explained):
        qtbot.mouseClick(widget.panel.explain, Qt.MouseButton.LeftButton)
    _settle(qtbot, widget)
    return viewer, widget


def _first(widget):
    return next(iter(widget.panel.sliders.rows.values()))


def _share(widget):
    return widget.panel.bars.values[1, "Counterfactual"].text()


def test_moving_a_slider_changes_the_picture_and_the_probability(explained, qtbot):
    _viewer, widget = explained
    before, said_before = widget.layers["Counterfactual"].data.copy(), _share(widget)
    original = widget.layers["Original"].data.copy()
    _first(widget).slider.setValue(2.0)
    _settle(qtbot, widget)
    assert (widget.layers["Counterfactual"].data != before).any()
    assert np.abs(widget.layers["Difference"].data).max() > 0.01
    assert (widget.layers["Original"].data == original).all()
    assert _share(widget) != said_before
    assert widget.explanation.edit[_first(widget).direction.id] == pytest.approx(2.0, abs=0.01)
    assert _first(widget).value.text() == "+2.00"


def test_a_slider_stays_within_what_real_eyes_show(explained):
    _, widget = explained
    row = _first(widget)
    low, high = widget.explanation.strength_range(row.direction.id)
    assert (row.slider.minimum(), row.slider.maximum()) == pytest.approx((low, high), abs=0.01)
    row.slider.setValue(99)
    assert row.slider.value() <= high + 0.01


def test_explaining_twice_leaves_four_layers_and_the_rest_alone(explained, qtbot):
    viewer, widget = explained
    mine, photograph = viewer.layers["mine"], viewer.layers["photograph"]
    pixels = photograph.data.copy()
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    _settle(qtbot, widget)
    assert [layer.name.split(":")[0] for layer in viewer.layers] == ["photograph", "mine", *ROLES]
    assert (photograph.data == pixels).all()
    assert mine.visible
    assert mine.data.tolist() == [[1, 2]]
    assert viewer.layers.selection.active is None or viewer.layers.selection.active.name not in ("mine",)


def test_the_four_pictures_share_the_photographs_coordinates(explained):
    viewer, widget = explained
    left, top, right, bottom = widget.explanation.field.box
    for role in ROLES:
        layer = widget.layers[role]
        size = layer.data.shape[0]
        corner = np.asarray(layer.data_to_world((-0.5, -0.5)))
        end = np.asarray(layer.data_to_world((size - 0.5, size - 0.5)))
        assert corner == pytest.approx((top - 0.5, left - 0.5), abs=1e-3)
        assert end == pytest.approx((bottom - 0.5, right - 0.5), abs=1e-3)
    assert viewer.canvas.grid.enabled
    assert tuple(viewer.canvas.grid.shape) == (2, -1)
    widget.panel.looking.two_rows.setChecked(False)
    assert tuple(viewer.canvas.grid.shape) == (1, -1)


def test_the_scroll_bar_covers_nothing(explained, qtbot):
    _viewer, widget = explained
    scroll = widget.panel.findChild(VerticalScroll)
    widget.window().show()
    widget.window().resize(800, 500)
    qtbot.waitUntil(lambda: scroll.verticalScrollBar().isVisible())
    qtbot.waitUntil(lambda: scroll.viewport().width() >= scroll.widget().minimumSizeHint().width())
    row = _first(widget)
    end = row.reset.mapTo(scroll.viewport(), row.reset.rect().topRight()).x()
    assert end < scroll.viewport().width()


def test_the_difference_is_neutral_at_zero(explained):
    _viewer, widget = explained
    layer = widget.layers["Difference"]
    assert layer.contrast_limits[0] == -layer.contrast_limits[1]
    assert layer.colormap.map(np.array([0.5]))[0, :3] == pytest.approx((0, 0, 0), abs=0.01)
    assert (layer.data == 0).all()


def test_a_layer_that_was_removed_stays_away_until_the_next_explanation(explained, qtbot):
    viewer, widget = explained
    viewer.layers.remove(widget.layers["Difference"])
    _first(widget).slider.setValue(1.0)
    _settle(qtbot, widget)
    with pytest.raises(KeyError):
        widget.layers["Difference"]
    assert not any(layer.name.startswith("Difference") for layer in viewer.layers)
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    _settle(qtbot, widget)
    assert widget.layers["Difference"].name == "Difference"
    assert widget.layers["Difference"] in viewer.layers


def test_reset_one_reset_all_undo_redo(explained, qtbot):
    _, widget = explained
    one, two = list(widget.panel.sliders.rows.values())[:2]
    one.slider.setValue(1.0)
    two.slider.setValue(2.0)
    _settle(qtbot, widget)
    qtbot.mouseClick(one.reset, Qt.MouseButton.LeftButton)
    _settle(qtbot, widget)
    assert set(widget.explanation.edit.strengths) == {two.direction.id}
    assert one.slider.value() == pytest.approx(0, abs=0.01)
    qtbot.mouseClick(widget.panel.reset_all, Qt.MouseButton.LeftButton)
    _settle(qtbot, widget)
    assert not widget.explanation.edit
    widget.undo()
    _settle(qtbot, widget)
    assert set(widget.explanation.edit.strengths) == {two.direction.id}
    assert two.slider.value() == pytest.approx(2.0, abs=0.01)
    widget.undo()
    _settle(qtbot, widget)
    assert len(widget.explanation.edit.strengths) == 2
    widget.redo()
    widget.redo()
    _settle(qtbot, widget)
    assert not widget.explanation.edit
    assert not widget.panel.redo.isEnabled()


def test_double_click_resets_one(explained, qtbot):
    _, widget = explained
    row = _first(widget)
    row.slider.setValue(1.0)
    _settle(qtbot, widget)
    row.slider.double_clicked.emit()
    _settle(qtbot, widget)
    assert not widget.explanation.edit


def test_find_counterfactual_moves_the_sliders_and_can_be_undone(explained, qtbot):
    _, widget = explained
    qtbot.mouseClick(widget.panel.find, Qt.MouseButton.LeftButton)
    _settle(qtbot, widget)
    assert _first(widget).slider.value() == pytest.approx(1.5, abs=0.01)
    assert "Decision changes" in widget.panel.outcome.text()
    widget.undo()
    _settle(qtbot, widget)
    assert not widget.explanation.edit


def test_another_target_brings_its_own_sliders(explained, qtbot):
    _, widget = explained
    _first(widget).slider.setValue(1.0)
    widget.panel.target.activated.emit(0)
    _settle(qtbot, widget)
    assert widget.explanation.target == 0
    assert not widget.explanation.edit
    assert set(widget.panel.sliders.rows) == {d.id for d in widget.explanation.directions}
    widget.undo()  # the target before comes back with its sliders where they stood
    _settle(qtbot, widget)
    assert widget.explanation.target == 1
    assert _first(widget).slider.value() == pytest.approx(1.0, abs=0.01)
    assert widget.explanation.edit == Edit(strengths={_first(widget).direction.id: 1.0})


def test_the_widget_follows_a_program_that_moves_the_explanation(explained, qtbot):
    _, widget = explained
    row = _first(widget)
    widget.explanation.set_strength(row.direction.id, -1.0)
    assert row.slider.value() == pytest.approx(-1.0, abs=0.01)
    widget.undo()
    _settle(qtbot, widget)
    assert row.slider.value() == pytest.approx(0.0, abs=0.01)


def test_while_a_slider_is_dragged_only_the_newest_edit_waits(explained, qtbot):
    _, widget = explained
    explanation, row = widget.explanation, _first(widget)
    explanation.slow = 0.1
    explanation.rendered.clear()
    row.slider.setSliderDown(True)
    for value in np.linspace(0.1, 2.0, 20):
        row.slider.setValue(float(value))
    row.slider.setSliderDown(False)
    _settle(qtbot, widget)
    assert len(explanation.rendered) <= 4
    assert explanation.edit[row.direction.id] == pytest.approx(2.0, abs=0.01)
    widget.undo()  # the whole drag is one step
    _settle(qtbot, widget)
    assert not explanation.edit


def test_cancel_stops_the_explanation(make_widget, qtbot):
    def endless(explainer, photograph, *, progress):
        while True:
            progress("Refining", 0.3)
            time.sleep(0.005)

    viewer, widget = make_widget(explain=endless)
    widget.explain()
    qtbot.waitUntil(lambda: "Refining" in widget.panel.message.text())
    assert not widget.panel.explain.isEnabled()
    qtbot.mouseClick(widget.panel.cancel, Qt.MouseButton.LeftButton)
    _settle(qtbot, widget)
    assert widget.panel.message.text() == "Stopped."
    assert widget.panel.explain.isEnabled()
    assert "Original" not in viewer.layers


def test_a_refusal_is_one_sentence(make_widget, qtbot, said):
    def refuse(explainer, photograph, *, progress):
        msg = "eye0.png shows no retinal fundus; choose a colour fundus photograph."
        raise NotAFundusError(msg)

    viewer, widget = make_widget(explain=refuse)
    widget.explain()
    _settle(qtbot, widget)
    assert said == [("error", "eye0.png shows no retinal fundus; choose a colour fundus photograph.")]
    assert "Original" not in viewer.layers
    assert widget.panel.explain.isEnabled()


def test_an_unforeseen_error_is_a_sentence_too(make_widget, qtbot, said):
    _, widget = make_widget(load=lambda bundle, device: {}["weights"])
    widget.explain()
    _settle(qtbot, widget)
    assert said[0][0] == "error"
    assert "KeyError" in said[0][1]
    assert "\n" not in said[0][1]


def test_without_a_photograph_it_says_what_to_do(make_widget, said):
    viewer, widget = make_widget()
    viewer.layers.remove(viewer.layers["photograph"])
    widget.explain()
    assert said[0][0] == "warning"
    assert "Choose a photograph" in said[0][1]


def test_a_file_is_read_and_the_model_loaded_once(make_widget, qtbot, fakes, tmp_path):
    loads, reads = [], []

    def read(path):
        reads.append(path)
        return fakes.fake_photograph(3)

    viewer, widget = make_widget(
        load=lambda bundle, device: loads.append((bundle, device)) or fakes.fake_explainer(), read=read
    )
    widget.open_photograph(tmp_path / "eye.png")
    for _ in range(2):
        with qtbot.waitSignal(widget.explained):
            widget.explain()
        _settle(qtbot, widget)
    assert reads == [tmp_path / "eye.png"] * 2
    assert loads == [(None, "auto")]
    assert viewer.layers["photograph"].visible  # another picture than the one explained


def test_a_layers_file_is_read_again(make_widget, qtbot, fakes, tmp_path):
    reads = []

    def read(path):
        reads.append(path)
        return fakes.fake_photograph(3)

    viewer, widget = make_widget(read=read)
    file = tmp_path / "eye.png"
    file.write_bytes(b"x")
    viewer.add_image(
        fakes.fake_photograph().pixels.copy(),
        rgb=True,
        name="f",
        metadata={"latent_explain": {"source": str(file)}},
    )
    assert widget.photograph.choice.currentText() == "f"
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    assert reads == [file]


def test_export_writes_what_is_shown(explained, qtbot, tmp_path, monkeypatch, said):
    _viewer, widget = explained
    _first(widget).slider.setValue(2.0)
    _settle(qtbot, widget)
    path = tmp_path / "panel.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    with qtbot.waitSignal(widget.exported):
        qtbot.mouseClick(widget.panel.export, Qt.MouseButton.LeftButton)
    assert path.read_bytes() == widget.layers["Counterfactual"].data.tobytes()
    assert said[-1] == ("info", f"Panel written to {path}.")
    assert widget.explanation.checked == [widget.explanation.edit]  # no panel goes round without its controls


def test_closing_while_it_works_leaves_no_thread(make_widget, qtbot):
    def endless(explainer, photograph, *, progress):
        while True:
            progress("Refining", 0.3)
            time.sleep(0.005)

    viewer, widget = make_widget(explain=endless)
    widget.explain()
    qtbot.waitUntil(lambda: "Refining" in widget.panel.message.text())
    viewer.window.remove_dock_widget(widget)
    widget.close()
    assert not [t for t in threading.enumerate() if t.name == "latent-explain-worker"]
    viewer.layers.clear()  # nobody listens any more


def test_closing_shows_the_photograph_again(explained):
    viewer, widget = explained
    assert not viewer.layers["photograph"].visible
    widget.close()
    assert viewer.layers["photograph"].visible


def test_it_says_that_it_is_no_diagnosis_and_names_what_it_shows(explained):
    viewer, widget = explained
    assert widget.panel.banner.text() == BANNER
    assert BANNER in viewer.canvas.overlays["text"].text
    assert "Right eye (OD)" in widget.panel.facts.text()
    assert "dark" in widget.panel.facts.text()
    assert "0.52" in widget.panel.gap.text()
    for row in widget.panel.sliders.rows.values():
        assert row.slider.accessibleName()
        assert row.slider.toolTip()
        assert "log odds" in row.effect.text()
        assert "points" in row.effect.text()


def test_an_edit_asked_for_by_a_program_is_rendered(explained, qtbot):
    _, widget = explained
    edit = Edit(strengths={_first(widget).direction.id: 0.7})
    widget.set_edit(edit)
    _settle(qtbot, widget)
    assert widget.explanation.edit == edit


def test_a_full_graphics_processor_gives_way_to_the_main_one(make_widget, fakes, qtbot, settle, said):
    import torch

    loaded, tried = [], []

    def load(bundle, device):
        loaded.append(device)
        explainer = fakes.fake_explainer()
        explainer.device = "cpu" if device == "cpu" else "cuda:0"
        return explainer

    def explain(explainer, photograph, *, progress):
        tried.append(explainer.device)
        if explainer.device != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return fakes.fake_explain(explainer, photograph, progress=progress)

    _, widget = make_widget(load=load, explain=explain)
    with qtbot.waitSignal(widget.explained):
        widget.explain()
    settle(widget)
    assert tried == ["cuda:0", "cpu"]
    assert widget.panel.model.device == "cpu"
    assert [kind for kind, _ in said] == ["warning"]
    assert "graphics processor is full" in said[0][1]
    widget.explain()  # the model that is loaded by now is used
    settle(widget)
    assert loaded == ["auto", "cpu"]


def test_one_move_is_one_rendering(explained, qtbot, settle):
    _, widget = explained
    settle(widget)
    rendered = len(widget.explanation.rendered)
    _first(widget).slider.setValue(1.0)
    settle(widget)
    assert len(widget.explanation.rendered) == rendered + 1
