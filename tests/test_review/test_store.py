"""Records: durable, locked, and every change to them is seen."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import RatingStore, rater_file, read_chain


@pytest.fixture
def path(folder):
    return rater_file(folder, "r1")


@pytest.fixture
def place(kept):
    """A file or a database for the answers of r1."""
    return kept("r1")


@pytest.fixture
def written_file(study, path, clock):
    return _write(path, study, clock)


@pytest.fixture
def written(study, place, clock):
    return _write(place, study, clock)


def _write(place, study, clock):
    """Write four records."""
    store = RatingStore.open(place, study, "r1", now=clock)
    store.append("opened", software="1")
    store.append("shown", "00001")
    store.append("answered", "00001", question="changed", answer="yes")
    store.append("locked", "00001")
    store.close()
    return place


@pytest.fixture
def tamper(request):
    """Change what is kept, past everything that keeps it."""

    def changed(place, *statements):
        if "://" in str(place):
            triggers = ("ALTER TABLE log DISABLE TRIGGER ALL", "ALTER TABLE chains DISABLE TRIGGER ALL")
            request.getfixturevalue("server").execute(place, *triggers, *statements)
        else:
            _change_file(place, *statements)

    return changed


def _change_file(path, *statements):
    raw = sqlite3.connect(path)
    raw.execute("DROP TRIGGER IF EXISTS log_UPDATE")
    raw.execute("DROP TRIGGER IF EXISTS log_DELETE")
    for statement in statements:
        raw.execute(statement)
    raw.commit()
    raw.close()


def test_what_was_written_is_there_again(study, written):
    store = RatingStore.open(written, study, "r1")
    assert [r.deed for r in store.records] == ["opened", "shown", "answered", "locked"]
    assert store.records[2].said == {"question": "changed", "answer": "yes"}
    assert store.head == store.records[-1].seal
    store.close()


def test_the_same_deeds_at_the_same_times_have_the_same_seals(study, tmp_path, clock):
    heads = []
    for name in ("a", "b"):
        clock.__init__()
        store = RatingStore.open(tmp_path / f"{name}.sqlite", study, "r1", now=clock)
        store.append("opened")
        store.append("shown", "00001")
        heads.append(store.head)
        store.close()
    assert heads[0] == heads[1]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE log SET said = replace(said, 'yes', 'no') WHERE number = 3", "was changed after"),
        ("UPDATE log SET at = '2026-03-01T08:00:00Z' WHERE number = 2", "was changed after"),
        ("DELETE FROM log WHERE number = 2", "missing"),
        ("DELETE FROM log WHERE number = 4", "cut short"),
        ("DELETE FROM chains", "cut short"),
        ("DELETE FROM log", "cut short"),
        ("UPDATE log SET said = 'x' WHERE number = 3", "damaged"),
        ("UPDATE log SET deed = 'forged' WHERE number = 3", "damaged"),
        ("UPDATE log SET rater = 'r2'", "cut short"),
        ("UPDATE latent_explain_revision SET version_num = '9999'", "newer version"),
    ],
)
def test_whatever_is_changed_is_seen(study, written, tamper, statement, words):
    tamper(written, statement)
    with pytest.raises(StudyError, match=words):
        RatingStore.open(written, study, "r1").close()
    with pytest.raises(StudyError):
        read_chain(written, study.sha256)


def test_another_program_s_file_is_refused(study, written_file):
    _change_file(written_file, "PRAGMA application_id = 5")
    for attempt in (lambda: RatingStore.open(written_file, study, "r1"), lambda: read_chain(written_file)):
        with pytest.raises(StudyError, match="another program"):
            attempt()


def test_a_forged_end_needs_the_whole_chain_forged(study, written, tamper):
    """Cutting the end off and setting the length right is seen too: the seal beside it is another."""
    tamper(written, "DELETE FROM log WHERE number = 4", "UPDATE chains SET length = 3")
    with pytest.raises(StudyError, match="cut short"):
        RatingStore.open(written, study, "r1")


def test_the_file_itself_takes_no_changes(written_file):
    raw = sqlite3.connect(written_file)
    for statement in ("UPDATE log SET said = '{}'", "DELETE FROM log"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            raw.execute(statement)
    raw.close()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_is_refused(study, written_file, share):
    content = written_file.read_bytes()
    written_file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StudyError, match=r"damaged|no answers"):
        RatingStore.open(written_file, study, "r1")


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be looked at" * 40])
def test_another_kind_of_file(study, path, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    if not content:  # an empty file is how SQLite begins
        RatingStore.open(path, study, "r1").close()
        return
    with pytest.raises(StudyError, match="holds no answers"):
        RatingStore.open(path, study, "r1")


def test_another_study_or_rater(study, written):
    another = study.replace(title="Another")
    if "://" in str(written):  # a database has room for many studies
        store = RatingStore.open(written, another, "r1")
        assert store.records == ()
        store.append("opened")
        store.close()
        assert [len(chain) for chain in read_chain(written, study.sha256)] == [4]
        assert sorted(len(chain) for chain in read_chain(written)) == [1, 4]
    else:
        with pytest.raises(StudyError, match="another study"):
            RatingStore.open(written, another, "r1")
    with pytest.raises(StudyError, match="another study"):
        read_chain(written, "0" * 64)
    with pytest.raises(StudyError, match="takes no part"):
        RatingStore.open(written, study.replace(raters=("r2",)), "r1")


def test_a_second_review_is_kept_out(study, written):
    store = RatingStore.open(written, study, "r1")
    with pytest.raises(StudyError, match="open in another review"):
        RatingStore.open(written, study, "r1")
    if "://" in str(written):  # a database can be read meanwhile
        assert len(read_chain(written)[0]) == 4
    else:
        with pytest.raises(StudyError, match="open in another review"):
            read_chain(written)
    store.append("paused")
    store.close()
    assert len(read_chain(written)[0]) == 5


def test_a_folder_that_can_not_be_written(study, tmp_path):
    (tmp_path / "file").write_text("here", encoding="utf-8")
    with pytest.raises(StudyError, match="can't be"):
        RatingStore.open(tmp_path / "file" / "r1.sqlite", study, "r1")


def test_no_room_left_keeps_what_was_there(study, written_file):
    store = RatingStore.open(written_file, study, "r1")
    pages = store._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    store._connection.commit()
    store._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    store._connection.commit()

    def fill() -> None:
        for _ in range(200):
            store.append("answered", "00002", question="what", answer="x" * 500)

    with pytest.raises(StudyError, match="no room left"):
        fill()
    kept = store.records
    store.close()
    assert read_chain(written_file)[0] == kept


_WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from napari_latent_explain.review import RatingStore, Study
    store = RatingStore.open(sys.argv[2], Study.open(Path(sys.argv[1])), "r1")
    print("ready", flush=True)
    for number in range(100_000):
        print(store.append("answered", "00001", question="what", answer=f"word {number}").number, flush=True)
""")


@pytest.mark.parametrize("records", [1, 7, 40])
def test_killed_while_writing_nothing_that_was_said_is_lost(study, folder, place, records):
    """SIGKILL after so many records were reported as kept: they are all there, in order, with a whole chain."""
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder), str(place)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "ready"
    said = [int(child.stdout.readline()) for _ in range(records)]
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    said += [int(line) for line in child.stdout.read().split("\n")[:-1] if line]
    child.stdout.close()
    (kept,) = read_chain(place, study.sha256)
    assert len(kept) >= said[-1]
    assert [r.number for r in kept] == list(range(1, len(kept) + 1))
