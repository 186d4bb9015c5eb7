"""`latent-explain study`: made, reviewed by scripted raters, merged, summed up and exported, through the commands."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from typer.testing import CliRunner

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import DirectionAtlas, StudyError, WrongUseError
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import load_explainer
from napari_latent_explain.review import ReviewSession, Study, atlas_hash, rater_file


def _run(*command: object) -> str:
    result = CliRunner().invoke(app, ["study", *map(str, command)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def _judge(study: Study, folder: Path, rater: str) -> None:
    at = [datetime(2026, 3, 1, tzinfo=UTC)]

    def clock() -> datetime:
        at[0] += timedelta(seconds=3)
        return at[0]

    session = ReviewSession.open(study, folder, rater, now=clock)
    while True:
        if session.trial.kind == "catch":
            session.answer("no", "changed")
        else:
            session.answer("yes", "changed")
            session.answer("lesions fade", "what")
            session.answer(4, "plausibility")
            session.answer("known_sign", "verdict")
            session.answer([{"x": 0.4, "y": 0.5}], "where")
        session.answer(4, "confidence")
        session.lock()
        if not session.next():
            break
    session.close()


@pytest.fixture(scope="module")
def judged(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory):
    """A study of two eyes and two directions, judged by two raters; and what `create` printed."""
    place = tmp_path_factory.mktemp("study")
    (place / "eyes").mkdir()
    for seed in (3, 4):
        told = PngImagePlugin.PngInfo()
        told.add_text("Patient", "Canarinho Jane")
        Image.fromarray(simulate(seed=seed, size=128).picture).save(
            place / "eyes" / f"Canarinho_Jane_{seed}.png", pnginfo=told
        )
    folder = place / "study"
    said = _run(
        "create", folder, place / "eyes", "--directions", 2, "--raters", "ann, bob", "--size", 128, "--model", small_bundle,
        "--json",
    )  # fmt: skip
    study = Study.open(folder)
    for rater in study.raters:
        _judge(study, folder, rater)
    return folder, study, json.loads(said), small_bundle


def test_what_create_says(judged) -> None:
    folder, study, said, _ = judged
    assert said["sha256"] == study.sha256
    assert (said["photographs"], said["items"], said["raters"]) == (2, 4, ["ann", "bob"])
    assert said["left_out"] == {}
    assert Path(said["study"]) == folder


def test_a_second_study_in_the_same_folder_is_refused(judged, small_bundle: Path) -> None:
    folder, *_ = judged
    with pytest.raises(StudyError, match="There is a study"):
        _run("create", folder, folder, "--model", small_bundle)
    with pytest.raises(StudyError, match="There is no protocol"):
        _run("create", folder.parent / "other", folder, "--protocol", "nothing", "--model", small_bundle)


def test_merge(judged, tmp_path: Path) -> None:
    folder, *_ = judged
    said = json.loads(_run("merge", folder, "--output", tmp_path / "all.sqlite", "--json"))
    assert set(said["records"]) == {"ann", "bob"}
    again = json.loads(_run("summary", folder, tmp_path / "all.sqlite", "--json"))
    assert again["audit_head"] == said["audit_head"]
    assert "ann:" in _run("merge", folder, "--output", tmp_path / "all.sqlite")


def test_summary(judged, tmp_path: Path) -> None:
    folder, study, _, bundle = judged
    found = json.loads(_run("summary", folder, "--json"))
    assert set(found) >= {"agreement", "trials", "raters", "directions"}
    assert found["trials"]["locked"] == found["trials"]["planned"]
    assert all(one["validated"]["verdict"] == "Known sign" for one in found["directions"])
    text = _run("summary", folder, "--atlas", tmp_path / "atlas.json", "--model", bundle)
    assert "Known sign" in text
    assert "lesions fade" in text
    atlas = DirectionAtlas.model_validate_json((tmp_path / "atlas.json").read_bytes())
    directions = {item.direction for item in study.items}
    assert {d.id for d in atlas.directions if d.validation} == directions


def test_a_study_of_directions_of_a_file_says_so(judged, small_bundle: Path, tmp_path: Path) -> None:
    folder, *_ = judged
    own = load_explainer(small_bundle, "cpu").atlas
    found = own.replace(directions=tuple(own.towards(k)[-1].replace(id=f"found:{k}") for k in (0, 1)))
    (tmp_path / "found.json").write_text(found.model_dump_json(), encoding="utf-8")
    made, given = tmp_path / "made", ("--model", small_bundle, "--atlas")
    _run("create", made, folder.parent / "eyes", "--size", 128, "--raters", "ann", *given, tmp_path / "found.json")
    study = Study.open(made)
    assert study.atlas == atlas_hash(found)
    assert {item.direction for item in study.items} <= {"found:0", "found:1"}
    _judge(study, made, "ann")
    with pytest.raises(StudyError, match="made with other directions"):
        _run("summary", made, *given, tmp_path / "validated.json")
    _run("summary", made, *given, tmp_path / "validated.json", "--made-with", tmp_path / "found.json")
    assert atlas_hash(DirectionAtlas.model_validate_json((tmp_path / "validated.json").read_bytes())) == study.atlas
    with pytest.raises(StudyError, match="another model"):
        _run("summary", made, "--atlas", tmp_path / "validated.json")


def test_export_of_everything(judged, tmp_path: Path) -> None:
    folder, study, *_ = judged
    made = json.loads(_run("export", folder, "-o", tmp_path, "--panels", "png,pdf", "--parquet", "--json"))
    assert len(made["panels"]) == 2 * len(study.items)
    for path in [*made["panels"], *(made[name] for name in ("report", "summary", "csv", "schema", "parquet"))]:
        assert Path(path).stat().st_size > 100
    assert "report" in _run("export", folder, "-o", tmp_path / "b", "--panels", "none")
    with pytest.raises(WrongUseError, match="no panels of the kind 'gif'"):
        _run("export", folder, "-o", tmp_path, "--panels", "gif")


def test_no_name_of_a_patient_gets_into_a_study_or_out_of_it(judged, tmp_path: Path) -> None:
    """The photographs' files are called by a name, and have it in their metadata."""
    from unpacked_files import everything

    folder, *_ = judged
    said = _run("export", folder, "-o", tmp_path / "out", "--panels", "png,tiff,pdf,dicom,sr", "--parquet", "--json")
    assert "Canarinho" not in said
    files = [path for place in (folder, tmp_path / "out") for path in place.rglob("*")]
    assert len(files) > 40
    for path in files:
        assert "Canarinho" not in path.name
        assert path.is_dir() or b"Canarinho" not in everything(path.read_bytes()), path


