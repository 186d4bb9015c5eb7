"""A study is made from photographs: every picture ahead, nothing that tells what it is, and no model needed after that."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.cohort import study_making as module
from napari_latent_explain.cohort.study_making import StudyPlan, make_study
from napari_latent_explain.domain import Cancelled, Edit, StudyError
from napari_latent_explain.explain import Explanation, explain_photograph
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import Explainer
from napari_latent_explain.review import ReviewSession, Role, Study, load_protocol, read_picture

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    for seed in (3, 4):
        Image.fromarray(simulate(seed=seed, size=128).picture).save(tmp_path / f"Jane_Doe_{seed}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "again.png").write_bytes((tmp_path / "Jane_Doe_3.png").read_bytes())
    monkeypatch.setattr(module, "explain_photograph", lambda *a, **k: explain_photograph(*a, steps=3, **k))
    return [tmp_path / name for name in ("Jane_Doe_3.png", "Jane_Doe_4.png", "broken.png", "again.png")]


def _plan(protocol="attribute-review", **changes) -> StudyPlan:
    return StudyPlan("A study", load_protocol(protocol), display_size=96, **changes)


def test_every_direction_both_ways_in_every_photograph(photographs, small_explainer: Explainer, tmp_path):
    folder = tmp_path / "study"
    study, left_out = make_study(small_explainer, photographs, folder, _plan(directions=2), created=WHEN)
    assert [Path(path).name for path in left_out] == ["broken.png", "again.png"]
    assert "same photograph" in left_out[str(photographs[3])]
    assert Study.open(folder) == study
    assert len({item.photograph for item in study.items}) == 2
    assert {len([i for i in study.items if i.photograph == p]) for p in {i.photograph for i in study.items}} == {2}
    for item in study.items:
        assert set(item.pictures) == {Role.ORIGINAL, Role.LESS, Role.MORE}
        pictures = {role: read_picture(folder, picture) for role, picture in item.pictures.items()}
        assert {picture.shape for picture in pictures.values()} == {(96, 96, 3)}
        strengths = {role: dict(item.strengths[role]).get(item.direction, 0.0) for role in (Role.LESS, Role.MORE)}
        assert strengths[Role.LESS] <= 0 <= strengths[Role.MORE]
        moved = any((pictures[role] != pictures[Role.ORIGINAL]).any() for role in (Role.LESS, Role.MORE))
        assert moved == any(strengths.values())


def test_no_file_tells_what_it_is_or_who(photographs, small_explainer: Explainer, tmp_path):
    folder = tmp_path / "study"
    study, _ = make_study(small_explainer, photographs[:2], folder, _plan(directions=1), created=WHEN)
    for path in folder.rglob("*"):
        assert "Jane" not in path.name
        assert path.is_dir() or b"Jane" not in path.read_bytes()
    texts = set()
    for path in (folder / "pictures").iterdir():
        with Image.open(path) as image:
            texts.add(image.info["latent-explain"])
    assert len(texts) == 1
    direction = study.items[0].direction
    assert all(direction not in path.name for path in folder.rglob("*"))


def test_outside_the_field_pictures_are_black(photographs, small_explainer: Explainer, tmp_path):
    study, _ = make_study(small_explainer, photographs[:1], tmp_path / "s", _plan(directions=1), created=WHEN)
    for picture in study.items[0].pictures.values():
        corners = read_picture(tmp_path / "s", picture)[np.ix_([0, -1], [0, -1])]
        assert not corners.any()


def test_whole_counterfactuals(photographs, small_explainer: Explainer, tmp_path, monkeypatch):
    def moved(self, progress):
        return self.render(Edit(strengths={self.directions[0].id: self.strength_range(self.directions[0].id)[1]}))

    monkeypatch.setattr(Explanation, "find_counterfactual", moved)
    study, _ = make_study(small_explainer, photographs[:2], tmp_path / "s", _plan("realism-2afc"), created=WHEN)
    assert all(set(item.pictures) == {Role.ORIGINAL, Role.COUNTERFACTUAL} for item in study.items)
    assert all(item.strengths[Role.COUNTERFACTUAL] for item in study.items)


def test_the_same_again_gives_the_same_study(photographs, small_explainer: Explainer, tmp_path):
    made = [
        make_study(small_explainer, photographs[:1], tmp_path / name, _plan(directions=2), created=WHEN)[0]
        for name in "ab"
    ]
    assert made[0].sha256 == made[1].sha256


def test_what_can_not_be_made_leaves_no_study(photographs, small_explainer: Explainer, tmp_path):
    with pytest.raises(StudyError, match="No photograph is left"):
        make_study(small_explainer, photographs[2:3], tmp_path / "a", _plan(), created=WHEN)
    with pytest.raises(StudyError, match="no direction nothing"):
        make_study(small_explainer, photographs, tmp_path / "b", _plan(chosen=("nothing",)), created=WHEN)

    def stop(what: str, done: float) -> None:
        if done > 0.6:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_study(small_explainer, photographs[:2], tmp_path / "c", _plan(), created=WHEN, progress=stop)
    assert not any((tmp_path / name).exists() for name in "abc")
    with pytest.raises(StudyError, match="no pseudonym"):
        make_study(small_explainer, photographs[:1], tmp_path / "c", _plan(raters=("Dr. Ann",)), created=WHEN)
    make_study(small_explainer, photographs[:1], tmp_path / "c", _plan(directions=1), created=WHEN)
    with pytest.raises(StudyError, match="There is a study"):
        make_study(small_explainer, photographs[:1], tmp_path / "c", _plan(directions=1), created=WHEN)


def test_reviewing_needs_neither_torch_nor_the_model(photographs, small_explainer: Explainer, tmp_path):
    folder = tmp_path / "study"
    study, _ = make_study(small_explainer, photographs[:1], folder, _plan(directions=1), created=WHEN)
    session = ReviewSession.open(study, folder, "r1")
    session.close()
    program = f"""
import sys
from pathlib import Path
sys.modules["torch"] = None
sys.modules["monai"] = None
from napari_latent_explain.review import ReviewSession, Study, read_picture
folder = Path({str(folder)!r})
session = ReviewSession.open(Study.open(folder), folder, "r2")
assert read_picture(folder, session.pictures[0].picture).any()
session.press("n"); session.press("3"); session.lock(); session.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stopped_study_leaves_what_lay_in_its_folder(photographs, small_explainer: Explainer, tmp_path):
    folder = tmp_path / "study"
    (folder / "records").mkdir(parents=True)
    (folder / "records" / "notes.txt").write_text("mine")

    def stop(what: str, done: float) -> None:
        if done > 0.6:
            assert (folder / "pictures").exists()
            raise Cancelled

    with pytest.raises(Cancelled):
        make_study(small_explainer, photographs[:2], folder, _plan(), created=WHEN, progress=stop)
    assert [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*"))] == [
        "records",
        "records/notes.txt",
    ]
