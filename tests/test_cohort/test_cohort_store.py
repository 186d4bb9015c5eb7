"""A store is whole after every interruption, and its bytes depend on its photographs alone."""

from __future__ import annotations

import errno
import hashlib
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.storage import ZipStore

from napari_latent_explain.cohort.store import CohortStore, StoreState
from napari_latent_explain.cohort.store import store as module
from napari_latent_explain.cohort.store.shards import read_codes
from napari_latent_explain.domain import ExportError, ProjectError

MODEL = "a" * 64
WANTED = StoreState.fitting(MODEL, "small", ("no", "yes"), 5, 1000)
KEYS = sorted(hashlib.sha256(bytes([i])).hexdigest() for i in range(40))


def row(key: str, outcome: str = "done") -> dict[str, object]:
    """An inversion whose code is the photograph's first bytes."""
    if outcome != "done":
        return {"sha256": key, "outcome": outcome, "why": "It shows no fundus."}
    code = np.frombuffer(bytes.fromhex(key)[:5], np.uint8).astype(np.float32)
    return {"sha256": key, "outcome": "done", "why": "", "decision": "yes", "gap": 0.25, "code": code.tobytes()}


def fill(folder: Path, size: int, backwards: bool = False) -> CohortStore:
    """A store of all photographs, the fifth refused, kept in chunks of a size."""
    with CohortStore.open(folder, WANTED) as store:
        for shard in store.shards:
            members = [key for key in KEYS if store.shard_of(key) == shard][:: -1 if backwards else 1]
            for at in range(0, len(members), size):
                rows = [row(key, "refused" if key == KEYS[4] else "done") for key in members[at : at + size]]
                store.keep("invert", shard, rows)
            store.collect("invert", shard)
    return store


def _collect(store: CohortStore) -> None:
    for shard in store.shards:
        store.collect("invert", shard)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a store but the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "store.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_bytes_do_not_depend_on_chunks_or_their_order(tmp_path: Path) -> None:
    fill(tmp_path / "a", 1)
    fill(tmp_path / "b", 7, backwards=True)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(list((tmp_path / "a" / "results" / "invert").iterdir())) == 4


def test_a_shard_gives_back_its_rows_and_codes(tmp_path: Path) -> None:
    store = fill(tmp_path, 3)
    shard = store.shard_of(KEYS[7])
    members = [key for key in KEYS if store.shard_of(key) == shard]
    assert [one["sha256"] for one in store.results("invert", shard)] == members
    assert store.results("invert", shard)[members.index(KEYS[7])]["gap"] == 0.25
    codes = store.codes(shard, [KEYS[7]])
    assert list(codes) == [KEYS[7]]
    assert codes[KEYS[7]].tolist() == list(bytes.fromhex(KEYS[7])[:5])
    assert KEYS[4] not in store.codes(store.shard_of(KEYS[4]), KEYS)
    with ZipStore(store.path("codes", shard), mode="r") as archive:
        group = zarr.open_group(archive, mode="r")
        assert group["codes"].dtype == np.float32
        assert group.attrs["model"] == MODEL


def test_photographs_of_new_runs_join_their_shard(tmp_path: Path) -> None:
    with CohortStore.open(tmp_path / "twice", WANTED) as store:
        for members in (KEYS[::2], KEYS[1::2]):
            for key in members:
                store.keep("invert", store.shard_of(key), [row(key, "refused" if key == KEYS[4] else "done")])
            _collect(store)
    fill(tmp_path / "once", 5)
    assert contents(tmp_path / "twice") == contents(tmp_path / "once")


