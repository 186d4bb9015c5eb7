"""Protocols and their questions: what is an answer, and what a file may say."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import Protocol, load_protocol, ready_protocols
from napari_latent_explain.review.question import ChoiceQuestion, FindingsQuestion, MarksQuestion, Option, ScaleQuestion


def test_the_ready_ones_load_and_ask_what_a_review_needs():
    assert ready_protocols() == ("attribute-review", "free-review", "identity", "realism-2afc")
    review = load_protocol("attribute-review")
    assert [q.id for q in review.questions] == [
        "changed", "what", "findings", "plausibility", "verdict", "where", "confidence",
    ]  # fmt: skip
    assert load_protocol("realism-2afc").forced_choice
    assert 0.1 <= review.repeat_share <= 0.2


def test_own_words_are_asked_before_any_list_of_findings():
    ids = [q.id for q in load_protocol("attribute-review").questions]
    assert ids.index("what") < ids.index("findings") < ids.index("verdict")


def test_one_of_your_own(tmp_path):
    tree = load_protocol("identity").model_dump(mode="json") | {"name": "mine"}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert load_protocol(path).name == "mine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "newer version"),
        ({"shows": ["counterfactual", "difference"]}, "shows the original"),
        ({"shows": ["original", "original"]}, "no picture twice"),
        ({"shows": ["original", "more", "less"]}, "in the middle"),
        ({"questions": []}, "questions"),
        ({"unknown": 1}, "unknown"),
        ({"rule": {"question": "nothing"}}, "not there"),
    ],
)
def test_a_damaged_one_is_refused_with_its_reason(tmp_path, change, words):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(load_protocol("identity").model_dump(mode="json") | change), encoding="utf-8")
    with pytest.raises(StudyError, match=words):
        load_protocol(path)


def test_no_such_protocol_says_which_there_are():
    with pytest.raises(StudyError, match="attribute-review"):
        load_protocol("nothing")


def test_a_question_can_not_wait_for_a_later_one():
    tree = load_protocol("attribute-review").model_dump(mode="json")
    tree["questions"] = tree["questions"][::-1]
    with pytest.raises(ValidationError, match="not asked before it"):
        Protocol.model_validate(tree)


def test_what_is_an_answer():
    options = (Option(code="a", label="A", key="1"), Option(code="b", label="B", key="2"))
    choice = ChoiceQuestion(id="c", text="?", options=options)
    findings = FindingsQuestion(id="f", text="?", options=options)
    scale = ScaleQuestion(id="s", text="?", low_label="low", high_label="high")
    marks = MarksQuestion(id="m", text="?")
    assert choice.read("a") == "a"
    assert findings.read(["b", "a"]) == ("a", "b")
    assert scale.read("3") == scale.read(3) == 3
    assert [option.label for option in scale.keys] == ["1 low", "2", "3", "4", "5 high"]
    assert marks.read([{"x": 0.5, "y": 0.25}])[0].is_point
    for question, wrong in (
        (choice, "c"), (choice, 1), (findings, "a"), (findings, ["z"]), (scale, 6), (scale, True), (scale, "33"),
        (marks, [{"x": 1.2, "y": 0}]), (marks, [{"x": 0.9, "y": 0, "width": 0.2}]), (marks, "here"),
    ):  # fmt: skip
        with pytest.raises(StudyError, match="is no answer"):
            question.read(wrong)


def test_two_options_with_one_key_are_refused():
    options = (Option(code="a", label="A", key="1"), Option(code="b", label="B", key="1"))
    with pytest.raises(ValidationError, match="share a key"):
        ChoiceQuestion(id="c", text="?", options=options)
