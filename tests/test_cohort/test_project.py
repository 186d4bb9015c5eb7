"""What a project keeps is there when it is opened again, or says in one sentence why not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_latent_explain.cohort import CaseState, Project, View, photographs_in
from napari_latent_explain.domain import ExportError, Naming, ProjectError

SHA = "ab" * 32


def test_photographs_names_and_view_come_back(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "project")
    assert project.add([tmp_path / "a.png", tmp_path / "b.png", tmp_path / "a.png"]) == 2
    assert project.add([tmp_path / "a.png"]) == 0
    project.update(tmp_path / "a.png", state=CaseState.DONE, sha256=SHA, model=SHA, decision="ill", probability=0.9)
    project.update(tmp_path / "b.png", state=CaseState.REFUSED, why="It shows no fundus.")
    naming = Naming.now("  exudates ", "rater 3")
    project.keep_names(SHA, {"b8.conv:1:+:1": naming})
    project.keep_view(shown=str(tmp_path / "a.png"), centre=(3.5, 8.0))
    project.keep_view(zoom=0.7, two_rows=False)
    project.close()
    back = Project.open(tmp_path / "project")
    assert [case.name for case in back.cases] == ["a.png", "b.png"]
    assert back[tmp_path / "a.png"].explained
    assert back[tmp_path / "a.png"].probability == 0.9
    assert back[tmp_path / "b.png"].why == "It shows no fundus."
    assert back.names(SHA) == {"b8.conv:1:+:1": naming}
    assert naming.name == "exudates"
    assert back.names("cd" * 32) == {}
    assert back.view == View(shown=str(tmp_path / "a.png"), centre=(3.5, 8.0), zoom=0.7, two_rows=False)
    back.remove([tmp_path / "a.png"])
    assert [case.name for case in back.cases] == ["b.png"]
    back.close()


def test_a_photograph_that_was_taken_away_is_as_it_was_when_it_is_added_again(tmp_path: Path) -> None:
    a, b = tmp_path / "a.png", tmp_path / "b.png"
    project = Project.open(tmp_path / "project")
    project.add([a, b])
    before = project.update(a, state=CaseState.DONE, sha256=SHA, model=SHA, decision="ill", probability=0.9)
    project.update(b, state=CaseState.REFUSED, why="It shows no fundus.")
    project.remove([a, b])
    assert not project.cases
    project.close()
    project = Project.open(tmp_path / "project")
    assert project.add([b, a, a]) == 2
    assert project[a] == before
    assert project[b].state is CaseState.WAITING  # perhaps it shows one now
    project.remove([a])
    project.add([a])
    assert project[a] == before
    project.close()


def test_a_photograph_that_ran_when_the_program_died_waits_again(tmp_path: Path) -> None:
    code = (
        "import os, sys; from napari_latent_explain.cohort import *; p = Project.open(__import__('pathlib').Path(sys.argv[1]));"
        "p.add(['a.png', 'b.png']); p.update('a.png', state=CaseState.RUNNING); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, cwd=tmp_path)
    project = Project.open(tmp_path)  # the lock went with the program
    assert [case.state for case in project.cases] == [CaseState.WAITING, CaseState.WAITING]
    project.close()


def test_two_windows_do_not_write_one_project(tmp_path: Path) -> None:
    project = Project.open(tmp_path)
    with pytest.raises(ProjectError, match="open in another window"):
        Project.open(tmp_path)
    project.close()
    Project.open(tmp_path).close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "damaged"),
        (b'{"format": 7}', "newer version"),
        (b'{"cases": [{"path": "a", "state": "flying"}]}', "damaged at 'cases.0.state'"),
        (b'{"cases": [{"path": "a", "sha256": "../../x"}]}', "damaged at 'cases.0.sha256'"),
        (b"[" * 100_000, "damaged"),
        (b"\xff\xfe", "damaged"),
    ],
)
def test_a_damaged_project_is_refused_and_stays_as_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "project.json").write_bytes(content)
    for _ in range(2):  # and it is not left locked
        with pytest.raises(ProjectError, match=said):
            Project.open(tmp_path)
    assert (tmp_path / "project.json").read_bytes() == content


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.open(tmp_path)
    project.add(["a.png"])
    before = (tmp_path / "project.json").read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        project.add(["b.png"])
    assert (tmp_path / "project.json").read_bytes() == before
    assert len(project.cases) == 1  # memory says what the disk says
    project.close()


def test_a_place_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match="can't be written"):
        Project.open(tmp_path / "file" / "project")


def test_photographs_of_a_folder_are_listed_in_order(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.png", "deeper/c.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in photographs_in(tmp_path)] == ["a.jpg", "b.PNG", "c.tif"]
    with pytest.raises(ProjectError, match="There is no folder"):
        photographs_in(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProjectError, match="no JPEG, PNG or TIFF"):
        photographs_in(tmp_path / "empty")


def test_a_project_is_listed_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from napari_latent_explain.cohort import Project;"
        "p = Project.open(pathlib.Path(sys.argv[1])); p.add(['a.png']); p.close(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert json.loads((tmp_path / "project.json").read_text())["format"] == 1


def test_a_project_that_is_closed_is_not_written_any_more(tmp_path: Path) -> None:
    project = Project.open(tmp_path)
    project.close()
    with pytest.raises(ProjectError, match="closed"):
        project.add(["a.png"])
    assert not (tmp_path / "project.json").exists()
