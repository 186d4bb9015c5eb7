"""A whole reading study through the window: scripted raters press keys, and the summary finds what was planted."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_latent_explain.domain import Mark
from napari_latent_explain.review.merge import gather
from napari_latent_explain.review.summary import summarise

pytestmark = pytest.mark.gui


def _loaded(name: str, file: str):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "test_review" / file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_STUDIES = _loaded("study_of_keys", "conftest.py")
_RATERS = _loaded("raters_with_keys", "raters.py")


def _judge(qtbot, widget, rater) -> None:
    """Judge the trial on show as a person would: keys, words, Enter."""
    session = widget.session
    for question_id, answer in rater.steps(session):
        question = session.study.protocol.question(question_id)
        while session.question.id != question_id:
            box = widget.questions.rows[session.question.id].words
            qtbot.keyClick(box or widget, Qt.Key.Key_Return if box else Qt.Key.Key_Down)
        if question.kind == "text":
            box = widget.questions.rows[question_id].words
            qtbot.keyClicks(box, answer)
            qtbot.keyClick(box, Qt.Key.Key_Return)
        elif question.kind == "marks":
            for mark in answer:
                widget.add_mark(Mark.model_validate(mark))
        else:
            keys = {option.code: option.key for option in question.keys}
            for code in answer if isinstance(answer, list) else [str(answer)]:
                qtbot.keyClicks(widget, keys[code])
    done, shown = session.done, session.trial.number
    qtbot.keyClick(widget, Qt.Key.Key_Return)
    assert session.done == done + 1
    if session.trial.number == shown:  # what it was is on show first
        qtbot.keyClick(widget, Qt.Key.Key_Return)


def test_what_was_planted_is_found(make_napari_viewer_proxy, qtbot, tmp_path):
    from napari_latent_explain._qt import ReviewWidget

    study = _STUDIES.make_study(tmp_path, photographs=3, directions=3, catch_share=0.35, repeat_share=0.35)
    widget = ReviewWidget(make_napari_viewer_proxy())
    careful, biased, guesser = (
        _RATERS.Rater("careful"), _RATERS.Rater("biased", always="artefact"), _RATERS.Rater("guesser", chance=1.0),
    )  # fmt: skip
    second = _RATERS.Rater("second")
    for rater in (careful, biased, guesser, second):
        widget.begin(tmp_path, rater.name)
        if rater is careful:  # closed in the middle, and gone on with
            for _ in range(4):
                _judge(qtbot, widget, rater)
            widget.leave()
            widget.begin(tmp_path, rater.name)
        while not widget.session.finished:
            _judge(qtbot, widget, rater)
        widget.leave()
    widget.close()
    chains = gather(study, [tmp_path / "raters"])
    found = summarise(study, chains, datetime(2026, 4, 1, tzinfo=UTC))
    assert found.trials.locked == found.trials.planned == 4 * 15
    seen = {one.rater: one.catch.value for one in found.raters}
    assert (seen["careful"], seen["biased"], seen["guesser"]) == (0, 1, 1)
    two = summarise(study, {r: chains[r] for r in ("careful", "second")}, datetime(2026, 4, 1, tzinfo=UTC))
    (verdict,) = (one for one in two.agreement if one.question == "verdict")
    assert all(c.value == pytest.approx(1.0) for c in verdict.coefficients)
    for one in two.directions:
        planted, words, finding, _ = _RATERS.TRUTH[one.direction]
        assert one.answers["verdict"] == {planted: 6}
        assert one.names[0].name == words
        assert one.answers["findings"] == {finding: 6}
        assert len(one.marks) == 6
