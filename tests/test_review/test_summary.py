"""A simulated reading study: what raters with known habits said is found again."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from napari_latent_explain.domain import DirectionAtlas, Mark, StudyError
from napari_latent_explain.review import RatingStore, rater_file
from napari_latent_explain.review import merge as module
from napari_latent_explain.review.merge import gather, merge
from napari_latent_explain.review.names_given import cluster_names
from napari_latent_explain.review.protocol import ValidationRule
from napari_latent_explain.review.store import write_records
from napari_latent_explain.review.summary import summarise
from napari_latent_explain.review.tables import COLUMNS, rating_rows, write_tables

_SPEC = importlib.util.spec_from_file_location("simulated_raters", Path(__file__).with_name("raters.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_RATERS = importlib.util.module_from_spec(_SPEC)
sys.modules["simulated_raters"] = _RATERS
_SPEC.loader.exec_module(_RATERS)
Rater = _RATERS.Rater

AT = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Three careful raters, one who guesses, one who always says artefact, one who tires."""
    from small_study_clock import Clock, make_study

    folder = tmp_path_factory.mktemp("study")
    study = make_study(folder, photographs=10, directions=5)
    clock = Clock()
    for rater in (
        Rater("ann"), Rater("bob", chance=0.1), Rater("cyd", chance=0.1), Rater("guess", chance=1.0),
        Rater("same", always="artefact"), Rater("tired", tires=True),
    ):  # fmt: skip
        rater.review(study, folder, clock)
    chains = gather(study, [folder / "raters"])
    return study, folder, chains, summarise(study, chains, AT)


def _of(summary, question):
    return {c.name: c for one in summary.agreement if one.question == question for c in one.coefficients}


def test_all_trials_are_counted(judged):
    study, _, chains, summary = judged
    assert summary.trials.items == 50
    assert summary.trials.locked == summary.trials.planned == 6 * (50 + 5 + 8)
    assert (summary.trials.first, summary.trials.repeat, summary.trials.catch) == (300, 48, 30)
    assert {one.rater: one.head for one in summary.raters} == {r: c[-1].seal for r, c in chains.items()}
    assert summary.study == study.sha256


def test_who_guesses_is_seen_in_the_catch_trials_and_in_the_repeats(judged):
    _, _, _, summary = judged
    seen = {one.rater: one.catch.value for one in summary.raters}
    assert seen["ann"] == 0
    assert seen["guess"] == 1
    assert seen["same"] == 1
    repeats = {one.rater: one.repeats["verdict"].kappa for one in summary.raters}
    assert repeats["ann"].value == pytest.approx(1.0)
    assert repeats["guess"].value < 0.5
    assert repeats["same"].undefined == "undefined: no variation"
    assert repeats["same"].agreement == 1.0


def test_who_tires_is_worse_than_who_does_not(judged):
    study, _, chains, summary = judged
    by = {one.rater: one for one in summary.raters}
    assert by["tired"].repeats["verdict"].percent.value < by["ann"].repeats["verdict"].percent.value
    pair = summarise(study, {r: chains[r] for r in ("ann", "bob")}, AT)
    worse = summarise(study, {r: chains[r] for r in ("ann", "guess")}, AT)
    assert _of(pair, "verdict")["Krippendorff's alpha, nominal"].value > 0.7
    assert _of(worse, "verdict")["Krippendorff's alpha, nominal"].value < 0.3
    assert len(_of(pair, "verdict")) == 4  # Cohen's kappa too, between two


def test_what_the_directions_are_is_found_again(judged):
    study, _, chains, _ = judged
    summary = summarise(study, {r: chains[r] for r in ("ann", "bob", "cyd")}, AT)
    found = {one.direction: one for one in summary.directions}
    for direction, (verdict, words, finding, (x, y)) in _RATERS.TRUTH.items():
        one = found[direction]
        assert max(one.answers["verdict"], key=one.answers["verdict"].get) == verdict
        assert one.names[0].name == words
        assert one.names[0].raters == 3
        assert max(one.answers["findings"], key=one.answers["findings"].get) == finding
        middle = np.mean([placed.mark.centre for placed in one.marks], axis=0)
        assert np.allclose(middle, (x, y), atol=0.01)
        assert one.trials == 30
        assert one.scales["plausibility"].interval[0] < 4.5 < one.scales["plausibility"].interval[1]


