"""Work of several kinds: who hears what, and in which order."""

from __future__ import annotations

import threading

import pytest

from napari_latent_explain.domain import WrongUseError

pytestmark = pytest.mark.gui


@pytest.fixture
def heard(work):
    """Everything that is heard of the work, in order."""
    heard = []
    work.begins.connect(lambda kind: heard.append(f"{kind} begins"))
    work.changed.connect(lambda: heard.append(f"changed, busy with {work.busy or 'nothing'}"))
    work.said.connect(lambda text: heard.append(f"said {text!r}"))
    work.refused.connect(lambda reason: heard.append(f"refused: {reason}"))
    for kind in ("find", "render"):
        work.expect(
            kind,
            lambda result, kind=kind: heard.append(f"{kind} gave {result}"),
            lambda kind=kind: heard.append(f"{kind} failed"),
        )
    return heard


def test_what_comes_of_it_goes_to_who_expects_it_before_anybody_hears_that_it_ended(qtbot, work, heard):
    for kind in ("find", "render"):
        work.submit(kind, lambda _, kind=kind: f"a {kind}")
        assert work.free is (kind == "render")
        qtbot.waitUntil(lambda: not work.busy)
    assert heard == [
        line
        for kind in ("find", "render")
        for line in (
            f"{kind} begins", f"changed, busy with {kind}", f"{kind} gave a {kind}", "changed, busy with nothing",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (WrongUseError("Choose another one."), "Choose another one."),
        (KeyError("x"), "That did not work, because of an error in the program (KeyError: 'x')."),
    ],
)
def test_a_failure_is_put_right_first_and_said_then(qtbot, work, heard, error, reason):
    def fail(_):
        raise error

    work.submit("find", fail)
    qtbot.waitUntil(lambda: not work.busy)
    assert heard[2:] == ["said ''", "find failed", f"refused: {reason}", "changed, busy with nothing"]


def test_what_a_person_stops_is_no_error(qtbot, work, heard):
    gate = threading.Event()
    work.submit("find", lambda _: gate.wait(10))
    work.cancel()
    gate.set()
    assert heard[2:] == ["said 'Stopped.'", "find failed", "changed, busy with nothing"]
