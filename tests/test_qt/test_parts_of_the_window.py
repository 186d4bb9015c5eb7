"""Searching, rendering, the map to compare with, and the life of a dock: each without the window."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from qtpy.QtWidgets import QDockWidget, QMainWindow

from napari_latent_explain._qt.answer_notes import AnswerNotes
from napari_latent_explain._qt.compared_map import ComparedMap
from napari_latent_explain._qt.comparison import ComparisonChooser
from napari_latent_explain._qt.docked_widget import DockedWidget
from napari_latent_explain._qt.dose_curve import DoseCurve
from napari_latent_explain._qt.light_box import LightBox
from napari_latent_explain._qt.rendering import Rendering
from napari_latent_explain._qt.searching import Searching
from napari_latent_explain._qt.session import Session
from napari_latent_explain._qt.value_box import ValueBox
from napari_latent_explain.domain import Edit, SaliencyMethod, WrongUseError

pytestmark = pytest.mark.gui


@pytest.fixture
def session(work, fakes):
    session = Session(lambda: work.free)
    session.begin(fakes.FakeExplanation(fakes.fake_explainer(), fakes.fake_photograph()), None, {})
    return session


@pytest.fixture
def done(qtbot, work):
    return lambda: qtbot.waitUntil(lambda: not work.busy)


@pytest.fixture
def searching(qtbot, session, work):
    goal, curve = ValueBox({"decision changes": None, "at least 90 %": 0.9}, "", ""), DoseCurve()
    for widget in (goal, curve):
        qtbot.addWidget(widget)
    searching = Searching(session, goal, curve, AnswerNotes(), work)
    searching.goal = goal  # kept alive with it
    return searching


def test_answers_are_looked_beyond_until_there_is_no_other(searching, session, done, said):
    searching.find_another()  # nothing is found yet: nothing is asked
    assert not session.explanation.goals
    edits = []
    for search in (searching.find, searching.find_another):
        search()
        done()
        edits.append(session.explanation.edit)
    assert edits[0] != edits[1]
    assert searching.answers
    searching.find_another()
    done()
    assert session.explanation.edit == edits[1]
    assert not searching.answers
    assert [kind for kind, _ in said] == ["info"]


def test_another_goal_is_another_question(searching, session, done):
    searching.find()
    done()
    searching.goal.setCurrentIndex(1)
    searching.goal.activated.emit(1)
    assert not searching.answers
    searching.find()
    done()
    assert session.explanation.goals == [None, 0.9]


@pytest.fixture
def compared(qtbot, session, work):
    """The map, its chooser, and what the layers are told."""
    told, chooser = [], ComparisonChooser()
    qtbot.addWidget(chooser)
    layers = SimpleNamespace(compare=lambda picture, name="": told.append(None if picture is None else name))
    return ComparedMap(session, chooser, layers, work), chooser, told


def test_a_map_that_was_overtaken_is_not_shown(compared, session, done, fakes):
    shown, _, told = compared
    gate, first = threading.Event(), session.explanation
    map_of = first.saliency_map
    first.saliency_map = lambda *asked: gate.wait(10) and map_of(*asked)
    shown.choose(SaliencyMethod.OCCLUSION)
    session.begin(fakes.FakeExplanation(fakes.fake_explainer(), fakes.fake_photograph(9)), None, {})
    gate.set()
    done()
    assert told == [None]
    shown.renew()
    done()
    assert told == [None, None, "Occlusion: referable retinopathy"]


def test_a_map_that_fails_is_not_chosen_any_more(compared, session, done):
    shown, chooser, told = compared

    def refuse(*_):
        raise WrongUseError

    session.explanation.saliency_map = refuse
    shown.choose(SaliencyMethod.GRADCAM)
    done()
    assert chooser.method is None
    assert told == [None, None]


@pytest.fixture
def rendering(session, work):
    """What renders, and what it shows roughly; `ahead` has a picture of everything once it is told so."""
    rough = []
    layers = SimpleNamespace(box=LightBox(), preview=rough.append, roughly=False)
    bars = SimpleNamespace(show_about=rough.append)
    ahead = SimpleNamespace(drawn=False, pause=lambda: None)
    ahead.preview = lambda edit, _: (dict(edit.strengths), "about") if ahead.drawn else None
    rendering = Rendering(session, layers, bars, ahead, AnswerNotes(), work)
    rendering.ahead = ahead
    return rendering, rough


def test_a_picture_that_is_shown_is_not_made_again_unless_a_rough_one_stands_there(rendering, session, done):
    render, _ = rendering
    explanation, stood = session.explanation, []
    render.stands.connect(lambda: stood.append(True))
    rendered = len(explanation.rendered)
    session.picture_asked.emit(explanation.edit, False)
    assert (len(explanation.rendered), stood) == (rendered, [True])
    session.picture_asked.emit(explanation.edit, True)
    done()
    assert (len(explanation.rendered), stood) == (rendered + 1, [True])
    viewed = render.take(explanation.frame)
    assert viewed.frame is explanation.frame
    assert render.take(explanation.frame) is None  # once
    render.ask(Edit(strengths={explanation.directions[0].id: 1.0}))
    done()
    assert render.take(explanation.render(explanation.edit)) is None  # another frame came in between


def test_dragging_shows_what_was_drawn_ahead_and_nothing_is_rendered(rendering, session, done):
    render, rough = rendering
    slider, explanation = session.explanation.directions[0].id, session.explanation
    rendered = len(explanation.rendered)
    render.ahead.drawn = True
    render.move(slider, 0.8, True)
    assert rough == [{slider: 0.8}, "about"]
    assert len(explanation.rendered) == rendered
    assert not session.settled
    render.move(slider, 0.9, False)  # let go: exactly
    done()
    assert explanation.edit[slider] == 0.9
    assert len(explanation.rendered) == rendered + 1


def test_a_picture_that_fails_leaves_the_sliders_where_they_were(rendering, session, done, monkeypatch):
    render, _ = rendering
    explanation = session.explanation

    def fail(_):
        raise WrongUseError

    monkeypatch.setattr(explanation, "render", fail)
    render.move(explanation.directions[0].id, 0.8, False)
    assert session.current.mix.edit
    done()
    assert session.current.mix.heard == explanation.edit == Edit()


def test_a_dock_that_is_taken_away_ends_its_widget_once(qtbot):
    ended = []

    class Ending(DockedWidget):
        def _end(self):
            ended.append(True)

    window, dock = QMainWindow(), QDockWidget()
    qtbot.addWidget(window)
    widget = Ending(window)
    qtbot.addWidget(widget)
    dock.setWidget(widget)
    assert not ended
    widget.setParent(None)
    assert ended == [True]
    widget.close()
    assert ended == [True]