def test_what_passes_the_rule_is_validated_in_the_atlas_with_its_evidence(judged, small_direction):
    study, _, chains, _ = judged
    summary = summarise(study, {r: chains[r] for r in ("ann", "bob", "cyd")}, AT)
    found = {one.direction: one.validated for one in summary.directions if one.validated}
    assert set(found) == {"layer:0:+", "layer:2:+", "layer:3:+", "layer:4:+"}  # an artefact is none
    evidence = found["layer:0:+"]
    assert evidence.verdict == "Known sign"
    assert evidence.names[0] == "hard exudates"
    assert evidence.raters == ("ann", "bob", "cyd")
    assert evidence.heads == tuple(chains[r][-1].seal for r in evidence.raters)
    atlas = DirectionAtlas(classes=("a", "b"), directions=(small_direction("layer:0:+"), small_direction("layer:1:+")))
    after = atlas.validated(found)
    assert after["layer:0:+"].validation == evidence
    assert after["layer:1:+"].validation is None
    assert DirectionAtlas.model_validate_json(after.model_dump_json()) == after


def test_one_rater_is_not_enough(judged):
    study, _, chains, _ = judged
    summary = summarise(study, {"ann": chains["ann"]}, AT)
    assert all(one.validated is None for one in summary.directions)
    assert summary.directions[0].missing == "judged by 1 of at least 2 raters"


def test_guessers_validate_nothing(judged):
    study, _, chains, _ = judged
    summary = summarise(study, {r: chains[r] for r in ("guess", "same")}, AT)
    assert all(one.validated is None for one in summary.directions)
    assert all("of at least 60 %" in one.missing for one in summary.directions)


def test_a_bar_of_plausibility(make, tmp_path, clock):
    rule = ValidationRule(least_ratings=2, plausibility="plausibility", least_plausibility=4.9)
    study = make(tmp_path, photographs=3, directions=1, rule=rule)
    for name in ("a1", "a2"):
        Rater(name).review(study, tmp_path, clock)
    summary = summarise(study, gather(study, [tmp_path / "raters"]), AT)
    assert all("mean plausibility is 4." in one.missing for one in summary.directions)


def test_the_same_answers_give_the_same_summary(judged):
    study, _, chains, summary = judged
    again = summarise(study, chains, AT)
    assert again.model_dump_json() == summary.model_dump_json()
    assert set(json.loads(summary.model_dump_json())) >= {"agreement", "trials", "raters", "directions"}


def test_forced_choice_finds_who_can_tell_and_who_always_says_left(make, tmp_path, clock):
    study = make(tmp_path, photographs=40, protocol="realism-2afc")
    for rater in (Rater("sees"), Rater("blind", chance=1.0), Rater("lefty", always="left")):
        rater.review(study, tmp_path, clock)
    summary = summarise(study, gather(study, [tmp_path / "raters"]), AT)
    by = {one.rater: one.forced_choice for one in summary.raters}
    assert by["sees"].correct.value == 1
    assert by["sees"].correct.interval[0] > 0.9
    low, high = by["blind"].correct.interval
    assert low < 0.5 < high
    assert by["lefty"].left.value == 1
    assert by["lefty"].left.p < 1e-6
    assert summary.trials.forced_choice.correct.trials == 120  # catch trials and repeats do not count


def test_tables_hold_every_answer_and_run_nothing(judged, tmp_path):
    study, _, chains, _ = judged
    rows = rating_rows(study, chains)
    files = write_tables(study, chains, tmp_path)
    read = list(csv.DictReader(io.StringIO(files["csv"].read_text(encoding="utf-8"), newline="")))
    assert len(read) == len(rows)
    assert list(read[0]) == list(COLUMNS)
    import pyarrow.parquet as pq

    table = pq.read_table(files["parquet"])
    assert table.num_rows == len(rows)
    assert table.to_pylist()[5] == rows[5]
    schema = json.loads(files["schema"].read_text(encoding="utf-8"))
    assert set(schema["properties"]) == set(rows[0])


def test_a_formula_in_words_is_only_words(make, tmp_path, clock):
    study = make(tmp_path, protocol="free-review")
    from napari_latent_explain.review import ReviewSession

    session = ReviewSession.open(study, tmp_path, "r1", now=clock)
    for question, answer in (("what", '=HYPERLINK("http://x")'), ("plausibility", 3), ("verdict", "artefact")):
        session.answer(answer, question)
    session.lock()
    session.close()
    chains = gather(study, [tmp_path / "raters"])
    text = write_tables(study, chains, tmp_path / "t", parquet=False)["csv"].read_text(encoding="utf-8")
    assert "'=HYPERLINK" in text
    assert ",=HYPERLINK" not in text
    assert ',"=HYPERLINK' not in text


