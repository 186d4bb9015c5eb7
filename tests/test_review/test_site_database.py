"""One PostgreSQL for a site: append only, durable, several raters at once, and a server that dies."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time

import pytest
from pg8000.exceptions import DatabaseError

from dead_wire import Wire
from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import RatingStore, read_chain
from napari_latent_explain.review import address as address_module
from napari_latent_explain.review.record import BEGINNING, Record

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(study, address, clock):
    """Three records of r1, open."""
    made = RatingStore.open(address, study, "r1", now=clock)
    for deed in ("opened", "shown", "paused"):
        made.append(deed)
    yield made
    made.close()


def _setting(store, name):
    value = store._connection.exec_driver_sql(f"SHOW {name}").scalar_one()
    store._connection.rollback()
    return value


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET said = '{}'",
        "UPDATE log SET said = '{}' WHERE false",
        "DELETE FROM log",
        "TRUNCATE log",
        "DELETE FROM chains",
        "TRUNCATE chains",
        "UPDATE chains SET length = 2",
        "UPDATE chains SET length = 4",
        "UPDATE chains SET head = repeat('0', 64)",
        "UPDATE chains SET rater = 'r2'",
        "INSERT INTO chains VALUES (repeat('a', 64), 'r2', 1, repeat('0', 64))",
        "INSERT INTO log SELECT study, rater, 4, at, deed, trial, said, seal, repeat('1', 64) FROM log WHERE number = 3",
        "INSERT INTO log SELECT study, rater, 5, at, deed, trial, said, before, seal FROM log WHERE number = 3",
        "INSERT INTO log SELECT study, 'r2', number, at, deed, trial, said, before, seal FROM log WHERE number = 1",
        "INSERT INTO log SELECT * FROM log WHERE number = 1 ON CONFLICT (study, rater, number) DO UPDATE SET said = '{}'",
        (
            "CREATE TEMP TABLE chains AS SELECT repeat('a', 64) study, 'r2' rater, 1 length, repeat('b', 64) head; "
            "CREATE TEMP TABLE log AS SELECT study, rater, 1 number, head seal FROM pg_temp.chains; "
            "INSERT INTO public.chains SELECT * FROM pg_temp.chains"
        ),
    ],
)
def test_nothing_is_changed_even_by_the_superuser(server, store, address, statement):
    with pytest.raises(DatabaseError, match="the log is append only"):
        server.execute(address, statement)
    assert read_chain(address)[0] == store.records


def test_what_the_server_is_set_to_does_not_matter(server, store):
    for name, ours in (
        ("synchronous_commit", "on"),
        ("default_transaction_isolation", "read committed"),
        ("lock_timeout", "4s"),
    ):
        assert _setting(store, name) == ours
    assert server.execute("site", "SHOW synchronous_commit") == [["off"]]


def test_a_server_that_is_killed_keeps_all_that_was_said(server, study, store, address, caplog):
    """SIGKILL to all of its processes while it would write later by its own settings: every answer is there again."""
    for number in range(30):
        store.append("answered", "00001", question="what", answer=f"word {number}")
    said = store.records
    server.crash()
    with pytest.raises(
        StudyError, match=r"^127.0.0.1:\d+/site lost its connection; what was kept before is safe\. Open"
    ):
        store.append("locked", "00001")
    with pytest.raises(StudyError, match="can't be reached"):
        RatingStore.open(address, study, "r1")
    server.start()
    with pytest.raises(StudyError, match="not connected any more; open the review again"):
        store.append("locked", "00001")
    store.close()
    again = RatingStore.open(address, study, "r1")
    assert again.records == said
    again.append("locked", "00001")
    again.close()
    assert len(read_chain(address)[0]) == len(said) + 1
    assert not caplog.records


def test_a_connection_that_is_ended_by_the_server(server, study, store, address):
    server.execute(
        address,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'napari-latent-explain'",
    )
    other = RatingStore.open(address, study, "r1")  # the lock went with the connection
    for words in ("lost its connection", "not connected any more"):
        with pytest.raises(StudyError, match=words):
            store.append("resumed")
    other.append("resumed")
    other.close()


@pytest.mark.parametrize("arrives", [True, False])
def test_a_network_that_is_gone_does_not_hold_the_rater_up(server, study, store, address, monkeypatch, arrives):
    """The wire is dead in one direction or both: said in time; what was on its way is there whole, or not at all."""
    said = store.records
    store.close()
    monkeypatch.setattr(address_module, "SECONDS", 1.0)
    with Wire(server.port) as wire:
        there = address.replace(f":{server.port}/", f":{wire.port}/")
        store = RatingStore.open(there, study, "r1")
        if arrives:
            wire.mute_after(b"commit", b"E\0\0\0\t")  # prepared, then executed
        else:
            wire.cut()
        began = time.monotonic()
        with pytest.raises(StudyError, match="lost its connection"):
            store.append("resumed")
        assert time.monotonic() - began < 5
        with pytest.raises(StudyError, match="not connected any more"):
            store.append("resumed")
        if not arrives:
            with pytest.raises(StudyError, match="open in another review"):  # until the server finds out
                RatingStore.open(address, study, "r1")
        store.close()
    _wait_until_alone(server)
    again = RatingStore.open(address, study, "r1")
    assert again.records[:3] == said
    assert len(again.records) == (4 if arrives else 3)
    again.append("shown")
    again.close()


def _wait_until_alone(server):
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'napari-latent-explain'"
    deadline = time.monotonic() + 20
    while server.execute("site", ours) != [[0]]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(server, study, store, address, monkeypatch):
    store.close()
    server.execute(
        address,
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END $$",
        "CREATE TRIGGER linger BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION linger()",
    )
    monkeypatch.setattr(address_module, "SECONDS", 1.0)
    slow = RatingStore.open(address, study, "r1")
    for words in ("lost its connection", "not connected any more"):
        with pytest.raises(StudyError, match=words):
            slow.append("resumed")
    slow.close()
    _wait_until_alone(server)
    assert read_chain(address)[0] == store.records


def test_a_server_that_never_answers(study, monkeypatch):
    monkeypatch.setattr(address_module, "SECONDS", 0.5)
    with Wire(None) as wire:
        began = time.monotonic()
        with pytest.raises(StudyError, match="does not answer in time"):
            RatingStore.open(f"postgresql://r:canary@127.0.0.1:{wire.port}/site?sslmode=disable", study, "r1")
        assert time.monotonic() - began < 5


_RATER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from napari_latent_explain.review import RatingStore, Study
    store = RatingStore.open(sys.argv[2], Study.open(Path(sys.argv[1])), sys.argv[3])
    for number in range(100):
        store.append("answered", "00001", question="what", answer=f"word {number}")
    store.close()
""")


