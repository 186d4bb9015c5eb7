"""The report of a study: what stands in it, that its numbers are the summary's, and that nobody's words can break it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from napari_latent_explain.domain import ExportError, StudyError
from napari_latent_explain.export.said import percent
from napari_latent_explain.review import ReviewSession
from napari_latent_explain.review.merge import gather
from napari_latent_explain.review.report import write_study_report
from napari_latent_explain.review.report.checklists import claim_answers, tripod_ai_answers
from napari_latent_explain.review.report.citations import PAPERS as PAPERS_CITED
from napari_latent_explain.review.report.claim import CLAIM_ITEMS
from napari_latent_explain.review.report.letters import legible, markup
from napari_latent_explain.review.report.limits import warnings_of
from napari_latent_explain.review.report.methods import rule_in_words
from napari_latent_explain.review.report.tripod_ai import TRIPOD_AI_ITEMS
from napari_latent_explain.review.summary import summarise

_SPEC = importlib.util.spec_from_file_location("reporting_raters", Path(__file__).with_name("raters.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_RATERS = importlib.util.module_from_spec(_SPEC)
sys.modules["reporting_raters"] = _RATERS
_SPEC.loader.exec_module(_RATERS)
Rater = _RATERS.Rater

AT = datetime(2026, 4, 1, tzinfo=UTC)
FEW = 200
SECTIONS = (
    "Audit heads of the raters", "Methods", "What was judged", "Order and blinding", "What raters read and were asked",
    "Rule of validation", "Statistics", "Results", "Trials", "Raters", "Agreement between raters",
    "Agreement of raters with themselves", "Limits", "Of this study", "Of every study of this kind", "Reporting checklists",
    "CLAIM, 2024 update", "TRIPOD+AI", "References",
)  # fmt: skip
PAPERS = ("Krippendorff 2011", "Fleiss 1971", "Cohen 1960", "Cohen 1968", "Clopper & Pearson 1934", "Lang et al. 2021")


def _text(path) -> str:
    """All words of a PDF in one line; None where there is no program that reads them."""
    if shutil.which("pdftotext") is None:
        return ""
    done = subprocess.run(["pdftotext", "-layout", "-enc", "UTF-8", str(path), "-"], check=True, capture_output=True)
    return done.stdout.decode()


def _flat(path) -> str:
    return re.sub(r"\s+", " ", _text(path))


def _stream(path) -> str:
    """As `_flat`, in the order in which the PDF says it: cells that are wrapped stay whole."""
    if shutil.which("pdftotext") is None:
        return ""
    done = subprocess.run(["pdftotext", "-raw", "-enc", "UTF-8", str(path), "-"], check=True, capture_output=True)
    return re.sub(r"\s+", " ", done.stdout.decode())


def _pages(path) -> list[str]:
    return _text(path).split("\f")[:-1]


def _summary(study, folder, **wanted):
    return summarise(study, gather(study, [folder / "raters"]), AT, draws=FEW, **wanted)


def _check_pdf(path):
    """What can be said of a PDF without a program that reads it."""
    content = path.read_bytes()
    assert content.startswith(b"%PDF-1.")
    assert content.rstrip().endswith(b"%%EOF")
    assert b"/FontFile2" in content  # embedded
    assert b"BitstreamVeraSans-Roman" in content
    assert b"/Helvetica" not in content
    assert b"20260401000000" in content


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Ten photographs, two directions, two careful raters and one who guesses."""
    from small_study_clock import Clock, make_study

    folder = tmp_path_factory.mktemp("study")
    study = make_study(folder, photographs=10, directions=2)
    clock = Clock()
    for rater in (Rater("ann"), Rater("bob", chance=0.1), Rater("guess", chance=1.0)):
        rater.review(study, folder, clock)
    return study, folder, _summary(study, folder)


@pytest.fixture(scope="module")
def report(judged, tmp_path_factory):
    study, folder, summary = judged
    return write_study_report(study, summary, folder, tmp_path_factory.mktemp("report") / "report.pdf")


def test_every_section_is_there_and_every_page_says_what_it_is(report):
    _check_pdf(report)
    pages = _pages(report)
    if not pages:
        pytest.skip("needs pdftotext (Debian: poppler-utils)")
    text = _flat(report)
    for section in SECTIONS:
        assert re.search(rf"{re.escape(section)}", text), section
    for paper in PAPERS:
        assert paper in text
    for number, page in enumerate(pages, start=1):
        assert "For research, not for diagnosis; pictures are computed." in page
        assert f"Page {number} of {len(pages)}" in re.sub(r"\s+", " ", page)


