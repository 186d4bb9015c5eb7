"""Text can be read in napari's dark and light themes, and what has the focus can be seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from superqt import QCollapsible

from drawn_contrast import illegible, texts, without_visible_focus
from napari_latent_explain.domain import SaliencyMethod

pytestmark = pytest.mark.gui


@pytest.fixture
def whole(make_widget, fakes, qtbot, settle):
    """The widget with everything unfolded, shown, and tall enough that nothing is scrolled away."""

    def explain(explainer, photograph, *, progress):
        return fakes.FakeExplanation(explainer, replace(photograph, spacing_mm=(0.01, 0.01)))

    viewer, widget = make_widget(explain=explain)
    window = widget.window()
    window.resize(1400, 2600)
    with qtbot.waitExposed(window):
        window.show()
    with qtbot.waitSignal(widget.explained, timeout=60_000):
        widget.explain()
    settle(widget)
    widget.find_counterfactual()
    settle(widget)
    widget.compare(SaliencyMethod.GRADCAM)
    settle(widget)
    widget.panel.looking.magnified.click()
    for section in widget.findChildren(QCollapsible):
        section.expand(animate=False)
    qtbot.wait(100)
    return viewer, widget


def test_every_text_stands_out_and_every_control_shows_the_focus_in_dark_and_light(whole, qtbot):
    viewer, widget = whole
    for theme in ("dark", "light"):
        viewer.theme = theme
        qtbot.wait(200)
        seen = {text for _, text, _ in texts(widget)}
        for expected in (
            "Find counterfactual",
            "painted",
            "Outline what changed",
            "Find a direction",
            "Open...",
            "move the",
        ):
            assert any(expected in text for text in seen), expected
        assert len(seen) > 50
        assert not illegible(widget), theme
        assert not without_visible_focus(widget), theme


def test_the_measure_finds_what_can_not_be_read(qtbot):
    root = QWidget()
    column = QVBoxLayout(root)
    faint, strong, empty, flat = QLabel("faint"), QLabel("strong"), QLineEdit(), QPushButton("flat")
    empty.setPlaceholderText("placeholder")
    styles = (
        "color: #777; background: #999;", "color: black; background: white;",
        "placeholder-text-color: #aaa; background: white;", "border: none; outline: none;",
    )  # fmt: skip
    for part, style in zip((faint, strong, empty, flat), styles, strict=True):
        part.setStyleSheet(style)
        column.addWidget(part)
    qtbot.addWidget(root)
    with qtbot.waitExposed(root):
        root.show()
    found = " ".join(illegible(root))
    assert "faint" in found
    assert "placeholder" in found
    assert "strong" not in found
    assert "flat" in " ".join(without_visible_focus(root))


def test_a_review_can_be_read_and_shows_the_focus_too(make_napari_viewer_proxy, qtbot):
    from napari_latent_explain._qt import ReviewWidget

    viewer = make_napari_viewer_proxy(show=True)
    widget = ReviewWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Review", area="right")
    try:
        with qtbot.waitExposed(widget.window()):
            widget.window().show()
        widget.chooser.say("There is no study in this folder.")
        for theme in ("dark", "light"):
            viewer.theme = theme
            qtbot.wait(200)
            seen = {text for _, text, _ in texts(widget)}
            for expected in ("Begin, or go on", "study.json", "Letters and digits", "no study"):
                assert any(expected in text for text in seen), (expected, seen)
            assert not illegible(widget), theme
            assert not without_visible_focus(widget), theme
    finally:
        widget.close_down()
