"""Of a file with several pictures, one is chosen, explained, and shown again when the project is opened again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom")
sys.path.insert(0, str(Path(__file__).parents[1] / "test_fundus"))
from dicom_files import dicom_dataset, to_bytes

from napari_latent_explain._napari.reader import read_layer
from napari_latent_explain.fundus import read_photograph, simulate

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def eyes():
    """Three simulated eyes, (3, 128, 128, 3) uint8."""
    return np.stack([simulate(seed=seed, size=128).picture for seed in (3, 4, 5)])


@pytest.fixture
def several(tmp_path, eyes):
    """A DICOM file that holds them."""
    path = tmp_path / "visit.dcm"
    path.write_bytes(to_bytes(dicom_dataset(eyes)))
    return path


@pytest.fixture
def explain(qtbot):
    """Have the chosen photograph explained, and wait until it is kept."""

    def explained(widget, ask=None):
        with qtbot.waitSignal(widget.explained, timeout=60_000):
            (ask or widget.explain)()
        parts = (widget, widget.ahead, widget.project.keeper)
        qtbot.waitUntil(lambda: not any(part.busy for part in parts), timeout=60_000)

    return explained


def test_the_frame_that_is_chosen_is_explained_and_comes_back(open_window, explain, several, eyes, qtbot, said):
    _, widget = open_window()
    frames = widget.photograph.frames
    widget.open_photograph(several)
    qtbot.waitUntil(lambda: not frames.isHidden(), timeout=60_000)
    assert frames.text() == "frame 1 of 3"
    frames.setFocus()
    frames.stepUp()
    explain(widget)
    assert np.array_equal(widget.explanation.photograph.pixels, eyes[1])
    assert "Frame 2" in widget.panel.facts.text()
    before = widget.explanation
    next(iter(widget.panel.sliders.rows.values())).slider.setValue(1.0)
    qtbot.waitUntil(lambda: not widget.busy and not widget.project.keeper.busy, timeout=60_000)
    edit = widget.explanation.edit
    widget.close_down()

    _, widget = open_window()
    explain(widget, ask=lambda: None)
    frames = widget.photograph.frames
    assert widget.explanation is not before
    assert widget.explanation.photograph.frame == 1
    assert np.array_equal(widget.explanation.photograph.pixels, eyes[1])
    assert widget.explanation.edit == edit
    qtbot.waitUntil(lambda: not frames.isHidden(), timeout=60_000)
    assert frames.text() == "frame 2 of 3"
    frames.stepUp()
    explain(widget)
    assert np.array_equal(widget.explanation.photograph.pixels, eyes[2])
    case = widget.project.project[several]
    assert (case.frame, case.sha256) == (2, read_photograph(several, 2).sha256)
    assert not said


def test_a_layer_says_which_frame_it_shows(open_window, explain, several, eyes, qtbot):
    viewer, widget = open_window()
    for frame in (0, 2):
        data, given, _ = read_layer(several, frame)
        assert given["metadata"]["latent_explain"]["frame"] == frame
        viewer.add_image(data, **(given | {"name": f"layer {frame}"}))
    frames = widget.photograph.frames
    qtbot.waitUntil(lambda: not frames.isHidden(), timeout=60_000)
    assert frames.text() == "frame 3 of 3"
    explain(widget)
    assert np.array_equal(widget.explanation.photograph.pixels, eyes[2])
    assert not viewer.layers["layer 2"].visible  # the same picture twice only takes room
    widget.photograph.choice.setCurrentIndex(0)
    qtbot.waitUntil(lambda: frames.text() == "frame 1 of 3", timeout=60_000)
    frames.stepUp()
    explain(widget)
    assert np.array_equal(widget.explanation.photograph.pixels, eyes[1])
    assert viewer.layers["layer 0"].visible  # it shows another one


def test_a_file_with_one_picture_asks_nothing(explained, qtbot, tmp_path):
    _, widget = explained
    frames = widget.photograph.frames
    (tmp_path / "eye.png").write_bytes(b"no DICOM")
    widget.open_photograph(tmp_path / "eye.png")
    qtbot.waitUntil(lambda: not frames.busy, timeout=60_000)
    assert frames.isHidden()
    assert frames.frame == 0
