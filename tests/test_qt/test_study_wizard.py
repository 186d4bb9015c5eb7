"""The wizard with real keys and clicks: what is typed is the plan, what is refused is said, and stopping leaves no study."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_latent_explain._qt import model_chooser, verbs
from napari_latent_explain._qt.reviewing import review_widget
from napari_latent_explain._qt.reviewing.study_wizard import StudyWizard
from napari_latent_explain._qt.reviewing.study_words import said_left, said_plan, said_protocol, said_time
from napari_latent_explain.cohort.study_plan import MOST_ITEMS, StudyPlan
from napari_latent_explain.domain import BundleError, StudyError
from napari_latent_explain.model.downloads import Download
from napari_latent_explain.review import Study, load_protocol, ready_protocols

pytestmark = pytest.mark.gui

_SPEC = importlib.util.spec_from_file_location(
    "study_to_make", Path(__file__).parents[1] / "test_review" / "conftest.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_STUDIES = importlib.util.module_from_spec(_SPEC)
sys.modules["study_to_make"] = _STUDIES
_SPEC.loader.exec_module(_STUDIES)

LEFT, RETURN, CONTROL = Qt.MouseButton.LeftButton, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier


class FakeMaker:
    """Makes small studies, and waits or fails where a test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []
        self.loaded: list[tuple] = []
        self.threads: list[threading.Thread] = []
        self.left_out: dict[str, str] = {}
        self.error: Exception | None = None
        self.go, self.late = threading.Event(), threading.Event()
        self.go.set()
        self.late.set()

    def load(self, bundle, device):
        self.loaded.append((bundle, device))
        return "the model"

    def make(self, explainer, photographs, folder, plan, *, created, progress):
        self.threads.append(threading.current_thread())
        self.asked.append((explainer, tuple(photographs), folder, plan))
        progress("Looking for the photograph", 0.3)
        while not self.go.wait(0.01):
            progress("Looking for the photograph", 0.3)
        if self.error is not None:
            raise self.error
        study = _STUDIES.make_study(folder, photographs=len(photographs), directions=plan.directions)
        (folder / "study.json").unlink()
        study = study.replace(
            title=plan.title, protocol=plan.protocol, raters=plan.raters, seed=plan.seed, created=created
        )
        study.write(folder)
        self.late.wait(10)
        return study, self.left_out


@pytest.fixture
def maker():
    made = FakeMaker()
    yield made
    made.go.set()
    made.late.set()


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(3):
        (folder / f"p{number}.png").write_bytes(bytes([number]))
    return folder


@pytest.fixture
def wizard(maker, qtbot):
    made = StudyWizard(load_explainer=maker.load, make_study=maker.make)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
    qtbot.waitUntil(lambda: not _workers())


def _workers():
    return [thread for thread in threading.enumerate() if thread.name == "latent-explain-worker"]


