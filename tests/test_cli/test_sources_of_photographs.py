"""What `latent-explain explain` takes: folders, zip archives, tables and DICOM files, and what it says of refused ones."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("pydicom")
sys.path.insert(0, str(Path(__file__).parents[1] / "test_fundus"))
from dicom_files import dicom_dataset, smooth, to_bytes

from napari_latent_explain.cli import explain as command
from napari_latent_explain.cli.app import app


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    root = tmp_path / "clinic"
    (root / "more").mkdir(parents=True)
    Image.fromarray(smooth()).save(root / "a.png")
    (root / "more" / "frames.dcm").write_bytes(to_bytes(dicom_dataset(np.stack([smooth(), 255 - smooth()]))))
    (root / "more" / "Zzyxquark_Anna.dcm").write_bytes(
        to_bytes(dicom_dataset(smooth(), sop_class="1.2.840.10008.5.1.4.1.1.104.1"))
    )
    return root


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read in place of being explained."""
    done: list[str] = []

    def read(explainer, source, output, options, number=1):
        photograph = source.read()
        done.append(photograph.name)
        return {"sha256": photograph.sha256}

    monkeypatch.setattr(command, "explain_one", read)
    return done


def run(small_bundle: Path, output: Path, *paths: Path, name_files: bool = False) -> tuple[int, list[dict], str]:
    words = [
        "explain",
        *map(str, paths),
        "--output",
        str(output),
        "--json",
        "--model",
        str(small_bundle),
        "--device",
        "cpu",
    ]
    result = CliRunner().invoke(app, [*words, *(["--name-files"] if name_files else [])])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.output


@pytest.mark.parametrize("kind", ["folder", "zip", "csv"])
def test_every_photograph_of_a_source_is_explained(clinic, explained, small_bundle, tmp_path, kind) -> None:
    source = clinic
    files = [path.relative_to(clinic).as_posix() for path in sorted(clinic.rglob("*.*"))]
    if kind == "zip":
        source = tmp_path / "clinic.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for name in files:
                archive.write(clinic / name, name)
    if kind == "csv":
        source = clinic / "list.csv"
        source.write_text("file,label\n" + "".join(f"{name},1\n" for name in files))
    code, lines, output = run(small_bundle, tmp_path / "out", source)
    assert code == 1
    assert sorted(explained) == ["a.png", "frames.dcm", "frames_frame1.dcm"]
    assert [line["number"] for line in lines] == [1, 2, 3, 4]
    assert len({line["sha256"] for line in lines if "sha256" in line}) == 3
    (refused,) = [line for line in lines if "error" in line]
    assert "is an Encapsulated PDF, not a fundus photograph" in refused["error"]
    assert "Zzyxquark" not in output


def test_a_source_that_is_refused_or_empty_is_one_refusal(clinic, explained, small_bundle, tmp_path) -> None:
    (tmp_path / "Zzyxquark.zip").write_bytes(b"no archive")
    (tmp_path / "empty").mkdir()
    code, lines, output = run(
        small_bundle, tmp_path / "out", tmp_path / "Zzyxquark.zip", tmp_path / "empty", clinic / "a.png"
    )
    assert code == 1
    assert explained == ["a.png"]
    assert ["error" in line for line in lines] == [True, True, False]
    assert "damaged, or no zip archive" in lines[0]["error"]
    assert "There is no photograph in" in lines[1]["error"]
    assert "Zzyxquark" not in output
    _, lines, _ = run(small_bundle, tmp_path / "out", tmp_path / "Zzyxquark.zip", name_files=True)
    assert lines[0]["photograph"] == "Zzyxquark.zip"


def test_a_path_that_does_not_exist_is_named_as_it_was_typed(clinic, explained, small_bundle, tmp_path) -> None:
    code, lines, output = run(small_bundle, tmp_path / "out", Path("nosuch.jpg"))
    assert (code, lines[0]["photograph"]) == (1, "photograph 1")
    assert lines[0]["error"] == "There is no file 'nosuch.jpg': check the name."
    assert "--name-files" not in output
    refused = clinic / "more" / "Zzyxquark_Anna.dcm"
    _, _, output = run(small_bundle, tmp_path / "out", refused)
    assert "With --name-files, refused photographs are named" in output
    assert "Zzyxquark" not in output
    assert "With --name-files" not in run(small_bundle, tmp_path / "out", refused, name_files=True)[2]
