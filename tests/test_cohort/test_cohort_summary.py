"""The summary of a cohort, and the sample that directions are found on, in one pass over its shards."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_latent_explain.cohort.store import CohortStore, StoreState
from napari_latent_explain.cohort.store import discovering as module
from napari_latent_explain.cohort.store import store as store_module
from napari_latent_explain.cohort.store.discovering import draw_sample, find_cohort_directions, read_sample
from napari_latent_explain.cohort.store.shards import table_bytes
from napari_latent_explain.cohort.store.summary import summarise
from napari_latent_explain.domain import DiscoveryError
from napari_latent_explain.model import Explainer

CLASSES = ("well", "ill")


def _photographs(number: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    found = []
    for i in range(number):
        gap = round(float(rng.random()) ** 3, 6)
        done, ill = rng.random() < 0.9, rng.random() < 0.2
        found.append(
            {
                "sha256": hashlib.sha256(str(i).encode()).hexdigest(), "name": f"{i}.png", "frame": 0, "size": 1,
                "modified": 1, "label": ("a", "b", "")[i % 3], "outcome": "done" if done else "refused",
                "why": "" if done else "It shows no fundus.", "decision": CLASSES[int(ill)],
                "reconstructed_decision": CLASSES[int(ill) if gap < 0.5 else 1 - int(ill)], "gap": gap, "l1": 0.1,
                "quality": [], "target": CLASSES[1 - int(ill)], "reached": bool(rng.random() < 0.6),
                "changed_area": 0.05, "second_before": 0.2, "second_after": 0.4 if rng.random() < 0.7 else 0.1,
            }
        )  # fmt: skip
        found[-1]["flipped"] = found[-1]["reached"]
    return found


def fake(folder: Path, shards: int, each: int = 256) -> tuple[CohortStore, list[dict[str, Any]]]:
    """A store of many shards without any code, and its rows."""
    rows = _photographs(shards * each)
    state = StoreState.fitting("a" * 64, "small", CLASSES, 5, shards * 256)
    store = CohortStore(folder, state)
    folder.mkdir(parents=True)
    (folder / "store.json").write_text(state.model_dump_json())
    by_shard: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["sha256"]):
        by_shard.setdefault(store.shard_of(row["sha256"]), []).append(row)
    for shard, members in by_shard.items():
        for kind in ("photographs", "invert", "counterfactual"):
            answers = [m for m in members if m["outcome"] == "done"] if kind == "counterfactual" else members
            store.path(kind, shard).parent.mkdir(parents=True, exist_ok=True)
            store.path(kind, shard).write_bytes(table_bytes(kind, answers, {"model": "a" * 64}))
    return store, rows


def test_figures_are_those_of_all_rows_together(tmp_path: Path) -> None:
    store, rows = fake(tmp_path / "store", 8)
    tree = summarise(store)
    for label, group in ((None, tree["all"]), ("a", tree["by_label"]["a"]), ("b", tree["by_label"]["b"])):
        members = [row for row in rows if label in (None, row["label"])]
        done = [row for row in members if row["outcome"] == "done"]
        flipped = [row for row in done if row["flipped"]]
        assert group["photographs"] == len(members)
        assert group["outcomes"] == dict(sorted(Counter(row["outcome"] for row in members).items()))
        assert group["decision_agreement"] == pytest.approx(np.mean([row["gap"] < 0.5 for row in done]), abs=1e-6)
        assert group["median_gap"] == pytest.approx(np.median([row["gap"] for row in done]), abs=1e-4)
        answers = group["counterfactuals"]
        assert answers["flip_rate"] == pytest.approx(len(flipped) / len(done), abs=1e-6)
        for name in CLASSES:
            towards = [row["flipped"] for row in done if row["target"] == name]
            assert answers["flip_rate_towards"][name] == pytest.approx(np.mean(towards), abs=1e-6)
        follows = np.mean([row["second_after"] > row["second_before"] for row in flipped])
        assert answers["second_opinion_moves_along"] == pytest.approx(follows, abs=1e-6)
    refused = sum(row["outcome"] == "refused" for row in rows)
    assert tree["reasons"] == {"invert": {"refused: It shows no fundus.": refused}}


def test_photographs_that_are_not_listed_any_more_do_not_count(tmp_path: Path) -> None:
    store, rows = fake(tmp_path / "store", 2)
    shard = store.shards[1]
    gone = len(store.photographs(shard))
    store.path("photographs", shard).unlink()
    assert summarise(store)["all"]["photographs"] == len(rows) - gone
    assert sum(summarise(store)["all"]["outcomes"].values()) == len(rows) - gone


def _peak(call: Any) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_neither_summary_nor_sample_loads_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few, _ = fake(tmp_path / "few", 4, each=64)
    many, rows = fake(tmp_path / "many", 64, each=64)
    summarise(few), draw_sample(few, 20, 0)  # what is imported on the way counts for neither
    for work in (summarise, lambda store: draw_sample(store, 20, 0)):
        assert _peak(lambda work=work: work(many)) < 2 * _peak(lambda work=work: work(few))
    read: list[int] = []
    original = store_module.read_rows
    monkeypatch.setattr(
        store_module, "read_rows", lambda *a, **k: read.append(len(original(*a, **k))) or original(*a, **k)
    )
    summarise(many)
    assert max(read) < len(rows) / 32


def test_a_sample_is_of_all_decisions_alike_and_depends_on_the_seed_alone(tmp_path: Path) -> None:
    store, rows = fake(tmp_path / "store", 8)
    sample = draw_sample(store, 100, 0)
    assert Counter(row["decision"] for row in sample) == {"well": 50, "ill": 50}
    done = {row["sha256"] for row in rows if row["outcome"] == "done"}
    assert {row["sha256"] for row in sample} <= done
    other, _ = fake(tmp_path / "other", 1, each=8 * 256)  # the same photographs in one shard
    assert [row["sha256"] for row in draw_sample(other, 100, 0)] == [row["sha256"] for row in sample]
    assert [row["sha256"] for row in draw_sample(store, 100, 1)] != [row["sha256"] for row in sample]
    ill = sum(row["outcome"] == "done" and row["decision"] == "ill" for row in rows)
    most = Counter(row["decision"] for row in draw_sample(store, 2 * ill + 100, 0))
    assert most == {"ill": ill, "well": ill + 100}


def test_nothing_inverted_is_a_sentence(tmp_path: Path) -> None:
    store = CohortStore(tmp_path, StoreState.fitting("a" * 64, "small", CLASSES, 5, 10))
    with pytest.raises(DiscoveryError, match="was inverted"):
        draw_sample(store, 10, 0)
    assert summarise(store)["all"]["median_gap"] is None


def test_discovery_works_on_the_stored_codes_of_the_sample(
    tmp_path: Path, small_explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    from napari_latent_explain.fundus import simulate
    from small_cohort import run

    data = tmp_path / "data"
    data.mkdir()
    for seed in range(5):
        Image.fromarray(simulate(seed=seed, size=96).picture).save(data / f"eye{seed}.png")
    run(tmp_path / "store", small_explainer, data)
    store = CohortStore.read(tmp_path / "store")
    sample = draw_sample(store, 4, 0)
    (data / sample[0]["name"]).unlink()
    asked: list[Any] = []
    monkeypatch.setattr(module, "discover", lambda *args, **_: asked.append(args))
    find_cohort_directions(store, data, small_explainer, photographs=4, held_out=0.34)
    _, selection, held = asked[0]
    assert (len(selection), len(held)) == (2, 1)
    codes = {
        key: code for shard in store.shards for key, code in store.codes(shard, [r["sha256"] for r in sample]).items()
    }
    for part in (selection, held):
        for name, code in zip(part.names, part.codes, strict=True):
            (key,) = [key for key in codes if name == f"case {key[:8]}"]
            assert np.array_equal(code.numpy(), codes[key])
    everyone = read_sample(store, data, small_explainer, sample)
    assert len(everyone) == 3
    assert everyone.logits.argmax(1).tolist() == [
        small_explainer.classes.index(row["decision"]) for row in sample if row["sha256"] != sample[0]["sha256"]
    ]
    with pytest.raises(DiscoveryError, match="None of the 4 photographs"):
        read_sample(store, tmp_path, small_explainer, sample)