def _click(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def _refused(wizard, words):
    return not wizard.next.isEnabled() and wizard.problem.isVisible() and words in wizard.problem.text()


def _to_protocol(wizard, qtbot, folder):
    wizard.photographs.add_folder(folder)
    qtbot.waitUntil(wizard.next.isEnabled)
    _click(qtbot, wizard.next)
    assert wizard.page is wizard.protocol


def _to_making(wizard, qtbot, photographs, folder, raters="r1"):
    _to_protocol(wizard, qtbot, photographs)
    _click(qtbot, wizard.next)
    wizard.raters.folder.setText(str(folder))
    wizard.raters.names.setPlainText(raters)
    _click(qtbot, wizard.next)
    assert wizard.page is wizard.making


def test_what_is_typed_is_the_plan(wizard, maker, photographs, tmp_path, qtbot, monkeypatch):
    files = sorted(photographs.iterdir())
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path) for path in files], ""))
    _click(qtbot, wizard.photographs.files)
    assert wizard.photographs.count.text() == "3 photographs"
    wizard.photographs.model.choose(tmp_path, "cpu")
    qtbot.keyClick(wizard.next, RETURN)
    page = wizard.protocol
    for spin, typed in ((page.directions, "2"), (page.catch_share, "20"), (page.washout_days, "14")):
        spin.setFocus()
        spin.selectAll()
        qtbot.keyClicks(spin, typed)
    assert "14 days" in page.text.toPlainText()
    assert "20 for every 100" in page.text.toPlainText()
    qtbot.keyClick(page.choice, RETURN)
    qtbot.keyClicks(wizard.raters.title, "Two directions")
    qtbot.keyClicks(wizard.raters.folder, str(tmp_path / "made"))
    for rater in ("r1", "second_reader"):
        qtbot.keyClicks(wizard.raters.names, rater)
        qtbot.keyClick(wizard.raters.names, RETURN)
    wizard.raters.seed.selectAll()
    qtbot.keyClicks(wizard.raters.seed, "42")
    _click(qtbot, wizard.next)
    summary = wizard.making.summary.text()
    for words in (
        "'Two directions'",
        "3 photographs x 2 directions = 6 items",
        "8 trials a rater",
        "r1, second_reader",
    ):
        assert words in summary
    with qtbot.waitSignal(wizard.made, timeout=10_000) as heard:
        qtbot.keyClick(wizard.next, RETURN)
    assert heard.args == [str(tmp_path / "made")]
    protocol = load_protocol("attribute-review").replace(catch_share=0.2, washout_days=14)
    plan = StudyPlan("Two directions", protocol, ("r1", "second_reader"), directions=2, seed=42)
    assert maker.asked == [("the model", tuple(files), tmp_path / "made", plan)]
    assert maker.loaded == [(tmp_path, "cpu")]
    assert maker.threads[0] is not threading.main_thread()
    assert Study.open(tmp_path / "made").raters == ("r1", "second_reader")
    assert "6 items of 3 photographs, 8 trials" in wizard.making.outcome.text()
    assert (wizard.next.text(), wizard.away.text()) == ("&Review it now", "Close")
    assert not wizard.back.isEnabled()


def test_photographs_are_listed_once_and_taken_away(wizard, photographs, tmp_path, qtbot, monkeypatch):
    assert _refused(wizard, "Add the photographs")
    page = wizard.photographs
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(photographs))
    _click(qtbot, page.folder)
    qtbot.waitUntil(lambda: len(page.photographs) == 3)
    page.add_files([photographs / "p1.png"])
    assert len(page.photographs) == 3
    page.list.setCurrentRow(0)
    _click(qtbot, page.remove)
    page.list.setFocus()
    page.list.setCurrentRow(0)
    qtbot.keyClick(page.list, Qt.Key.Key_Delete)
    assert page.photographs == (photographs / "p2.png",)
    qtbot.keyClick(page.list, Qt.Key.Key_A, CONTROL)
    _click(qtbot, page.remove)
    assert _refused(wizard, "Add the photographs")
    (tmp_path / "empty").mkdir()
    page.add_folder(tmp_path / "empty")
    qtbot.waitUntil(lambda: _refused(wizard, "There is no JPEG"))
    page.add_files([photographs / "p1.png"])
    assert wizard.next.isEnabled()
    assert wizard.problem.isHidden()


def test_an_empty_folder_does_not_stand_in_the_way_of_the_photographs_that_are_there(
    wizard, photographs, tmp_path, qtbot
):
    wizard.photographs.add_files([photographs / "p1.png"])
    (tmp_path / "empty").mkdir()
    wizard.photographs.add_folder(tmp_path / "empty")
    qtbot.waitUntil(lambda: "There is no JPEG" in wizard.problem.text())
    assert wizard.problem.isVisible()
    _click(qtbot, wizard.next)
    assert wizard.page is wizard.protocol
    assert wizard.problem.isHidden()