def test_the_first_page_ties_the_report_to_its_sources(report, judged):
    study, _, summary = judged
    pages = _pages(report)
    if not pages:
        pytest.skip("needs pdftotext")
    for said in (
        study.sha256,
        study.model.sha256,
        study.atlas,
        summary.software,
        "2026-04-01 00:00 UTC",
        "attribute-review",
    ):
        assert said in pages[0]
    for one in summary.raters:
        assert one.head in pages[0]


@pytest.mark.parametrize("digit", ["0", "8", "d"])
def test_the_widest_hash_stays_on_one_line(judged, tmp_path, digit):
    """Whoever searches the PDF for a hash has to find it."""
    study, folder, summary = judged
    widest = tuple(one.replace(head=digit * 64) for one in summary.raters)
    wide = summary.replace(raters=widest)
    pages = _pages(write_study_report(study, wide, folder, tmp_path / "report.pdf"))
    if not pages:
        pytest.skip("needs pdftotext")
    assert pages[0].count(digit * 64) == len(widest)


def test_numbers_are_those_of_the_summary(report, judged):
    _, _, summary = judged
    text = _stream(report)
    if not text:
        pytest.skip("needs pdftotext")
    for found in summary.agreement:
        for one in found.coefficients:
            if one.value is None:
                assert one.undefined in text
            elif "percent" not in one.name:
                value = f"{one.value + 0.0:.2f}".replace("-0.00", "0.00")
                assert value in text
                if one.interval is not None:
                    low, high = (f"{end + 0.0:.2f}".replace("-0.00", "0.00") for end in one.interval)
                    assert f"{value} [{low}, {high}]" in text
    for rater in summary.raters:
        assert f"{rater.locked} of {rater.planned}" in text
        assert f"{rater.median_seconds:.1f}" in text
        low, high = rater.catch.interval
        assert f"{rater.catch.count} of {rater.catch.trials}, {percent(rater.catch.value)} [{percent(low)}" in text
        for repeated in rater.repeats.values():
            assert repeated.kappa.undefined in text
    for one in summary.directions:
        assert f"n = {one.trials} first judgements by 3 raters in 10 photographs of 10." in text
        mean = one.scales["plausibility"]
        low, high = mean.interval
        assert f"{mean.mean:.2f} [{low:.2f}, {high:.2f}]" in text
        for code, count in one.answers["verdict"].items():
            assert f"{count} of {one.trials}, {percent(count / one.trials)}" in text, code
        if one.validated is not None:
            found = one.validated
            assert f"Validated by the rule: {found.verdict}, {found.agreeing} of {found.ratings} judgements" in text
        else:
            assert f"Not validated: {one.missing}." in text
        assert f"n = {len(one.marks)} marks" in text
        assert f"All {sum(len(cluster.texts) for cluster in one.names)} texts" in text
        for cluster in one.names:
            for rater, words in cluster.texts:
                assert re.search(rf"{rater}(, \d+ x)? {words}", text)


def test_methods_are_those_of_the_protocol(report, judged):
    study, _, _ = judged
    text = _stream(report)
    if not text:
        pytest.skip("needs pdftotext")
    for question in study.protocol.questions:
        assert question.text in text
        assert all(option.label in text for option in question.keys)
    assert study.protocol.instructions in text
    assert "there are 25 trials: 20 first judgements, 2 catch trials" in text
    assert rule_in_words(study.protocol) in text
    assert "composite x + (G(s') - G(s))" in text


def test_the_same_study_gives_the_same_bytes(report, judged, tmp_path):
    study, folder, summary = judged
    again = write_study_report(study, summary, folder, tmp_path / "again.pdf")
    assert again.read_bytes() == report.read_bytes()


def test_computed_pictures_say_so_and_photographs_do_not(judged):
    import numpy as np

    from napari_latent_explain.review import Role, read_picture
    from napari_latent_explain.review.report.example import picture_of

    study, folder, _ = judged
    item = study.items[0]
    for role in (Role.ORIGINAL, Role.MORE, Role.LESS):
        plain = read_picture(folder, item.pictures[role])[0, 0].astype(int)
        differs = np.abs(picture_of(folder, item, role).astype(int) - plain).max(axis=(1, 2)) > 40
        assert differs[-40:].any() == (role is not Role.ORIGINAL)
        assert not differs[:300].any()
    simulated = picture_of(folder, item.replace(simulated=True), Role.ORIGINAL)
    assert len(np.unique(simulated.reshape(-1, 3), axis=0)) > 1


def test_a_summary_of_another_study_is_refused(judged, tmp_path):
    study, folder, summary = judged
    with pytest.raises(StudyError, match="of another study"):
        write_study_report(study.replace(title="Another"), summary, folder, tmp_path / "r.pdf")
    assert not (tmp_path / "r.pdf").exists()