def test_merging_keeps_everything_and_refuses_two_truths(judged, tmp_path):
    study, folder, chains, _ = judged
    output = tmp_path / "merged.sqlite"
    half = [folder / "raters" / f"{name}.sqlite" for name in ("ann", "bob")]
    assert set(merge(study, half, output)) == {"ann", "bob"}
    assert set(merge(study, [folder / "raters" / "cyd.sqlite"], output)) == {"ann", "bob", "cyd"}
    everything = merge(study, [folder / "raters"], output)
    assert everything == chains
    assert gather(study, [output]) == chains
    with pytest.raises(StudyError, match="another study"):
        gather(study.replace(title="Another"), [output])


def test_of_two_merges_at_once_neither_loses_anything(judged, tmp_path, monkeypatch):
    study, folder, chains, _ = judged
    output = tmp_path / "merged.sqlite"
    began, gathered = threading.Event(), threading.Event()

    def write(connection, records):
        began.set()
        gathered.wait(0.5)  # the other one gets there only if nothing holds it back
        write_records(connection, records)

    def gather_again(*given):
        found = gather(*given)
        if began.is_set():
            gathered.set()
        return found

    monkeypatch.setattr(module, "write_records", write)
    monkeypatch.setattr(module, "gather", gather_again)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(merge, study, [folder / "raters" / "ann.sqlite"], output)
        assert began.wait(60)
        other = pool.submit(merge, study, [folder / "raters" / "bob.sqlite"], output)
        assert set(one.result(60)) == {"ann"}
        assert set(other.result(60)) == {"ann", "bob"}
    assert gather(study, [output]) == {name: chains[name] for name in ("ann", "bob")}
    assert {path.name for path in tmp_path.iterdir()} <= {"merged.sqlite", ".merged.sqlite.lock"}


def test_where_no_lock_holds_two_merges_do_not_meet(judged, tmp_path, monkeypatch):
    study, folder, chains, _ = judged
    output = tmp_path / "merged.sqlite"
    both = threading.Barrier(2, timeout=60)

    def write(connection, records):
        both.wait()
        write_records(connection, records)

    monkeypatch.setattr(module, "write_records", write)
    monkeypatch.setattr(module, "_alone", lambda _: nullcontext())
    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(merge, study, [folder / "raters" / f"{name}.sqlite"], output) for name in ("ann", "bob")
        ]:
            done.result(60)
    assert gather(study, [output]) in ({"ann": chains["ann"]}, {"bob": chains["bob"]})


def test_a_merge_that_waits_too_long_says_why(judged, tmp_path, monkeypatch):
    study, folder, _, _ = judged
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    with module._alone(tmp_path / "m.sqlite"), pytest.raises(StudyError, match="Another merge is writing"):
        merge(study, [folder / "raters"], tmp_path / "m.sqlite")
    merge(study, [folder / "raters"], tmp_path / "m.sqlite")


def test_a_copy_that_was_gone_on_with_is_seen(make, tmp_path, clock):
    study = make(tmp_path / "s")
    Rater("ann").review(study, tmp_path / "s", clock, most=3)
    path = rater_file(tmp_path / "s", "ann")
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    gather(study, [path, copy])  # the same twice is no contradiction
    for one in (path, copy):
        store = RatingStore.open(one, study, "ann", now=clock)
        store.append("opened", software=one.name)
        store.close()
    with pytest.raises(StudyError, match="somebody went on from a copy"):
        gather(study, [path, copy])


def test_words_that_are_alike_come_together_and_none_is_lost():
    texts = [
        ("a", "hard exudates fade"), ("b", "Exudates are fading"), ("c", "the disc is paler"), ("a", "pale disc"),
        ("d", "blur"), ("b", "hard exudates"),
    ]  # fmt: skip
    clusters = cluster_names(texts)
    assert sorted(text for one in clusters for text in one.texts) == sorted(texts)
    assert [len(one.texts) for one in clusters] == [3, 2, 1]
    assert "exudates" in clusters[0].name.lower()
    assert cluster_names([]) == ()


def test_marks_survive_as_marks(judged):
    study, _, chains, _ = judged
    one = rating_rows(study, chains)
    answer = next(row["answer"] for row in one if row["question"] == "where")
    assert Mark.model_validate(json.loads(answer)[0]).is_point