def test_directions_that_are_chosen_for_a_study_are_those_it_is_made_with(
    wizard, maker, photographs, tmp_path, qtbot, monkeypatch
):
    found = tmp_path / "found.json"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(found), ""))
    monkeypatch.setattr(verbs, "with_directions", lambda explainer, path: (explainer, path))
    directions = wizard.photographs.model.directions
    for file in (found, None, found):
        _click(qtbot, directions.browse) if file else directions.ask_for(None)
        assert wizard.request.model.directions == file
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    assert f"Directions: those of {found}" in wizard.making.summary.text()
    with qtbot.waitSignal(wizard.made, timeout=10_000):
        _click(qtbot, wizard.next)
    assert maker.asked[0][0] == ("the model", found)


def test_directions_of_another_model_are_refused(wizard, photographs, tmp_path, qtbot, monkeypatch):
    def refuse(_explainer, _path):
        msg = "The directions were measured with another generator."
        raise BundleError(msg)

    monkeypatch.setattr(verbs, "with_directions", refuse)
    wizard.photographs.model.directions.ask_for(tmp_path / "found.json")
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    with qtbot.waitSignal(wizard.making.failed, timeout=10_000):
        _click(qtbot, wizard.next)
    assert "There is no study. The directions were measured" in wizard.making.outcome.text()


@pytest.fixture
def offer(monkeypatch, tmp_path):
    """Offer a model that is not on this machine; its download waits until it is told how to end."""
    download = Download(
        name="large", title="A large model", address="https://m.org/", sha256="0" * 64, bytes=24_000_000
    )
    monkeypatch.setattr(model_chooser, "DOWNLOADS", (download,))
    monkeypatch.setattr(model_chooser, "fetched_bundle", lambda _: None)
    end: list[Exception | None] = []

    def fetch(name, progress):
        while not end:
            progress("Downloading", 0.25)
            threading.Event().wait(0.01)
        if end[0] is not None:
            raise end[0]
        return name, tmp_path / "large"

    monkeypatch.setattr(verbs, "fetch", fetch)
    yield end.append
    end.append(None)


def _choose_large(wizard, qtbot):
    wizard.photographs.model.model.setCurrentIndex(1)
    qtbot.waitUntil(lambda: wizard.photographs.fetching.said.text() == "Downloading (25 %)")
    assert wizard.photographs.fetching.isVisible()
    assert _refused(wizard, "being downloaded")
    assert not wizard.photographs.model.isEnabled()


def test_a_model_that_is_not_here_is_fetched_with_progress(offer, wizard, photographs, tmp_path, qtbot):
    wizard.photographs.add_files([photographs / "p1.png"])
    _choose_large(wizard, qtbot)
    offer(None)
    qtbot.waitUntil(wizard.next.isEnabled)
    assert wizard.request.model.bundle == tmp_path / "large"
    assert wizard.photographs.fetching.isHidden()


@pytest.mark.parametrize("way", ["refused", "stopped"])
def test_a_model_that_is_not_fetched_leaves_the_one_before_and_says_why(offer, wizard, photographs, qtbot, way):
    wizard.photographs.add_files([photographs / "p1.png"])
    _choose_large(wizard, qtbot)
    if way == "refused":
        offer(BundleError("The model large could not be downloaded."))
    else:
        _click(qtbot, wizard.photographs.fetching.stop)
    qtbot.waitUntil(wizard.next.isEnabled)
    said = "The model large could not be downloaded." if way == "refused" else "Stopped."
    assert wizard.photographs.fetching.said.text() == said
    assert wizard.photographs.fetching.isVisible()
    assert wizard.photographs.model.isEnabled()
    assert wizard.request.model.bundle is None


def test_closing_during_a_download_leaves_no_thread(offer, wizard, qtbot):
    _choose_large(wizard, qtbot)
    wizard.close()
    qtbot.waitUntil(lambda: not _workers())


