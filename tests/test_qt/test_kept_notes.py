"""What was found out about answers outlives the window, and is said of no other answer."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from napari_latent_explain._qt.answer_notes import MOST_NOTES, AnswerNotes, Note, answer_of
from napari_latent_explain._qt.kept_notes import read_notes, write_notes
from napari_latent_explain.domain import DoseResponse, Edit, ExportError, Faithfulness, Region

SQUARE = Region(outlines=(((20.0, 20.0), (20.0, 110.0), (110.0, 110.0), (110.0, 20.0)),))
CURVE = DoseResponse(doses=(0.0, 1.0), log_odds=(-1.0, 0.5), monotone=True, rank_correlation=1.0)


def _controls(effect):
    return Faithfulness(effect=effect, random_effects=(0.1,), random_share=1.0, kept={"jpeg": 0.9}, reversal=1.0)


def _note(number):
    return Note(controls=_controls(number / 7), curve=CURVE)


def _digest(number):
    return f"{number:064x}"


@pytest.fixture
def shown(fakes):
    return fakes.fake_explain(fakes.fake_explainer(), fakes.fake_photograph())


def test_notes_come_back_as_they_were_and_join_those_that_are_there(tmp_path):
    assert read_notes(tmp_path) == {}
    write_notes(tmp_path, {})
    assert not list(tmp_path.iterdir())
    write_notes(tmp_path, {_digest(1): _note(1), _digest(2): _note(2)})
    write_notes(tmp_path, {_digest(3): Note(curve=CURVE), _digest(1): _note(9)})
    assert list(read_notes(tmp_path).items()) == [
        (_digest(2), _note(2)), (_digest(3), Note(curve=CURVE)), (_digest(1), _note(9)),
    ]  # fmt: skip


def test_nothing_is_written_where_all_is_known(tmp_path):
    write_notes(tmp_path, {_digest(1): _note(1)})
    before = (tmp_path / "answers.json").stat()
    write_notes(tmp_path, {_digest(1): _note(1)})
    after = (tmp_path / "answers.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_oldest_notes_are_left_out(tmp_path, shown):
    write_notes(tmp_path, {_digest(n): _note(n) for n in range(MOST_NOTES)})
    write_notes(tmp_path, {_digest(n): _note(n) for n in range(MOST_NOTES, MOST_NOTES + 5)})
    assert list(read_notes(tmp_path)) == [_digest(n) for n in range(5, MOST_NOTES + 5)]
    notes = AnswerNotes()
    for number in range(MOST_NOTES + 5):
        frame = shown.render(Edit(strengths={shown.directions[0].id: 1 + number / 1000}))
        notes.write(answer_of(shown, frame), controls=_controls(number))
    kept = list(notes.of(shown).values())
    assert [kept[0].controls.effect, kept[-1].controls.effect, len(kept)] == [5, MOST_NOTES + 4, MOST_NOTES]


@pytest.mark.parametrize("content", [
    b"{", b"", b"[]", b"\xff" * 40, b'{"format": 2}', b"[" * 100_000, b'{"notes": {"../x": {}}}', b" " * (4 * 2**20 + 1),
])  # fmt: skip
def test_notes_that_can_not_be_read_are_none(tmp_path, content):
    (tmp_path / "answers.json").write_bytes(content)
    assert read_notes(tmp_path) == {}
    write_notes(tmp_path, {_digest(1): _note(1)})
    assert read_notes(tmp_path) == {_digest(1): _note(1)}


def test_notes_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_notes(tmp_path, {_digest(1): _note(1)})
    before = (tmp_path / "answers.json").read_bytes()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError):
        write_notes(tmp_path, {_digest(2): _note(2)})
    assert [path.name for path in tmp_path.iterdir()] == ["answers.json"]
    assert (tmp_path / "answers.json").read_bytes() == before


def test_an_answer_is_its_pictures_and_not_its_names_or_size(shown, fakes):
    frame = shown.render(Edit(strengths={shown.directions[0].id: 1.0}))
    answer = answer_of(shown, frame)
    larger = fakes.FakeExplanation(shown.explainer, shown.photograph, size=150)
    assert answer_of(larger, larger.render(frame.edit)) == answer
    for change in (
        {"target": 0}, {"region": SQUARE}, {"code_sha256": "00" * 32},
        {"photograph": replace(shown.photograph, sha256="22" * 32)},
    ):  # fmt: skip
        other = fakes.FakeExplanation(shown.explainer, shown.photograph)
        for name, value in change.items():
            setattr(other, name, value)
        assert answer_of(other, frame) != answer, change
    assert answer_of(shown, shown.render(frame.edit.scaled(0.5))) != answer


def test_a_curve_and_controls_of_one_answer_are_one_note(shown):
    notes, answer = AnswerNotes(), answer_of(shown, shown.frame)
    notes.write(answer, curve=CURVE)
    notes.write(answer, controls=_controls(2))
    assert notes.read(answer) == Note(controls=_controls(2), curve=CURVE)


def test_a_file_of_notes_says_its_format(tmp_path):
    write_notes(tmp_path, {_digest(1): _note(1)})
    assert json.loads((tmp_path / "answers.json").read_text())["format"] == 1
