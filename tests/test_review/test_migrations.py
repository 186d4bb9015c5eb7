"""Tables are made and brought up to date by migrations; whatever interrupts one, the old records stay as they were."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review import RatingStore, read_chain, revision, site_database
from napari_latent_explain.review.database import open_database
from napari_latent_explain.review.schema import TABLES

NEXT = """
import os
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("log", sa.Column("device", sa.String(40), nullable=False, server_default="unknown"))
    op.create_table("devices", sa.Column("name", sa.String(40), primary_key=True))
    {more}
"""


@contextmanager
def _opened(place):
    connection = open_database(place)
    try:
        yield connection
    finally:
        connection.close()
        connection.engine.dispose()


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """Go over to a version of the program that has one more migration."""

    def released(more="pass"):
        folder = tmp_path / "versions"
        folder.mkdir(exist_ok=True)
        (folder / "0002_device.py").write_text(NEXT.format(more=more), encoding="utf-8")
        monkeypatch.setattr(revision, "VERSIONS", (*revision.VERSIONS[:1], folder))
        monkeypatch.setattr("napari_latent_explain.review.file_database.REVISION", "0002")
        monkeypatch.setattr("napari_latent_explain.review.site_database.REVISION", "0002")
        return folder

    return released


@pytest.fixture
def place(study, kept, clock):
    """A file or database of the version of today, with three records."""
    store = RatingStore.open(kept("r1"), study, "r1", now=clock)
    for deed in ("opened", "shown", "paused"):
        store.append(deed)
    store.close()
    return kept("r1")


def test_the_tables_are_what_the_migrations_make(place):
    with _opened(place) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": revision.REVISION_TABLE})
        assert compare_metadata(context, TABLES) == []


def test_a_difference_would_be_seen(place, newer):
    newer()
    with _opened(place) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": revision.REVISION_TABLE})
        assert {difference[0] for difference in compare_metadata(context, TABLES)} == {"remove_table", "remove_column"}


def test_the_newest_revision_is_the_one_that_is_compared_first(place):
    with _opened(place) as connection:
        script = ScriptDirectory.from_config(revision.alembic_config(connection))
        assert script.get_heads() == [revision.REVISION]
        assert script.get_base() == revision.FIRST
        assert revision.revision_of(connection) == revision.REVISION


def test_an_older_one_keeps_its_records(study, place, newer):
    before = read_chain(place)
    newer()
    store = RatingStore.open(place, study, "r1")
    assert store.records == before[0]
    store.append("resumed")
    store.close()
    assert len(read_chain(place)[0]) == 4
    with _opened(place) as connection:
        assert revision.revision_of(connection) == "0002"
        assert connection.exec_driver_sql("SELECT DISTINCT device FROM log").all() == [("unknown",)]
        with pytest.raises(Exception, match="append only"):
            connection.exec_driver_sql("DELETE FROM log")


def test_the_older_program_refuses_what_the_newer_one_wrote(study, place, newer, monkeypatch):
    with monkeypatch.context():
        newer()
        read_chain(place)
    monkeypatch.undo()
    with pytest.raises(StudyError, match="was written by a newer version; update napari-latent-explain"):
        RatingStore.open(place, study, "r1")


def test_files_of_before_there_were_revisions(study, folder, clock):
    path = folder / "raters" / "old.sqlite"
    store = RatingStore.open(path, study, "old", now=clock)
    store.append("opened")
    store.close()
    raw = sqlite3.connect(path)
    raw.execute(f"DROP TABLE {revision.REVISION_TABLE}")
    raw.execute("PRAGMA user_version = 1")
    raw.commit()
    raw.close()
    store = RatingStore.open(path, study, "old", now=clock)
    store.append("shown")
    assert len(store.records) == 2
    store.close()


@pytest.mark.parametrize(
    "accident",
    [
        "raise RuntimeError('an accident')",
        "raise sa.exc.OperationalError('', {}, Exception('database or disk is full'))",
    ],
)
def test_a_migration_that_fails_changes_nothing(place, newer, accident, monkeypatch):
    before = read_chain(place)
    newer(accident)
    with pytest.raises((RuntimeError, StudyError), match=r"accident|no room left"):
        read_chain(place)
    monkeypatch.undo()
    assert read_chain(place) == before
    with _opened(place) as connection:
        assert revision.revision_of(connection) == "0001"


def test_a_full_disk_while_a_file_is_brought_up_to_date(study, folder, clock, newer, monkeypatch):
    path = folder / "raters" / "r1.sqlite"
    store = RatingStore.open(path, study, "r1", now=clock)
    store.append("opened")
    store.close()
    newer(
        "op.execute('PRAGMA max_page_count = 20'); op.execute('CREATE TABLE big AS SELECT randomblob(200000) AS what')"
    )
    with pytest.raises(StudyError, match="no room left"):
        read_chain(path)
    monkeypatch.undo()
    assert len(read_chain(path)[0]) == 1


_UPGRADER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from napari_latent_explain.review import file_database, read_chain, revision, site_database
    revision.VERSIONS = (*revision.VERSIONS, Path(sys.argv[2]))
    file_database.REVISION = site_database.REVISION = "0002"
    read_chain(sys.argv[1])
""")


def test_killed_in_the_middle_of_a_migration(study, place, newer, monkeypatch):
    """The program dies between two changes of the tables: the version of before reads and writes as if nothing had been."""
    before = read_chain(place)
    folder = newer(f"os.kill(os.getpid(), {int(signal.SIGKILL)})")
    child = subprocess.run([sys.executable, "-c", _UPGRADER, str(place), str(folder)], check=False)
    assert child.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert read_chain(place) == before
    store = RatingStore.open(place, study, "r1")
    store.append("resumed")
    store.close()
    newer()
    assert len(read_chain(place)[0]) == 4


@pytest.mark.postgres
def test_a_database_is_not_brought_up_to_date_under_a_review(study, address, clock, newer, monkeypatch):
    monkeypatch.setitem(site_database._SETTINGS, "lock_timeout", "300ms")
    RatingStore.open(address, study, "r1").close()
    store = RatingStore.open(address, study, "r1", now=clock)
    newer()
    with pytest.raises(StudyError, match="held by reviews that are open there"):
        RatingStore.open(address, study, "r2")
    store.append("opened")
    store.close()
    RatingStore.open(address, study, "r2").close()


@pytest.mark.postgres
def test_a_database_with_another_program_s_tables_is_left_alone(server, study, address):
    server.execute(address, "CREATE TABLE log (line text)", "GRANT SELECT ON log TO PUBLIC")
    with pytest.raises(StudyError, match="another program"):
        RatingStore.open(address, study, "r1")
    assert server.execute(address, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [[1]]


def test_alembic_is_not_imported_for_what_is_up_to_date(place):
    code = (
        "import sys; from napari_latent_explain.review import read_chain; assert read_chain(sys.argv[1]); "
        "assert 'alembic' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, str(place)], env=os.environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_files_that_threads_begin_at_once_are_all_whole(tmp_path):
    together = threading.Barrier(4, timeout=60)

    def begin(number):
        together.wait()
        with _opened(tmp_path / f"{number}.sqlite") as connection, connection.begin():
            return revision.revision_of(connection)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(begin, range(4))) == [revision.REVISION] * 4