@pytest.mark.parametrize(
    ("content", "words"), [(b"{", "is damaged"), (b'{"name": "x"}', "is damaged at 'title'"), (b'{"format": 7}', "newer version")]
)  # fmt: skip
def test_a_protocol_of_ones_own_that_is_none(wizard, photographs, tmp_path, qtbot, monkeypatch, content, words):
    _to_protocol(wizard, qtbot, photographs)
    path = tmp_path / "own.json"
    path.write_bytes(content)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    _click(qtbot, wizard.protocol.own)
    assert _refused(wizard, words)
    tree = (
        load_protocol("realism-2afc")
        .replace(name="own", title="<b>My own</b>", catch_share=0.125)
        .model_dump(mode="json")
    )
    path.write_text(json.dumps(tree))
    _click(qtbot, wizard.protocol.own)  # mended, and chosen again
    assert wizard.next.isEnabled()
    assert wizard.protocol.directions.isHidden()
    assert wizard.protocol.protocol.catch_share == 0.125
    path.unlink()
    _click(qtbot, wizard.protocol.own)
    assert _refused(wizard, "There is no protocol")
    wizard.protocol.choice.setCurrentIndex(0)
    assert wizard.next.isEnabled()


@pytest.mark.parametrize(
    ("spin", "number", "words"),
    [("catch_share", 51, "Catch trials: at most 50 % of the items."), ("repeat_share", 100, "Repeats: at most 50 %"),
     ("washout_days", 366, "Washout: at most 365 days.")],
)  # fmt: skip
def test_numbers_that_no_protocol_has(wizard, photographs, qtbot, spin, number, words):
    _to_protocol(wizard, qtbot, photographs)
    box = getattr(wizard.protocol, spin)
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, str(number))
    assert _refused(wizard, words)
    qtbot.keyClick(wizard, RETURN)
    assert wizard.page is wizard.protocol
    box.selectAll()
    qtbot.keyClicks(box, "0")
    assert wizard.next.isEnabled()
    assert getattr(wizard.protocol.protocol, spin) == 0


def test_a_protocol_stays_as_it_is_if_nobody_changes_it(wizard):
    for index, name in enumerate(ready_protocols()):
        wizard.protocol.choice.setCurrentIndex(index)
        assert wizard.protocol.protocol == load_protocol(name)
        text = wizard.protocol.text.toPlainText()
        assert all(question.text in text for question in load_protocol(name).questions)


def test_raters_and_folders_that_are_refused(wizard, photographs, tmp_path, qtbot):
    _to_protocol(wizard, qtbot, photographs)
    _click(qtbot, wizard.next)
    assert _refused(wizard, "Name the folder")
    (tmp_path / "file").touch()
    _STUDIES.make_study(tmp_path / "there", photographs=1, directions=1)
    for folder, words in (
        ("part/of/a/path", "whole path"), (tmp_path / "file", "is a file"), (tmp_path / "there", "There is a study in"),
        (tmp_path / ("x" * 300), "can't be a folder"),
    ):  # fmt: skip
        wizard.raters.folder.setText(str(folder))
        assert _refused(wizard, words)
    wizard.raters.folder.setText(str(tmp_path / "new"))
    assert wizard.next.isEnabled()
    for raters, words in (
        ("r1\nJane Doe", "'Jane Doe' is no pseudonym"), ("-r", "'-r' is no"), ("a" * 41, "is no pseudonym"),
        ("r1\nr2\nR1", "'R1' stands there twice"), ("Jürgen", "is no pseudonym"),
    ):  # fmt: skip
        wizard.raters.names.setPlainText(raters)
        assert _refused(wizard, words)
    wizard.raters.names.setPlainText("\n r1 \n\n")
    assert wizard.next.isEnabled()
    assert wizard.raters.raters == ("r1",)