def test_answers_of_another_model_are_refused(judged, tmp_path: Path) -> None:
    folder, study, *_ = judged
    other = tmp_path / "other"
    study.replace(model=study.model.replace(sha256="d" * 64)).write(other)
    with pytest.raises(StudyError, match="another model"):
        _run("summary", other, rater_file(folder, "ann"))


def test_no_answers_yet(judged, tmp_path: Path) -> None:
    _, study, *_ = judged
    study.write(tmp_path)
    with pytest.raises(StudyError, match="no answers"):
        _run("summary", tmp_path)


def test_reviewing_without_a_display_says_so(judged, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, *_ = judged
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StudyError, match="takes no part"):
        _run("review", folder, "--rater", "nobody")
    if sys.platform.startswith("linux"):
        with pytest.raises(WrongUseError, match="display"):
            _run("review", folder, "--rater", "ann")


def test_merging_large_studies_is_measured() -> None:
    """The benchmark runs, on a small study."""
    path = Path(__file__).parents[2] / "benchmarks" / "study_merge.py"
    spec = importlib.util.spec_from_file_location("study_merge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.measure(raters=2, trials=6)
    assert found["records"] > 2 * 6 * 4
    assert found["merge_seconds"] > 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--raters", "Dr. Ann,bob"), "'Dr. Ann' is no pseudonym"),
        (("--raters", "ann,Ann"), "stands there twice"),
        (("--title", "x" * 121), "1 to 120 characters"),
    ],
)
def test_raters_and_title_are_looked_at_before_the_model(tmp_path: Path, more, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        _run("create", tmp_path / "new", tmp_path, *more, "--model", tmp_path / "no model")
    assert not (tmp_path / "new").exists()


def test_verdicts_are_shown_whole_in_a_narrow_terminal(judged, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, *_ = judged
    monkeypatch.setenv("COLUMNS", "50")
    shown = _run("summary", folder)
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
