"""Workers in processes of their own: the same bytes as one process gives, whoever is killed on the way."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from napari_latent_explain.cohort.store import chunks
from napari_latent_explain.cohort.store.assignment import Answer
from napari_latent_explain.cohort.store.chunks import Pace
from napari_latent_explain.cohort.store.running import run_chunks
from napari_latent_explain.cohort.store.workers import DaskWorkers, cluster_workers, local_workers
from napari_latent_explain.domain import BundleError, ProjectError, silent
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import Explainer
from small_cohort import contents, run

cloudpickle = pytest.importorskip("cloudpickle")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskWorkers]:
    """Two processes for all tests: each takes seconds to import torch."""
    here = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("cwd"))
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers don't see the tests
    try:
        with local_workers(2) as started:
            yield started
        assert not list(Path.cwd().iterdir())  # Dask left nothing where it was started
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
        os.chdir(here)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight eyes and a broken file."""
    folder = tmp_path_factory.mktemp("data")
    for seed in range(8):
        Image.fromarray(simulate(seed=seed, size=96).picture).save(folder / f"eye{seed}.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def test_two_workers_one_of_them_killed_give_the_bytes_of_one_process(
    tmp_path: Path, workers: DaskWorkers, data: Path, small_explainer: Explainer
) -> None:
    stages = ("invert", "counterfactual")
    run(tmp_path / "serial", small_explainer, data, stages)
    killed: list[int] = []

    def kill(_what: str, done: float) -> None:
        if 0.2 < done < 1 and not killed:
            killed.append(next(iter(workers.client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    tallies = run(tmp_path / "dask", small_explainer, data, stages, workers, progress=kill)
    assert killed
    assert [tally.failures for tally in tallies] == [1, 0]
    assert contents(tmp_path / "dask") == contents(tmp_path / "serial")


@dataclass(frozen=True)
class Eye:
    sha256: str


def deadly(members: Sequence[Eye]) -> Answer:
    """Dies of one photograph, as a decoder with a bug would."""
    time.sleep(0.01)
    if any(eye.sha256 == "13" for eye in members):
        os.kill(os.getpid(), signal.SIGSEGV)
    return Answer([{"sha256": eye.sha256, "outcome": "done"} for eye in members], 0.01 * len(members))


def test_a_photograph_that_kills_every_worker_is_found_and_the_rest_goes_on(
    workers: DaskWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_TRIES", 2)  # a worker takes seconds to start
    kept: list[str] = []
    lost: list[Eye] = []

    def keep(chunk: Sequence[Eye], answer: Answer) -> int:
        kept.extend(row["sha256"] for row in answer.rows)
        return 0

    eyes = [Eye(str(number)) for number in range(20)]
    run_chunks(workers, deadly, [eyes], 20, keep=keep, give_up=lost.append, progress=silent, pace=Pace(0.025))
    assert sorted(kept, key=int) == [str(number) for number in range(20) if number != 13]
    assert lost == [Eye("13")]


def refusing(_members: Sequence[Eye]) -> Answer:
    """Cannot work here at all."""
    msg = "The worker on node7 has another model."
    raise BundleError(msg)


def test_a_worker_that_refuses_stops_the_run_with_its_sentence(workers: DaskWorkers) -> None:
    with pytest.raises(BundleError, match="The worker on node7 has another model"):
        run_chunks(workers, refusing, [[Eye("1")]], 1, keep=lambda *_: 0, give_up=print, progress=silent)


def test_workers_listen_on_the_loopback_and_have_one_thread(workers: DaskWorkers) -> None:
    workers.client.wait_for_workers(2, timeout=60)  # one that was killed comes back in its own time
    info: dict[str, Any] = workers.client.scheduler_info(n_workers=-1)
    assert len(info["workers"]) == 2
    assert workers.count == 2
    for address in (info["address"], *info["workers"], *(one["nanny"] for one in info["workers"].values())):
        assert address.startswith("tcp://127.0.0.1:")
    assert all(folder.startswith("/") for folder in workers.client.run(os.getcwd).values())


def malloc_trims() -> str | None:
    return os.environ.get("MALLOC_TRIM_THRESHOLD_")


def test_memory_is_not_given_back_at_every_free(workers: DaskWorkers) -> None:
    assert set(workers.client.run(malloc_trims).values()) == {None}  # as Dask would have it: three times as slow


def test_a_scheduler_that_runs_already_is_used(workers: DaskWorkers) -> None:
    workers.client.wait_for_workers(2, timeout=60)
    with cluster_workers(workers.client.scheduler.address) as joined:
        assert joined.count == 2
        assert not joined.running


def test_a_scheduler_that_is_not_there_is_a_sentence() -> None:
    nowhere = cluster_workers("tcp://127.0.0.1:9", patience=0.3)
    with pytest.raises(ProjectError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9"), nowhere:
        pass