@pytest.mark.parametrize("killed_at", [1, 2, 3])
def test_collecting_that_is_cut_off_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    expected = contents(fill(tmp_path / "whole", 100).folder)
    with CohortStore.open(tmp_path / "cut", WANTED) as store:
        for key in KEYS:
            store.keep("invert", store.shard_of(key), [row(key, "refused" if key == KEYS[4] else "done")])
        written = []

        def write(path: Path, content: bytes) -> Path:
            written.append(path)
            if len(written) == killed_at:
                raise KeyboardInterrupt
            return original(path, content)

        original = module.write_atomically
        monkeypatch.setattr(module, "write_atomically", write)
        with pytest.raises(KeyboardInterrupt):
            _collect(store)
        monkeypatch.setattr(module, "write_atomically", original)
        for shard in store.shards:
            assert set(store.outcomes("invert", shard)) == {key for key in KEYS if store.shard_of(key) == shard}
    with CohortStore.open(tmp_path / "cut", WANTED) as store:
        _collect(store)
    assert contents(tmp_path / "cut") == expected


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 100)
    before = contents(tmp_path)

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with CohortStore.open(tmp_path, WANTED) as store:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ExportError, match="No space left on device"):
            store.keep("invert", store.shard_of(KEYS[0]), [row(KEYS[0])])
    assert contents(tmp_path) == before


def test_what_a_killed_run_was_writing_is_swept_away(tmp_path: Path) -> None:
    fill(tmp_path, 100)
    (tmp_path / "results" / "invert" / ".0.parquet.x1.part").write_bytes(b"half")
    CohortStore.open(tmp_path, WANTED).close()
    assert not list(tmp_path.rglob("*.part"))


def test_another_model_is_refused(tmp_path: Path) -> None:
    store = fill(tmp_path / "a", 100)
    other = WANTED.replace(model="b" * 64)
    with pytest.raises(ProjectError, match=r"was made with the model small aaaaaaaaaaaa.*another folder"):
        CohortStore.open(tmp_path / "a", other)
    shard = store.shards[0]
    with CohortStore.open(tmp_path / "b", other) as theirs:
        theirs.path("invert", shard).parent.mkdir(parents=True)
        theirs.path("invert", shard).write_bytes(store.path("invert", shard).read_bytes())
        with pytest.raises(ProjectError, match="made with another model"):
            theirs.results("invert", shard)
    with pytest.raises(ProjectError, match="made with another model"):
        read_codes(store.path("codes", shard), model="b" * 64)


def test_two_runs_do_not_share_a_store(tmp_path: Path) -> None:
    with CohortStore.open(tmp_path, WANTED), pytest.raises(ProjectError, match="Another run writes to"):
        CohortStore.open(tmp_path, WANTED)
    CohortStore.open(tmp_path, WANTED).close()


def test_other_settings_are_refused(tmp_path: Path) -> None:
    with CohortStore.open(tmp_path, WANTED) as store:
        store.settle("invert", {"steps": 3, "seed": 0})
        store.settle("invert", {"steps": 3, "seed": 0})
        with pytest.raises(ProjectError, match="were made with steps 3, not 4"):
            store.settle("invert", {"steps": 4, "seed": 0})
    with CohortStore.open(tmp_path, WANTED) as store, pytest.raises(ProjectError, match="steps 3, not 5"):
        store.settle("invert", {"steps": 5, "seed": 0})


@pytest.mark.parametrize("kind", ["invert", "codes"])
def test_a_damaged_shard_says_what_to_do_and_is_made_anew(tmp_path: Path, kind: str) -> None:
    store = fill(tmp_path, 100)
    shard = store.shards[0]
    path = store.path(kind, shard)
    path.write_bytes(path.read_bytes()[:-40])
    members = [key for key in KEYS if store.shard_of(key) == shard]
    read = partial(store.results, "invert", shard) if kind == "invert" else partial(store.codes, shard, members)
    with pytest.raises(ProjectError, match=r"is damaged .* delete it and run the same command again"):
        read()
    path.unlink()
    done = {key for key, outcome in store.outcomes("invert", shard).items() if outcome == "done"}
    assert not done


def test_there_is_a_sentence_where_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"There is no store in .* cohort invert DATA"):
        CohortStore.read(tmp_path)


@pytest.mark.parametrize(("photographs", "shards"), [(1, 1), (256, 1), (257, 2), (1_000_000, 4096), (10**9, 65536)])
def test_shards_have_256_photographs_at_most_to_begin_with(photographs: int, shards: int) -> None:
    assert 1 << StoreState.fitting(MODEL, "small", ("no", "yes"), 5, photographs).bits == shards