def test_five_raters_in_five_programs_begin_a_database_at_once(study, folder, address):
    children = [
        subprocess.Popen([sys.executable, "-c", _RATER, str(folder), address, f"r{k}"], stderr=subprocess.PIPE)
        for k in range(5)
    ]
    for child in children:
        _, said = child.communicate(timeout=120)
        assert child.returncode == 0, said.decode()
    assert [len(chain) for chain in read_chain(address, study.sha256)] == [100] * 5


def test_five_raters_at_once_while_somebody_reads(study, address):
    """Every reading is of one moment: no chain is ever seen half written."""
    wrong: list[Exception] = []

    def rate(name):
        try:
            store = RatingStore.open(address, study, name)
            for number in range(100):
                store.append("answered", "00001", question="what", answer=f"word {number}")
            store.close()
        except Exception as error:  # noqa: BLE001 - it is shown below
            wrong.append(error)

    RatingStore.open(address, study, "r0").close()
    raters = [threading.Thread(target=rate, args=(f"r{k}",)) for k in range(5)]
    for rater in raters:
        rater.start()
    seen = 0
    while any(rater.is_alive() for rater in raters):
        seen = max(seen, *(len(chain) for chain in read_chain(address)), 0)
    assert wrong == []
    assert seen > 10
    assert [len(chain) for chain in read_chain(address)] == [100] * 5


@pytest.mark.parametrize(("code", "times", "works"), [("40001", 2, True), ("40P01", 3, True), ("40001", 99, False)])
def test_what_the_server_gives_up_for_others_is_tried_again(server, store, address, code, times, works):
    server.execute(
        address,
        "CREATE SEQUENCE attempts",
        f"CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('public.attempts') <= {times} "
        f"THEN RAISE EXCEPTION 'given up' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER give_up BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION give_up()",
        "GRANT ALL ON SEQUENCE attempts TO PUBLIC",
    )
    if works:
        assert store.append("resumed").number == 4
    else:
        with pytest.raises(StudyError, match="by too many at once; nothing was written, answer again"):
            store.append("resumed")
    assert read_chain(address)[0] == store.records
    server.execute(address, "DROP TRIGGER give_up ON log")
    store.append("shown")
    assert read_chain(address)[0] == store.records


def test_two_that_write_the_same_record_without_a_lock(store, address, clock):
    """Whoever gets around the lock still can't fork a chain."""
    from napari_latent_explain.review.database import open_database
    from napari_latent_explain.review.store import write_records

    other = open_database(address)
    late = Record(study=store.study, rater="r1", number=4, at=clock(), deed="resumed", before=store.head).sealed()
    first = Record(study=store.study, rater="r1", number=1, at=clock(), deed="resumed", before=BEGINNING).sealed()
    store.append("resumed")
    for record in (late, first):
        with pytest.raises(Exception, match=r"continued elsewhere|duplicate key|append only"), other.begin():
            write_records(other, [record])
    other.close()
    assert read_chain(address)[0] == store.records
