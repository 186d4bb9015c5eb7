"""The stages of a cohort in one process: everything is done once, what fails is listed, and no name gets out."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.cohort.store import CohortStore
from napari_latent_explain.cohort.store import work as working
from napari_latent_explain.cohort.store.assignment import Answer
from napari_latent_explain.cohort.store.cohort_run import Tally
from napari_latent_explain.cohort.store.listing import list_files
from napari_latent_explain.cohort.store.workers import Here
from napari_latent_explain.domain import BundleError, ExportError, PhotographError, ProjectError, WrongUseError
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.fundus import read_photograph, simulate
from napari_latent_explain.model import Explainer
from small_cohort import assigned, contents, run

CANARY = "Meier_Hans_1950"


@pytest.fixture(scope="module")
def drawn() -> list[Image.Image]:
    return [Image.fromarray(simulate(seed=seed, size=96).picture) for seed in range(4)]


@pytest.fixture
def data(tmp_path: Path, drawn: list[Image.Image]) -> Path:
    """Three eyes, one of them twice, a broken file and an empty one, under names that nobody may read."""
    folder = tmp_path / "data"
    (folder / "clinic").mkdir(parents=True)
    for number, picture in enumerate(drawn[:3]):
        picture.save(folder / f"{CANARY}_{number}.png")
    shutil.copy(folder / f"{CANARY}_0.png", folder / "clinic" / f"{CANARY}_again.png")
    (folder / f"{CANARY}_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / f"{CANARY}_empty.png").write_bytes(b"")
    return folder


@dataclass
class Counting(Here):
    """This process, and what it was asked for."""

    asked: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def begin(self, work: Any, chunk: Any) -> None:
        self.asked += chunk.members
        super().begin(work, chunk)


def rows(store: CohortStore, stage: str) -> dict[str, dict[str, Any]]:
    return {row["sha256"]: row for shard in store.shards for row in store.results(stage, shard)}


def test_results_are_those_of_explaining_one(tmp_path: Path, data: Path, small_explainer: Explainer) -> None:
    tallies = run(tmp_path / "store", small_explainer, data, ("invert", "counterfactual"))
    assert tallies == [Tally(4, 4, 1), Tally(3, 3, 0)]
    store = CohortStore.read(tmp_path / "store")
    photograph = read_photograph(data / f"{CANARY}_1.png")
    made = explain_photograph(small_explainer, photograph, steps=2, display_size=96)
    key = photograph.sha256
    row = rows(store, "invert")[key]
    assert row["probabilities"] == pytest.approx(made.frame.probabilities.original, abs=1e-6)
    assert row["decision"] == small_explainer.classes[int(np.argmax(made.frame.probabilities.original))]
    assert row["gap"] == pytest.approx(made.frame.probabilities.gap, abs=1e-6)
    assert 0 < row["l1"] < 1
    code = store.codes(store.shard_of(key), [key])[key]
    np.testing.assert_allclose(code, made.inversion.code[0].numpy(), rtol=1e-4, atol=1e-5)
    found, answer = made.find_counterfactual(), rows(store, "counterfactual")[key]
    assert answer["reached"] == found.reached
    assert dict(zip(answer["directions"], answer["strengths"], strict=True)) == pytest.approx(
        dict(found.edit.strengths), abs=0.02
    )
    assert answer["counterfactual"] == pytest.approx(found.probabilities.counterfactual, abs=1e-3)
    assert answer["target"] == small_explainer.classes[made.target]


def test_a_photograph_that_lies_in_two_files_is_worked_on_once(
    tmp_path: Path, data: Path, small_explainer: Explainer
) -> None:
    run(tmp_path / "store", small_explainer, data)
    store = CohortStore.read(tmp_path / "store")
    listed = [row for shard in store.shards for row in store.photographs(shard)]
    assert len(listed) == 5
    assert len(rows(store, "invert")) == 4


def test_a_run_does_only_what_is_missing(
    tmp_path: Path, data: Path, small_explainer: Explainer, drawn: list[Image.Image]
) -> None:
    store, workers = tmp_path / "store", Counting()
    run(store, small_explainer, data, workers=workers)
    once = contents(store)
    workers.asked.clear()
    assert run(store, small_explainer, data, workers=workers) == [Tally(4, 0, 1)]
    assert [one.name for one in workers.asked] == [f"{CANARY}_empty.png"]  # which has no hash to be known by
    assert contents(store) == once
    drawn[3].save(data / "new.png")
    workers.asked.clear()
    run(store, small_explainer, data, workers=workers)
    assert sorted(one.name for one in workers.asked) == [f"{CANARY}_empty.png", "new.png", "new.png"]
    run(tmp_path / "at once", small_explainer, data)
    assert contents(tmp_path / "at once") == contents(store)


def test_a_file_that_changes_is_another_photograph(
    tmp_path: Path, data: Path, small_explainer: Explainer, drawn: list[Image.Image]
) -> None:
    run(tmp_path / "store", small_explainer, data)
    drawn[3].save(data / f"{CANARY}_1.png")
    os.utime(data / f"{CANARY}_1.png", ns=(1, 1))
    assert run(tmp_path / "store", small_explainer, data)[0].worked_on == 1
    store = CohortStore.read(tmp_path / "store")
    names = {row["name"]: row["sha256"] for shard in store.shards for row in store.photographs(shard)}
    assert names[f"{CANARY}_1.png"] == read_photograph(data / f"{CANARY}_1.png").sha256


def test_a_stopped_run_goes_on_to_the_same_bytes(tmp_path: Path, data: Path, small_explainer: Explainer) -> None:
    stages = ("invert", "counterfactual")
    run(tmp_path / "whole", small_explainer, data, stages)

    class Stopping(Here):
        left = 7

        def begin(self, work: Any, chunk: Any) -> None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            super().begin(work, chunk)

    stopped = 0
    for _ in range(10):
        try:
            run(tmp_path / "cut", small_explainer, data, stages, workers=Stopping())
            break
        except KeyboardInterrupt:
            stopped += 1
    assert stopped
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_a_full_disk_stops_with_a_sentence_and_another_run_goes_on(
    tmp_path: Path, data: Path, small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "whole", small_explainer, data)
    real, left = os.fsync, [8]

    def full(file: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match=r"can't be written .No space left on device"):
        run(tmp_path / "cut", small_explainer, data)
    monkeypatch.setattr(os, "fsync", real)
    some = contents(tmp_path / "cut")
    assert not [name for name in some if name.endswith(".part")]
    run(tmp_path / "cut", small_explainer, data)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_what_fails_is_listed_with_its_reason_and_may_be_tried_again(
    tmp_path: Path, data: Path, small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned = read_photograph(data / f"{CANARY}_2.png").sha256

    def explain(explainer: Explainer, photograph: Any, **options: Any) -> Any:
        if photograph.sha256 == poisoned:
            msg = f"index 7 is out of bounds in {photograph.path}"
            raise IndexError(msg)
        return explain_photograph(explainer, photograph, **options)

    monkeypatch.setattr(working, "explain_photograph", explain)
    assert run(tmp_path / "store", small_explainer, data) == [Tally(4, 4, 2)]
    store = CohortStore.read(tmp_path / "store")
    failures = {row["sha256"]: row for row in store.failures("invert")}
    assert failures[poisoned]["outcome"] == "error"
    assert failures[poisoned]["why"] == (
        "An error in the program (IndexError: index 7 is out of bounds in the photograph)."
    )
    assert [row["outcome"] for row in failures.values() if row["sha256"] != poisoned] == ["refused"]
    assert [row["name"] for row in store.unread()] == [f"{CANARY}_empty.png"]
    monkeypatch.undo()
    assert run(tmp_path / "store", small_explainer, data) == [Tally(4, 0, 2)]
    assert run(tmp_path / "store", small_explainer, data, retry=True) == [Tally(4, 1, 1)]
    run(tmp_path / "never failed", small_explainer, data)
    assert contents(tmp_path / "store") == contents(tmp_path / "never failed")


def test_names_are_in_the_list_of_photographs_alone(tmp_path: Path, data: Path, small_explainer: Explainer) -> None:
    run(tmp_path / "store", small_explainer, data, ("invert", "counterfactual"), pictures=True)
    found = contents(tmp_path / "store")
    telling = {name for name, content in found.items() if CANARY.encode() in content or CANARY in name}
    assert telling
    assert all(name.startswith("photographs/") for name in telling)
    # Parquet is compressed: look into every text as well.
    store = CohortStore.read(tmp_path / "store")
    said = json.dumps([rows(store, stage) for stage in ("invert", "counterfactual")] + [store.failures("invert")])
    assert CANARY not in said
    assert len([name for name in found if name.startswith("pictures/")]) == 3


def test_labels_of_a_table_are_carried_along_and_may_change(
    tmp_path: Path, data: Path, small_explainer: Explainer
) -> None:
    table = data / "labels.csv"
    table.write_text(f"file,label\n{CANARY}_0.png,ill\n{CANARY}_1.png,well\n")
    run(tmp_path / "store", small_explainer, table)
    store = CohortStore.read(tmp_path / "store")
    assert sorted(row["label"] for shard in store.shards for row in store.photographs(shard)) == ["ill", "well"]
    table.write_text(f"file,label\n{CANARY}_0.png,ill\n{CANARY}_1.png,ill\n")
    assert run(tmp_path / "store", small_explainer, table)[0].worked_on == 0
    assert [row["label"] for shard in store.shards for row in store.photographs(shard)] == ["ill", "ill"]


def test_an_archive_gives_what_its_folder_gives(tmp_path: Path, data: Path, small_explainer: Explainer) -> None:
    (data / f"{CANARY}_empty.png").unlink()
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", data))
    run(tmp_path / "folder", small_explainer, data)
    run(tmp_path / "archive", small_explainer, archive)
    results = [
        {name: content for name, content in contents(tmp_path / kind).items() if not name.startswith("photographs")}
        for kind in ("folder", "archive")
    ]
    assert results[0] == results[1]


def test_only_those_decided_otherwise_are_searched(tmp_path: Path, data: Path, small_explainer: Explainer) -> None:
    run(tmp_path / "store", small_explainer, data)
    store = CohortStore.read(tmp_path / "store")
    decided = [row["decision"] for row in rows(store, "invert").values() if row["outcome"] == "done"]
    for target in small_explainer.classes:
        folder = tmp_path / target
        shutil.copytree(tmp_path / "store", folder)
        run(folder, small_explainer, data, ("counterfactual",), target=target)
        found = rows(CohortStore.read(folder), "counterfactual").values()
        assert len(found) == sum(decision != target for decision in decided)
        assert all(row["target"] == target for row in found)


def test_a_worker_refuses_another_model_or_other_directions(data: Path, small_explainer: Explainer) -> None:
    rightly = assigned(small_explainer, data, "counterfactual")
    with pytest.raises(BundleError, match="has another model"):
        working.work_on(replace(rightly, model="b" * 64), [])
    with pytest.raises(BundleError, match="finds other directions"):
        working.work_on(replace(rightly, atlas_sha256="b" * 64), [])
    with pytest.raises(WrongUseError, match="does not see"):
        working.work_on(replace(rightly, data=data / "elsewhere"), [])
    assert working.work_on(rightly, []).rows == []


def test_a_file_that_vanishes_or_changes_meanwhile_is_tried_again(
    tmp_path: Path, data: Path, small_explainer: Explainer, drawn: list[Image.Image]
) -> None:
    class Meddling(Here):
        def begin(self, work: Any, chunk: Any) -> None:
            for one in chunk.members:
                if hasattr(one, "sha256") and one.name == f"{CANARY}_1.png":
                    (data / one.name).unlink(missing_ok=True)
                if hasattr(one, "sha256") and one.name == f"{CANARY}_2.png":
                    drawn[3].save(data / one.name)
            super().begin(work, chunk)

    copy = (data / f"{CANARY}_1.png").read_bytes()
    run(tmp_path / "store", small_explainer, data, workers=Meddling())
    failures = CohortStore.read(tmp_path / "store").failures("invert")
    assert sorted(row["why"].split(" ", 2)[2] for row in failures if row["outcome"] == "unread") == [
        "can't be opened; check that it is there and may be read.",
        "has changed since it was listed; run the same command again.",
    ]
    (data / f"{CANARY}_1.png").write_bytes(copy)
    assert run(tmp_path / "store", small_explainer, data, retry=True) == [Tally(5, 2, 1)]


def test_data_and_order_of_stages_are_checked(tmp_path: Path, data: Path, small_explainer: Explainer) -> None:
    with pytest.raises(WrongUseError, match=r"There is no .*nowhere; name a folder"):
        list_files(tmp_path / "nowhere")
    (tmp_path / "bare").mkdir()
    with pytest.raises(WrongUseError, match="There is no photograph in"):
        list_files(tmp_path / "bare")
    (tmp_path / "bad.zip").write_bytes(b"PK")
    with pytest.raises(PhotographError, match="no zip archive"):
        list_files(tmp_path / "bad.zip")
    with pytest.raises(WrongUseError, match=r"No photograph of .* was inverted"):
        run(tmp_path / "store", small_explainer, data, ("counterfactual",))
    run(tmp_path / "store", small_explainer, data)
    with pytest.raises(ProjectError, match="were made with seed 0, not 1"):
        run(tmp_path / "store", small_explainer, data, seed=1)


def test_answers_carry_numbers_alone(data: Path, small_explainer: Explainer) -> None:
    answer = working.work_on(assigned(small_explainer, data), [])
    assert answer == Answer([], answer.seconds)
