import threading

import pytest

from napari_latent_explain._qt.latest_wins import LatestWins
from napari_latent_explain.domain import Cancelled

pytestmark = pytest.mark.gui


@pytest.fixture
def worker(qtbot):
    worker = LatestWins()
    yield worker
    worker.close()
    assert not worker.alive


def test_only_the_newest_waiting_job_is_done(qtbot, worker):
    gate, done, got = threading.Event(), [], []
    worker.returned.connect(lambda kind, result: got.append(result))
    worker.submit("render", lambda _: gate.wait(10) and done.append(0))
    qtbot.waitUntil(lambda: worker.alive)
    while worker._desk._running is None:
        qtbot.wait(5)
    for number in range(1, 6):
        worker.submit("render", lambda _, number=number: done.append(number) or number)
    gate.set()
    qtbot.waitUntil(lambda: not worker.busy)
    assert done == [0, 5]
    assert got == [None, 5]


def test_cancel_ends_the_running_job_and_says_so_once(qtbot, worker):
    ended, failures = threading.Event(), []

    def endless(progress):
        try:
            while True:
                progress("Working", 0.5)
                threading.Event().wait(0.01)
        finally:
            ended.set()

    worker.failed.connect(lambda kind, error: failures.append((kind, type(error))))
    with qtbot.waitSignal(worker.progressed):
        worker.submit("explain", endless)
    worker.cancel()
    assert ended.wait(5)
    qtbot.wait(50)
    assert failures == [("explain", Cancelled)]
    assert not worker.busy


def test_discarded_work_is_not_delivered(qtbot, worker):
    gate, got = threading.Event(), []
    worker.returned.connect(lambda kind, result: got.append(result))
    worker.submit("render", lambda _: gate.wait(10) and "old")
    while worker._desk._running is None:
        qtbot.wait(5)
    worker.discard()
    worker.submit("render", lambda _: "new")
    gate.set()
    qtbot.waitUntil(lambda: not worker.busy)
    assert got == ["new"]


def test_an_error_is_delivered(qtbot, worker):
    with qtbot.waitSignal(worker.failed) as caught:
        worker.submit("render", lambda _: 1 / 0)
    assert isinstance(caught.args[1], ZeroDivisionError)


def test_what_ended_before_it_was_discarded_is_not_delivered_either(qtbot, worker):
    got, ended, go = [], threading.Event(), threading.Event()
    worker.returned.connect(lambda _, result: got.append(result))

    def quick(_):
        ended.set()
        return "overtaken"

    worker.submit("a", quick)
    assert ended.wait(5)
    worker.submit("b", lambda _: go.wait(5))
    qtbot.wait(0) if got else None
    worker.discard()
    go.set()
    worker.submit("c", lambda _: "new")
    qtbot.waitUntil(lambda: "new" in got)
    assert got == ["new"]