def test_more_than_a_study_holds(wizard, maker, tmp_path, qtbot):
    wizard.photographs.add_files(Path(f"/p/{number}.png") for number in range(MOST_ITEMS // 5 + 1))
    _click(qtbot, wizard.next)
    _click(qtbot, wizard.next)
    wizard.raters.folder.setText(str(tmp_path / "new"))
    _click(qtbot, wizard.next)
    assert _refused(wizard, "20000 items at most")
    wizard.making.begin()
    assert not maker.asked


def test_stopping_leaves_no_study_and_it_can_begin_again(wizard, maker, photographs, tmp_path, qtbot):
    maker.go.clear()
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    _click(qtbot, wizard.next)
    qtbot.waitUntil(lambda: "Photograph 1 of 3: Looking for the photograph" in wizard.making.now.text())
    assert wizard.making.bar.value() == 300
    assert not wizard.back.isEnabled()
    assert not wizard.next.isEnabled()
    qtbot.keyClick(wizard, Qt.Key.Key_Escape)
    assert wizard.isVisible()
    assert "being made" in wizard.problem.text()
    _click(qtbot, wizard.making.stop)
    assert "Stopped: there is no study" in wizard.making.outcome.text()
    assert wizard.making.bar.isHidden()
    assert not (tmp_path / "made" / "study.json").exists()
    _click(qtbot, wizard.back)
    wizard.raters.title.setText("Again")
    _click(qtbot, wizard.next)
    maker.go.set()
    with qtbot.waitSignal(wizard.made, timeout=10_000):
        _click(qtbot, wizard.next)
    assert Study.open(tmp_path / "made").title == "Again"


def test_stopping_at_the_very_end_leaves_no_study(wizard, maker, photographs, tmp_path, qtbot):
    maker.late.clear()
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    _click(qtbot, wizard.next)
    qtbot.waitUntil((tmp_path / "made" / "study.json").exists)
    _click(qtbot, wizard.making.stop)
    maker.late.set()
    qtbot.waitUntil(lambda: not (tmp_path / "made" / "study.json").exists())
    assert wizard.making.study is None


@pytest.mark.parametrize(
    ("error", "words"),
    [(StudyError("No photograph is left to judge."), "There is no study. No photograph is left to judge."),
     (ZeroDivisionError("by zero"), "error in the program (ZeroDivisionError: by zero)")],
)  # fmt: skip
def test_a_failure_is_said_and_is_not_the_end(wizard, maker, photographs, tmp_path, qtbot, error, words):
    maker.error = error
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    _click(qtbot, wizard.next)
    qtbot.waitUntil(lambda: words in wizard.making.outcome.text(), timeout=60_000)
    maker.error = None
    with qtbot.waitSignal(wizard.made, timeout=10_000):
        _click(qtbot, wizard.next)


def test_a_full_graphics_processor_gives_way_to_the_main_one(wizard, maker, photographs, tmp_path, qtbot, monkeypatch):
    def fails_once(*given, **named):
        if len(maker.loaded) == 1:
            raise MemoryError
        return FakeMaker.make(maker, *given, **named)

    monkeypatch.setattr(
        "napari_latent_explain._qt.verbs.is_out_of_memory", lambda error: isinstance(error, MemoryError)
    )
    wizard.making._make = fails_once
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    with qtbot.waitSignal(wizard.made, timeout=10_000):
        _click(qtbot, wizard.next)
    assert maker.loaded == [(None, "auto"), (None, "cpu")]


def test_photographs_that_were_left_out_are_listed(wizard, maker, photographs, tmp_path, qtbot):
    maker.left_out = {"/x/a.png": "It is no fundus."}
    _to_making(wizard, qtbot, photographs, tmp_path / "made", raters="")
    assert "anyone" in wizard.making.summary.text()
    with qtbot.waitSignal(wizard.made, timeout=10_000):
        _click(qtbot, wizard.next)
    assert "1 photograph left out" in wizard.making.outcome.text()
    assert wizard.making.left_out.item(0).text() == "a.png: It is no fundus."


@pytest.mark.parametrize("way", ["button", "window"])
def test_closing_while_it_runs_leaves_no_thread_and_no_study(wizard, maker, photographs, tmp_path, qtbot, way):
    maker.go.clear()
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    _click(qtbot, wizard.next)
    qtbot.waitUntil(lambda: bool(maker.asked))
    qtbot.mouseClick(wizard.away, LEFT) if way == "button" else wizard.close()
    assert not wizard.isVisible()
    qtbot.waitUntil(lambda: not _workers())
    maker.go.set()
    assert not (tmp_path / "made" / "study.json").exists()


def test_all_can_be_reached_by_keys_has_a_name_and_fits(wizard, photographs, tmp_path, qtbot):
    _to_making(wizard, qtbot, photographs, tmp_path / "made")
    for page in wizard._all:
        wizard.pages.setCurrentWidget(page)
        met, widget = set(), wizard.nextInFocusChain()
        while widget is not wizard:
            met.add(widget)
            widget = widget.nextInFocusChain()
        asked = [w for w in page.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisible()]
        asked = [
            w
            for w in asked
            if w.objectName() != "qt_spinbox_lineedit" and not w.objectName().startswith("qt_scrollarea")
        ]
        assert all(w in met for w in asked)
        assert [w for w in asked if not w.accessibleName()] == []
        assert [w for w in asked if not w.toolTip()] == []
        assert wizard.minimumSizeHint().width() <= 1280
        assert wizard.minimumSizeHint().height() <= 680


def test_the_review_widget_opens_it_and_begins_the_study(
    make_napari_viewer_proxy, maker, photographs, tmp_path, qtbot, monkeypatch
):
    from napari_latent_explain._qt import ReviewWidget

    fake = partial(StudyWizard, load_explainer=maker.load, make_study=maker.make)
    monkeypatch.setattr(review_widget, "StudyWizard", fake)
    viewer = make_napari_viewer_proxy()
    widget = ReviewWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Review", area="right")
    qtbot.mouseClick(widget.chooser.new, LEFT)
    wizard = widget.wizard
    qtbot.mouseClick(widget.chooser.new, LEFT)
    assert widget.wizard is wizard
    _to_making(wizard, qtbot, photographs, tmp_path / "made", raters="r7")
    with qtbot.waitSignal(wizard.made, timeout=10_000):
        _click(qtbot, wizard.next)
    with qtbot.waitSignal(widget.began):
        _click(qtbot, wizard.next)
    assert widget.session.study == Study.open(tmp_path / "made")
    assert widget.chooser.rater.text() == "r7"
    assert widget.wizard is None
    widget.leave()
    widget.chooser.begin_made(str(tmp_path / "made"), ("r7", "r8"))  # r7 is known from before
    assert widget.session is not None
    widget.leave()
    widget.chooser.rater.clear()
    widget.chooser.begin_made(str(tmp_path / "made"), ("r7", "r8"))
    assert widget.session is None
    assert "Say who you are: r7, r8" in widget.chooser.message.text()
    qtbot.mouseClick(widget.chooser.new, LEFT)
    widget.close_down()
    assert widget.wizard is None
    qtbot.waitUntil(lambda: not _workers())


def test_words():
    protocol = load_protocol("attribute-review")
    assert "6 catch trials and 9 repeats" in said_plan(StudyPlan("t", protocol), 12)
    whole = load_protocol("free-review")
    assert "1 photograph = 1 item" in said_plan(StudyPlan("t", whole), 1)
    assert "&lt;b&gt;" in said_protocol(whole.replace(instructions="<b>read</b>"))
    assert [said_time(s) for s in (5, 290, 3600, 5000)] == [
        "less than a minute", "about 5 min", "about 1 h", "about 1 h 23 min",
    ]  # fmt: skip
    assert said_left(1, 0.5) == ""
    assert said_left(60, 0.25) == "about 3 min left"
