"""`latent-explain export` on what `explain` wrote."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.export import read_provenance
from napari_latent_explain.fundus import simulate


@pytest.fixture(scope="module")
def records(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two explained eyes, the first with a strip and towards both classes."""
    folder = tmp_path_factory.mktemp("eyes")
    for seed in (3, 4):
        Image.fromarray(simulate(seed=seed, size=160).picture).save(folder / f"eye_{seed}.png")
    first, second = sorted(folder.glob("*.png"))
    found = []
    for name, eye, more in (("a", first, ["--strip"]), ("b", second, []), ("c", first, [])):
        words = ["explain", str(eye), "-o", str(folder / name), "--model", str(small_bundle), "--no-checks", *more]
        target = {"a": "disease", "c": "healthy"}.get(name)
        if target is not None:
            from napari_latent_explain.model.bundle import read_bundle

            classes = read_bundle(small_bundle)[0].classes
            words += ["--target", classes[0] if name == "a" else classes[1]]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        (record,) = (folder / name).iterdir()
        found.append(record)
    return found


def _export(*words: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_a_batch_goes_on_after_a_refused_folder_and_names_it(records: list[Path], tmp_path: Path) -> None:
    done = _export(records[0], tmp_path / "nothing", records[1], "-o", tmp_path / "out", "--json")
    assert done.exit_code == 1
    first, refused, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert refused["error"] == f"There is no folder {tmp_path / 'nothing'}: check the name."
    assert refused["record"] == str(tmp_path / "nothing")
    assert "1 of 3 records were refused" in done.stderr
    for tree, record in ((first, records[0]), (second, records[1])):
        (path,) = map(Path, tree["files"])
        assert path.parent.name == record.name
        assert (
            read_provenance(path)["case"]
            == tree["case"]
            == json.loads((record / "record.json").read_text())["photograph"]
        )
        assert Path(path).read_bytes() == (record / "panel.png").read_bytes()  # the same panel as with the model


def test_a_contact_sheet_shows_all_that_can_be_read(records: list[Path], tmp_path: Path) -> None:
    done = _export(*records[:2], tmp_path, "-o", tmp_path / "out", "--style", "sheet", "--json")
    assert done.exit_code == 1
    tree = json.loads(done.stdout.splitlines()[-1])
    (path,) = map(Path, tree["files"])
    assert path.name == "contact_sheet.png"
    assert [one["case"] for one in read_provenance(path)["exhibits"]] == tree["cases"]
    assert len(tree["cases"]) == 2


def test_both_ways_with_findings_a_scale_and_a_label(records: list[Path], tmp_path: Path) -> None:
    findings = tmp_path / "findings.json"
    findings.write_text(json.dumps([{"rater": "r1", "verdict": "artefact", "marks": [{"x": 0.5, "y": 0.5}]}]))
    words = [
        "--reverse",
        records[2],
        "--findings",
        findings,
        "--spacing",
        7.5,
        "--case",
        "Trial 3",
        "--style",
        "figure",
    ]
    done = _export(records[0], "-o", tmp_path / "out", *words, "--json")
    assert done.exit_code == 0, done.output
    told = read_provenance(Path(json.loads(done.stdout)["files"][0]))
    assert told["case"] == "Trial 3"
    assert told["findings"][0]["verdict"] == "artefact"
    assert told["micrometres_per_pixel"] == 7.5
    assert told["reverse"]["counterfactual"]["target"] != told["counterfactual"]["target"]
    findings.write_text('[{"rater": "r1", "marks": [{"x": 2}]}]')
    wrong = _export(records[0], "-o", tmp_path / "out", "--findings", findings)
    assert wrong.exit_code == 1
    assert "no list of findings: at '0.marks.0.x'" in wrong.stderr


@pytest.mark.parametrize("kind", ["apng", "webp", "mp4"])
def test_moving_pictures_need_a_strip(kind: str, records: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("av")
    done = _export(*records[:2], "-o", tmp_path, "--format", kind)
    assert done.exit_code == 1
    assert "explain the photograph again with --strip" in done.stderr
    assert [path.name for path in tmp_path.rglob(f"*.{kind}")] == [f"strip.{kind}"]


def test_dicom_joins_a_study_and_a_report_needs_a_date(records: list[Path], tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("highdicom")
    first = _export(records[0], "-o", tmp_path / "a", "--format", "dicom", "--date", "2026-01-02")
    assert first.exit_code == 0, first.output
    (reference,) = (tmp_path / "a").rglob("*.dcm")
    joined = _export(
        records[0], "-o", tmp_path / "b", "--format", "sr", "--date", "2026-01-02T10:00:00", "--reference", reference
    )
    assert joined.exit_code == 0, joined.output
    uid = pydicom.dcmread(reference).SOPInstanceUID
    capture = pydicom.dcmread(next((tmp_path / "b").rglob("counterfactual.dcm")))
    assert capture.SourceImageSequence[0].ReferencedSOPInstanceUID == uid
    undated = _export(records[0], "-o", tmp_path / "c", "--format", "sr")
    assert undated.exit_code == 1
    assert "needs a date" in undated.stderr
    wrong = _export(records[0], "-o", tmp_path / "d", "--format", "dicom", "--reference", records[0] / "record.json")
    assert wrong.exit_code == 1
    assert "can't be read as DICOM" in wrong.stderr


def test_two_records_of_one_photograph_do_not_meet(records: list[Path], tmp_path: Path) -> None:
    done = _export(records[0], records[2], "-o", tmp_path)
    assert done.exit_code == 0
    assert len({path.parent for path in tmp_path.rglob("*.png")}) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--style", "poster"], "no style 'poster'; use slide, figure, sheet"),
        (["--format", "docx"], "no format 'docx'; use png"),
        (["--date", "yesterday"], "no date"),
        (["--key", "key.pem"], "both --certificate and --key"),
        (["--key", "key.pem", "--certificate", "chain.pem", "--format", "pdf"], "pdf files can't be signed"),
    ],
)
def test_wrong_use_is_said_before_anything_is_written(
    words: list[str], said: str, records: list[Path], tmp_path: Path
) -> None:
    done = _export(records[0], "-o", tmp_path / "out", *words)
    assert isinstance(done.exception, WrongUseError)
    assert said in str(done.exception)
    assert not (tmp_path / "out").exists()
    several = _export(*records[:2], "-o", tmp_path / "out", "--spacing", "5")
    assert "--spacing belongs to one photograph" in str(several.exception)


def test_exporting_needs_no_torch(records: list[Path], tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from napari_latent_explain.cli.app import app;"
        "app(['export', sys.argv[1], '-o', sys.argv[2], '--style', 'figure', '--format', 'pdf'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, records[0], tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_no_case_is_told_from_those_that_are(records: list[Path], tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "record.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    for folder, said in (
        (records[0].parent, f"holds the folders of cases; name those: {records[0]}."),
        (tmp_path / "empty", "name the folder of a case that 'latent-explain explain' wrote"),
        (old, "explain the photograph again with this version"),
        (old / "record.json", "is no folder"),
    ):
        done = _export(folder, "-o", tmp_path / "out", "--json")
        assert done.exit_code == 1
        assert said in json.loads(done.stdout)["error"]


def test_what_the_readme_writes_is_what_formats_need() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert re.search(r"explain \S+ -o explained --strip .*\n.* export explained/case-\* .*(mp4).*(apng, webp)", readme)
    assert "sr with --date" in readme
