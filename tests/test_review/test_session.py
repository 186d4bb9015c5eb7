"""A rater at work, without a window."""

from __future__ import annotations

from datetime import timedelta

import pytest

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import ReviewSession, Study, rater_file, read_chain, read_picture


@pytest.fixture
def session(study, folder, kept, clock):
    made = ReviewSession.open(study, folder, "r1", where=kept("r1"), now=clock)
    yield made
    made.close()


def _judge(session, *, changed="yes"):
    session.answer(changed, "changed")
    if changed == "yes":
        session.answer("the disc gets paler", "what")
        session.answer(4, "plausibility")
        session.answer("known_sign", "verdict")
    session.answer(5, "confidence")
    session.lock()


def test_one_key_an_answer_and_the_next_question_is_asked(session):
    assert session.question.id == "changed"
    assert session.press("y")
    assert session.question.id == "what"
    session.answer("brighter dots")
    assert session.question.id == "findings"
    assert session.press("e")
    assert session.press("a")
    assert session.press("e")  # out again
    assert session.answers["findings"] == ("microaneurysms",)
    session.step(1)
    assert session.press("4")
    assert session.press("1")
    assert session.question.id == "where"
    session.answer([{"x": 0.2, "y": 0.3}, {"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.2}])
    session.step(1)
    assert session.press("5")
    assert not session.missing
    session.lock()
    assert session.locked
    assert session.done == 1


def test_a_key_that_means_nothing_does_nothing(session):
    assert not session.press("z")
    assert session.answers == {}


def test_no_change_asks_for_nothing_more_about_it(session):
    session.press("n")
    assert [q.id for q in session.asked] == ["changed", "confidence"]
    assert session.question.id == "confidence"


def test_answers_made_needless_are_taken_away_when_it_is_locked(session):
    session.answer("yes", "changed")
    session.answer("dots", "what")
    session.answer("no", "changed")
    session.answer(3, "confidence")
    session.lock()
    assert set(session.answers) == {"changed", "confidence"}


def test_nothing_can_be_left_out(session):
    session.press("y")
    with pytest.raises(StudyError, match="Not answered yet: 'What changes"):
        session.lock()
    assert not session.locked


def test_a_locked_trial_stays_as_it_is(session):
    _judge(session)
    for attempt in (
        lambda: session.answer("no", "changed"),
        lambda: session.clear("what"),
        session.unlock,
        session.lock,
    ):
        with pytest.raises(StudyError, match="locked"):
            attempt()
    assert not session.undo()


def test_undo_takes_back_one_answer_at_a_time_and_keeps_both_in_the_log(session):
    session.press("y")
    session.answer("first words")
    session.answer("second words", "what")
    assert session.undo()
    assert session.answers["what"] == "first words"
    assert session.question.id == "what"
    assert session.undo()
    assert "what" not in session.answers
    assert session.undo()
    assert session.answers == {}
    assert not session.undo()
    deeds = [r.deed for r in session.store.records]
    assert deeds.count("answered") == deeds.count("undone") == 3


def test_where_the_protocol_allows_it_a_lock_can_be_opened(make, tmp_path, clock):
    study = make(tmp_path / "s", protocol="free-review")
    session = ReviewSession.open(study, tmp_path / "s", "r1", now=clock)
    for question, answer in (("what", "paler"), ("plausibility", 4), ("verdict", "artefact")):
        session.answer(answer, question)
    session.lock()
    session.next()
    assert session.undo()  # the lock, and back to its trial
    assert session.trial.number == 1
    assert not session.locked
    session.answer("known_sign", "verdict")
    session.lock()
    session.unlock()
    assert not session.locked
    session.close()


def test_scores_stay_hidden_until_the_last_showing_is_locked(session):
    repeated = {t.item for t in session.trials if t.kind == "repeat"}
    seen = []
    while True:
        assert session.reveal is None
        _judge(session, changed="no" if session.trial.kind == "catch" else "yes")
        if session.trial.item in repeated and session.trial.kind == "first":
            assert session.reveal is None
        elif session.trial.kind == "first":
            later_catch = any(t.item == session.trial.item for t in session.trials[session.trial.number :])
            if not later_catch:
                assert session.reveal is not None
                assert session.reveal.direction.startswith("direction")
                assert dict(session.reveal.probabilities)["Photograph"] == 0.2
                seen.append(session.trial.item)
        if not session.next():
            break
    assert session.finished
    assert len(seen) > 10


def test_forward_only_as_far_as_what_is_not_judged_yet(session):
    assert not session.next()
    _judge(session)
    assert session.next()
    assert session.previous()
    assert session.trial.number == 1
    assert not session.go_to(5)


def test_it_goes_on_where_it_was_left(study, folder, kept, clock):
    session = ReviewSession.open(study, folder, "r1", where=kept("r1"), now=clock)
    _judge(session)
    session.next()
    session.press("y")
    session.close()
    again = ReviewSession.open(Study.open(folder), folder, "r1", where=kept("r1"), now=clock)
    assert again.trial.number == 2
    assert again.answers == {"changed": "yes"}
    assert again.question.id == "what"
    again.close()


def test_a_break_stops_the_clock(study, folder, kept, clock):
    session = ReviewSession.open(study, folder, "r1", where=kept("r1"), now=clock)
    session.pause()
    with pytest.raises(StudyError, match="break"):
        session.press("y")
    clock.at += timedelta(hours=2)
    session.resume()
    session.press("n")
    session.press("3")
    session.lock()
    assert 0 < session.standing.seconds[session.trial.id] < 60
    session.close()


def test_time_with_the_window_closed_does_not_count(study, folder, kept, clock):
    session = ReviewSession.open(study, folder, "r1", where=kept("r1"), now=clock)
    session.press("n")
    session.close()
    clock.at += timedelta(days=1)
    session = ReviewSession.open(study, folder, "r1", where=kept("r1"), now=clock)
    session.press("3")
    session.lock()
    assert 0 < session.standing.seconds[session.trial.id] < 60
    session.close()


def test_the_second_series_waits_for_its_day(make, tmp_path, clock):
    study = make(tmp_path / "s", photographs=2, directions=4, washout_days=14, repeat_share=0.25)
    session = ReviewSession.open(study, tmp_path / "s", "r1", now=clock)
    while session.trial.series == 1:
        _judge(session, changed="yes")
        if not session.next():
            break
    assert session.opens is not None
    assert session.trial.series == 1
    session.close()
    session = ReviewSession.open(study, tmp_path / "s", "r1", now=clock)
    with pytest.raises(StudyError, match=r"begins on 2026-03-15|locked"):
        session.press("y")
    clock.at += timedelta(days=15)
    assert session.opens is None
    session.close()
    session = ReviewSession.open(study, tmp_path / "s", "r1", now=clock)
    assert session.trial.kind == "repeat"
    while True:
        _judge(session)
        if not session.next():
            break
    assert session.finished
    session.close()


def test_a_second_window_on_the_same_answers_is_refused(session, study, folder, kept):
    with pytest.raises(StudyError, match="open in another review"):
        ReviewSession.open(study, folder, "r1", where=kept("r1"))
    ReviewSession.open(study, folder, "r2", where=kept("r2")).close()


def test_answers_of_several_raters_lie_apart(study, folder, clock):
    for rater in ("r1", "r2"):
        session = ReviewSession.open(study, folder, rater, now=clock)
        _judge(session)
        session.close()
    assert {read_chain(rater_file(folder, r))[0][0].rater for r in ("r1", "r2")} == {"r1", "r2"}


def test_a_study_that_was_changed_does_not_take_the_old_answers(study, folder, clock):
    ReviewSession.open(study, folder, "r1", now=clock).close()
    (folder / "study.json").unlink()
    study.replace(model=study.model.replace(sha256="c" * 64)).write(folder)
    with pytest.raises(StudyError, match="another model"):
        ReviewSession.open(Study.open(folder), folder, "r1")


def test_pictures_are_those_the_study_was_made_with(session, folder):
    shown = session.pictures[0]
    assert read_picture(folder, shown.picture).shape == (24, 24, 3)
    path = folder / shown.picture.file
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(StudyError, match="not the picture"):
        read_picture(folder, shown.picture)
    path.unlink()
    with pytest.raises(StudyError, match="can't be read"):
        read_picture(folder, shown.picture)
