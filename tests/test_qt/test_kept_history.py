"""Undo goes back beyond the closing of a window, and a history that is no good costs nothing but itself."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from qtpy.QtCore import Qt

from napari_latent_explain._qt.history import History, Stand
from napari_latent_explain._qt.kept_history import MOST_BYTES, MOST_STANDS, About, read_history, write_history
from napari_latent_explain.domain import Edit, ExportError, Mix, Naming, Region
from napari_latent_explain.fundus import simulate
from quick_explanation import quick

ABOUT = About(photograph="ab" * 32, model="cd" * 32, directions="ef" * 32)
SQUARE = Region(outlines=(((20.0, 20.0), (20.0, 110.0), (110.0, 110.0), (110.0, 20.0)),))


def _row(count):
    """A history of so many steps, in the last of which a region was drawn and a name given."""
    history = History()
    for number in range(1, count):
        history.push(Stand(mix=Mix(edit=Edit(strengths={"a": number / 100}), muted=frozenset({"b"}))))
    names = {"a": Naming.now("exudates", "rater 3")}
    history.push(Stand(1, history.current.mix, SQUARE, names))
    return history


def test_a_history_comes_back_as_it_was(tmp_path):
    history = _row(5)
    history.undo()
    write_history(tmp_path, ABOUT, history)
    back = read_history(tmp_path, ABOUT)
    assert (back.stands, back.at) == (history.stands, history.at)
    assert back.redo().names["a"].name == "exudates"


def test_the_oldest_are_left_out_and_where_we_are_is_kept(tmp_path):
    history = _row(MOST_STANDS + 40)
    write_history(tmp_path, ABOUT, history)
    back = read_history(tmp_path, ABOUT)
    assert len(back.stands) == MOST_STANDS
    assert back.current == history.current
    while history.can_undo:
        history.undo()
    write_history(tmp_path, ABOUT, history)  # everything undone: the first ones count now
    back = read_history(tmp_path, ABOUT)
    assert back.current == Stand()
    assert back.can_redo


def test_however_much_was_drawn_the_file_stays_small(tmp_path):
    history = History()
    for number in range(60):
        outline = tuple((float(k), number + k / 3) for k in range(2000))
        history.push(Stand(region=Region(outlines=(outline,))))
    write_history(tmp_path, ABOUT, history)
    assert (tmp_path / "history.json").stat().st_size <= MOST_BYTES
    back = read_history(tmp_path, ABOUT)
    assert back.current == history.current
    assert back.can_undo
    huge = tuple(tuple((float(k), n + k / 3) for k in range(9000)) for n in range(20))
    history.push(Stand(region=Region(outlines=huge)))
    write_history(tmp_path, ABOUT, history)
    assert read_history(tmp_path, ABOUT) is None  # not an older one, which would lead elsewhere


@pytest.mark.parametrize("content", [
    b"{", b"", b"[]", b"\xff" * 40, b'{"format": 2}', b"[" * 100_000, b"x" * (MOST_BYTES + 1),
])  # fmt: skip
def test_a_history_that_can_not_be_read_is_none(tmp_path, content):
    (tmp_path / "history.json").write_bytes(content)
    assert read_history(tmp_path, ABOUT) is None


def test_a_history_of_something_else_or_with_numbers_that_lead_nowhere_is_none(tmp_path):
    write_history(tmp_path, ABOUT, _row(4))
    path = tmp_path / "history.json"
    kept = json.loads(path.read_text())
    for about in (ABOUT.replace(photograph="00" * 32), ABOUT.replace(model="00" * 32), ABOUT.replace(directions="")):
        assert read_history(tmp_path, about) is None
    last = kept["stands"][-1]
    for change in ({"at": 9}, {"stands": []}, {"stands": [last | {"region": 1}], "at": 0}, {"names": []}):
        path.write_text(json.dumps(kept | change))
        assert read_history(tmp_path, ABOUT) is None
    path.write_text(json.dumps(kept))
    assert read_history(tmp_path, ABOUT) is not None


def test_a_history_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_history(tmp_path, ABOUT, _row(4))
    before = (tmp_path / "history.json").read_bytes()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError):
        write_history(tmp_path, ABOUT, _row(9))
    assert [path.name for path in tmp_path.iterdir()] == ["history.json"]
    assert (tmp_path / "history.json").read_bytes() == before


# -- in the window ------------------------------------------------------------------------------------------------


@pytest.fixture
def open_window(make_napari_viewer_proxy, said, small_explainer, tmp_path, qtbot):
    """A widget that has taken up what a project shows, or has had a photograph explained."""
    from napari_latent_explain._qt import ExplainWidget

    Image.fromarray(simulate(seed=3, size=128).picture).save(tmp_path / "eye.png")
    opened = []

    def make():
        viewer = make_napari_viewer_proxy()
        widget = ExplainWidget(
            viewer, project=tmp_path / "project", load=lambda bundle, device: small_explainer, explain=quick
        )
        viewer.window.add_dock_widget(widget, name="Latent explain")
        opened.append(widget)
        with qtbot.waitSignal(widget.explained, timeout=60_000):
            if len(opened) == 1:
                widget.open_photograph(tmp_path / "eye.png")
                widget.explain()
        return widget

    yield make
    for widget in opened:
        widget.close_down()


@pytest.fixture
def still(qtbot):
    def wait(widget):
        parts = (widget, widget.ahead, widget.project.keeper)
        qtbot.waitUntil(lambda: not any(part.busy for part in parts), timeout=60_000)

    return wait


def _moved(widget, still):
    """Move a slider, move it again, and draw a region: three steps."""
    slider = next(iter(widget.panel.sliders.rows.values())).slider
    edits = [widget.explanation.edit]
    for share in (0.4, 0.8):
        slider.setValue(share * (slider.maximum() or slider.minimum()))
        still(widget)
        edits.append(widget.explanation.edit)
    assert len(set(map(str, edits))) == 3
    widget.set_region(SQUARE)
    still(widget)
    return edits


@pytest.mark.gui
def test_undo_and_redo_go_on_where_the_window_was_closed(open_window, still, qtbot, said):
    widget = open_window()
    still(widget)
    edits = _moved(widget, still)
    key = next(iter(widget.panel.sliders.rows))
    widget.rename(key, "exudates")
    still(widget)
    qtbot.mouseClick(widget.panel.undo, Qt.MouseButton.LeftButton)  # the name
    still(widget)
    widget.close_down()

    widget = open_window()
    still(widget)
    assert widget.panel.undo.isEnabled()
    assert widget.panel.redo.isEnabled()
    assert widget.explanation.region == SQUARE
    qtbot.mouseClick(widget.panel.undo, Qt.MouseButton.LeftButton)
    still(widget)
    assert widget.explanation.region is None
    for edit in (edits[1], edits[0]):
        qtbot.mouseClick(widget.panel.undo, Qt.MouseButton.LeftButton)
        still(widget)
        assert widget.explanation.edit == edit
    assert not widget.panel.undo.isEnabled()
    for _ in range(4):
        qtbot.mouseClick(widget.panel.redo, Qt.MouseButton.LeftButton)
        still(widget)
    assert widget.explanation.edit == edits[2]
    assert widget.explanation.region == SQUARE
    assert widget.panel.sliders.rows[key].name.text() == "exudates"
    assert not widget.panel.redo.isEnabled()
    assert not said


@pytest.mark.gui
def test_a_damaged_history_begins_anew_and_nothing_else_is_lost(open_window, still, said, tmp_path):
    widget = open_window()
    still(widget)
    edits = _moved(widget, still)
    widget.close_down()
    (path,) = tmp_path.rglob("history.json")
    path.write_text("{")
    widget = open_window()
    still(widget)
    assert widget.explanation.edit == edits[2]
    assert widget.explanation.region == SQUARE
    assert not widget.panel.undo.isEnabled()
    assert not said
    assert read_history(path.parent, About(**json.loads(path.read_text())["about"])).current.region == SQUARE


@pytest.mark.gui
def test_names_given_elsewhere_meanwhile_are_not_undone(open_window, still, said, tmp_path):
    from napari_latent_explain.cohort import Project

    widget = open_window()
    still(widget)
    edits = _moved(widget, still)
    key, model = next(iter(widget.panel.sliders.rows)), widget.explanation.explainer.identity.sha256
    widget.close_down()
    project = Project.open(tmp_path / "project")
    project.keep_names(model, {key: Naming.now("haemorrhages")})
    project.close()
    widget = open_window()
    still(widget)
    for _ in range(2):
        widget.undo()
        still(widget)
    assert widget.explanation.edit == edits[1]
    assert widget.panel.sliders.rows[key].name.text() == "haemorrhages"