def test_a_changed_picture_is_not_shown(judged, tmp_path):
    study, folder, summary = judged
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / study.items[0].pictures["more"].file).write_bytes(b"something else")
    with pytest.raises(StudyError, match="is not the picture"):
        write_study_report(study, summary, copy, tmp_path / "r.pdf")
    with pytest.raises(ExportError, match="can't be written"):
        write_study_report(study, summary, folder, copy / study.items[0].pictures["less"].file / "r.pdf")


def test_an_unfinished_study_warns_on_its_first_page(make, tmp_path, clock):
    study = make(tmp_path, photographs=3, directions=2).replace(raters=("ann", "bob"))
    Rater("ann").review(study, tmp_path, clock, most=2)
    summary = _summary(study, tmp_path)
    assert any("ann has locked 2 of 8" in one and "bob has not begun" in one for one in warnings_of(study, summary))
    path = write_study_report(study, summary, tmp_path, tmp_path / "r.pdf")
    _check_pdf(path)
    if text := _flat(path):
        assert "The study is not finished: ann has locked 2 of 8" in text
        assert "should not read it" in text
        assert "Undefined: agreement between raters needs two raters" in text


@pytest.mark.parametrize("records", [False, True], ids=["no rater", "a rater without answers"])
def test_a_study_without_answers(make, tmp_path, clock, records):
    study = make(tmp_path, photographs=2, directions=2)
    if records:
        ReviewSession.open(study, tmp_path, "ann", now=clock).close()
    chains = gather(study, [tmp_path / "raters"]) if records else {}
    summary = summarise(study, chains, AT, draws=FEW)
    path = write_study_report(study, summary, tmp_path, tmp_path / "r.pdf")
    _check_pdf(path)
    if text := _flat(path):
        assert "There is no judgement yet." in text
        assert "undefined: no judgement" in text
        assert ("Nobody has begun." in text) != records
        assert "undefined: no catch trial done" in text or not records


def test_a_single_rater_and_no_rule(make, tmp_path, clock):
    study = make(tmp_path, photographs=3, directions=2, rule=None, catch_share=0, repeat_share=0)
    Rater("ann").review(study, tmp_path, clock)
    summary = _summary(study, tmp_path)
    path = write_study_report(study, summary, tmp_path, tmp_path / "r.pdf")
    _check_pdf(path)
    said = " ".join(warnings_of(study, summary))
    assert "There is 1 rater" in said
    assert "no catch trials" in said
    assert "no repeats" in said
    if text := _flat(path):
        assert "no direction is called validated" in text
        assert "nothing is called validated" in text
        assert "Undefined, since no answered repeat can be compared: ann." in text
        assert "no interval: fewer than 10 cases" in text


def test_a_forced_choice(make, tmp_path, clock):
    study = make(tmp_path, photographs=12, protocol="realism-2afc")
    for rater in (Rater("sees"), Rater("lefty", always="left")):
        rater.review(study, tmp_path, clock)
    summary = _summary(study, tmp_path)
    path = write_study_report(study, summary, tmp_path, tmp_path / "r.pdf")
    _check_pdf(path)
    if text := _stream(path):
        found = summary.trials.forced_choice.correct
        assert f"{found.count} of 24, {percent(found.value)} [{percent(found.interval[0])}" in text
        assert "12 of 12, 100.0 % [73.5 %, 100.0 %]" in text
        assert "All counterfactuals" in text
        assert "never shown to raters" in text
        assert "not asked in this protocol" in text


