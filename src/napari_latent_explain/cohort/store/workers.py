"""Who does the work: this process, or the workers of a Dask cluster, here or anywhere."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from napari_latent_explain.cohort.store.assignment import Answer
from napari_latent_explain.cohort.store.shards import require_cohort
from napari_latent_explain.domain import LatentExplainError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari_latent_explain.cohort.store.chunks import Chunk

__all__ = ["DaskWorkers", "Here", "Lost", "Workers", "cluster_workers", "local_workers"]

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Lost(Exception):  # noqa: N818 - what became of a chunk
    """A chunk that gave no answer: its worker died, or the answer could not be sent."""


class Workers(Protocol):
    """Takes chunks and gives answers."""

    @property
    def count(self) -> int:
        """How many chunks are worked on at a time; it may change."""

    @property
    def running(self) -> int:
        """How many are worked on now."""

    def begin(self, work: Callable[[Sequence[Any]], Answer], chunk: Chunk[Any]) -> None:
        """Send a chunk."""

    def ended(self, patience: float) -> list[tuple[Chunk[Any], Answer | Lost]]:
        """Return what has ended, after so many seconds at the latest.

        Raises
        ------
        LatentExplainError
            If a worker can do no chunk at all, or all are out of reach.
        """


class Here:
    """The process itself, one chunk after the other: for comparing, and where there is no Dask."""

    count = 1

    def __init__(self) -> None:
        self._next: tuple[Callable[[Sequence[Any]], Answer], Chunk[Any]] | None = None

    @property
    def running(self) -> int:
        """1 between `begin` and `ended`."""
        return int(self._next is not None)

    def begin(self, work: Callable[[Sequence[Any]], Answer], chunk: Chunk[Any]) -> None:
        """Remember a chunk."""
        self._next = (work, chunk)

    def ended(self, patience: float) -> list[tuple[Chunk[Any], Answer | Lost]]:
        """Do it now; `patience` is as long as it takes."""
        if self._next is None:
            return []
        (work, chunk), self._next = self._next, None
        return [(chunk, work(chunk.members))]


class DaskWorkers:
    """The workers of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
        Connected to its scheduler.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self._running: dict[Any, Chunk[Any]] = {}

    @property
    def count(self) -> int:
        """Threads of all workers that are there now."""
        try:
            return sum(self.client.nthreads().values())
        except OSError as error:
            raise _gone() from error

    @property
    def running(self) -> int:
        """Chunks that were sent and did not end."""
        return len(self._running)

    @property
    def dashboard(self) -> str:
        """Address of the dashboard; empty if none runs: it needs bokeh where the scheduler is."""
        with suppress(Exception):  # a scheduler that says nothing of it
            if self.client.run_on_scheduler(find_spec, "bokeh") is not None:
                return str(self.client.dashboard_link)
        return ""

    def begin(self, work: Callable[[Sequence[Any]], Answer], chunk: Chunk[Any]) -> None:
        """Send a chunk; a result is computed anew each time."""
        self._running[self.client.submit(work, chunk.members, pure=False)] = chunk

    def ended(self, patience: float) -> list[tuple[Chunk[Any], Answer | Lost]]:
        """Wait until some have ended, or so many seconds."""
        import distributed

        if not self._running:
            time.sleep(patience)
            return []
        with suppress(TimeoutError):
            distributed.wait(list(self._running), timeout=patience, return_when="FIRST_COMPLETED")
        if self.client.status != "running":
            raise _gone()
        over = [future for future in self._running if future.status != "pending"]
        return [(self._running.pop(future), _outcome(future)) for future in over]

    def stop(self) -> None:
        """Give up what runs."""
        with suppress(Exception):
            self.client.cancel(list(self._running), force=True)
        self._running.clear()


def _gone() -> ProjectError:
    return ProjectError("The Dask scheduler is out of reach: start it again, then run the same command, which goes on.")


def _outcome(future: Any) -> Answer | Lost:
    if future.status == "error":
        error = future.exception()
        if isinstance(error, LatentExplainError):
            raise error
        return Lost(type(error).__name__)
    if future.status != "finished":
        return Lost(future.status)
    try:
        answer = future.result()
    except Exception as error:  # noqa: BLE001 - it was lost on its way, with the worker that had it
        return Lost(type(error).__name__)
    return answer if isinstance(answer, Answer) else Lost(f"an answer of the type {type(answer).__name__}")


@contextmanager
def local_workers(processes: int) -> Iterator[DaskWorkers]:
    """Start worker processes of one thread each on this machine; they listen on the loopback alone, and end with the block.

    A worker that dies is replaced. A chunk is given up when its worker dies, and comes back halved.

    Raises
    ------
    WrongUseError
        If Dask is not installed.
    """
    require_cohort("distributed")
    import dask
    from distributed import Client, LocalCluster

    folder = tempfile.mkdtemp(prefix="latent-explain-")
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        # Dask's own would have malloc give memory back at every free: a network then waits for the kernel half of its time.
        "distributed.nanny.pre-spawn-environ": dict.fromkeys(_ONE_THREAD, 1),
    }
    try:
        with (
            dask.config.set(settings),
            LocalCluster(
                n_workers=processes, threads_per_worker=1, processes=True, host="127.0.0.1", protocol="tcp://",
                dashboard_address="127.0.0.1:0", local_directory=folder, silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):  # fmt: skip
            workers = DaskWorkers(client)
            try:
                yield workers
            finally:
                workers.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cluster_workers(address: str, patience: float = 10.0) -> Iterator[DaskWorkers]:
    """Use the workers of a scheduler that runs already, such as ``tcp://127.0.0.1:8786``; wait so many seconds for it.

    Start them with one thread each, and with ``distributed.nanny.pre-spawn-environ`` as ``examples/cohort_slurm.py`` sets it.

    Raises
    ------
    ProjectError
        If it does not answer.
    WrongUseError
        If Dask is not installed.
    """
    require_cohort("distributed")
    from distributed import Client

    try:
        client = Client(address, timeout=patience, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        msg = f"No Dask scheduler answers at {address}: start one with 'dask scheduler', and name the address that it prints."
        raise ProjectError(msg) from error
    with client:
        workers = DaskWorkers(client)
        try:
            yield workers
        finally:
            workers.stop()