def test_whole_counterfactuals_that_can_be_changed(make, tmp_path, clock):
    study = make(tmp_path, protocol="free-review")
    session = ReviewSession.open(study, tmp_path, "r1", now=clock)
    marks = [{"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.1, "note": "<b>odd</b>"}]
    for question, answer in (("what", "paler"), ("plausibility", 3), ("verdict", "artefact"), ("where", marks)):
        session.answer(answer, question)
    session.lock()
    session.close()
    path = write_study_report(study, _summary(study, tmp_path), tmp_path, tmp_path / "r.pdf")
    if text := _flat(path):
        assert "called by what they are" in text
        assert "open locked trials again" in text
        assert "<b>odd</b>" in text


HOSTILE = (
    "<b>bold</b> & <para><font size=80>huge</font> &lt; </para>",
    "W" * 1990,
    "\u202egnp.exe\u202c \u200f\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "smile \U0001f600\U0001f468\u200d\U0001f469 \x07\x1b[31m\x9b",
    "paler\nbob validated\n\n\n\rcyd\x0cPage 1 of 1",
    "\U0001f600" * 1999,
    "e\u0301" + "\u0301" * 300,
    "]]> %s {0} \\n /Helvetica (text) Tj ET endstream",
)


def test_hostile_words_stay_words(make, tmp_path, clock):
    study = make(tmp_path, photographs=len(HOSTILE), directions=1, catch_share=0, repeat_share=0)
    session = ReviewSession.open(study, tmp_path, "ann", now=clock)
    for words in HOSTILE:
        mark = [{"x": 1.0, "y": 1.0, "note": "<img src='x'>"}]
        for question, answer in (
            ("changed", "yes"), ("what", words), ("plausibility", 3), ("verdict", "artefact"), ("where", mark),
            ("confidence", 1),
        ):  # fmt: skip
            session.answer(answer, question)
        session.lock()
        session.next()
    session.close()
    path = write_study_report(study, _summary(study, tmp_path), tmp_path, tmp_path / "r.pdf")
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    text = _text(path)
    if not text:
        pytest.skip("needs pdftotext")
    flat = re.sub(r"\s+", " ", text)
    assert "<b>bold</b> & <para><font size=80>huge</font> &lt; </para>" in flat
    assert "<img src='x'>" in flat
    assert "[U+202E]gnp.exe[U+202C]" in flat
    assert "[U+1F600 U+1F468 U+200D U+1F469]" in flat
    assert "[U+0007 U+001B][31m[U+009B]" in flat
    assert not set(text) & {"\u202e", "\x1b", "\x07", "\u200f"}
    assert sum(len(run) for run in re.findall("W{20,}", text)) == 1990
    assert text.count("U+1F600") >= 1999
    for line in text.splitlines():  # a label of a rater stands where no words can
        assert not re.match(r"\s{0,3}(bob|cyd)\b", line)
    lengths = {len(line) for line in text.splitlines()}
    assert max(lengths) < 260
    assert _pages(path)[0].count("Page 1 of") == 1


def test_hostile_titles_and_names(make, tmp_path):
    study = make(tmp_path, photographs=1, directions=1)
    items = tuple(item.replace(direction_name="<i>" + "\U0001f600" * 5000) for item in study.items)
    other = study.replace(
        title="<b>T</b>\u202e" + "T" * 100, items=items, classes=("<x>" * 500, "y\n" * 300),
        model=study.model.replace(name="&amp;" * 400),
    )  # fmt: skip
    path = write_study_report(other, summarise(other, {}, AT, draws=FEW), tmp_path, tmp_path / "r.pdf")
    _check_pdf(path)
    if text := _flat(path):
        assert "<b>T</b>[U+202E]" in text
        assert "&amp;&amp;" in text


def test_letters():
    assert legible("caf\u00e9 e\u0301 \u00b5m") == "caf\u00e9 \u00e9 \u00b5m"
    assert legible("a\r\n\tb\u2028c") == "a \u00b6 \u00b6 b \u00b6 c"
    assert legible("\u0436\u0437 x") == "[U+0436 U+0437] x"
    assert legible("\x02\x03") == "[U+0002 U+0003]"
    assert markup('<a href="x">\'&') == "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;"
    assert legible("") == ""


def test_checklists_ask_for_every_item_once_and_know_nothing_else(judged):
    study, _, summary = judged
    assert [number for number, _ in CLAIM_ITEMS] == [str(n) for n in range(1, 45)]
    numbers = [number for number, _ in TRIPOD_AI_ITEMS]
    assert len(set(numbers)) == len(numbers) == 52
    assert {int(re.sub(r"\D", "", number)) for number in numbers} == set(range(1, 28))
    assert set(claim_answers(study, summary)) <= {number for number, _ in CLAIM_ITEMS}
    assert set(tripod_ai_answers(study, summary)) <= set(numbers)


def test_papers_stand_in_the_order_of_their_authors():
    assert list(PAPERS_CITED) == sorted(PAPERS_CITED)


def test_limits_come_from_the_numbers(judged):
    study, _, summary = judged
    said = warnings_of(study, summary)
    assert any(one.startswith("guess saw a change in catch trials (2 of 2") for one in said)
    assert not any(one.startswith("ann saw") for one in said)
    assert any("guess repeats some" in one for one in said)
    assert any("2 directions were judged" in one for one in said)
    assert not any("fewer than 10" in one or "not finished" in one for one in said)
    again = study.replace(items=tuple(item.replace(simulated=True) for item in study.items))
    assert any("In 20 of 20 items the photograph itself was drawn" in one for one in warnings_of(again, summary))
