"""A rater's file: SQLite with a rollback journal, locked as long as it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review.revision import REVISION, revision_of, upgrade

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine

__all__ = ["open_file"]

_FORMAT = 0x4C4E5852  # "LNXR": SQLite files with another application id are not ours


def open_file(path: Path, *, existing: bool = False) -> Connection:
    """Open a file, or make it; see `review.database.open_database`."""
    if existing and not path.is_file():
        msg = f"There is no file {path}; name a rater's file, such as raters/NAME.sqlite in the study's folder."
        raise StudyError(msg)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _engine(path).connect()
    try:
        with connection.begin():
            _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": 0.2},
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # transactions are begun below, not by the driver
        raw.execute("PRAGMA journal_mode=DELETE")  # a write-ahead log is unsafe on network shares
        raw.execute("PRAGMA synchronous=EXTRA")
        raw.execute("PRAGMA locking_mode=EXCLUSIVE")
        raw.execute("PRAGMA trusted_schema=OFF")
        raw.execute("PRAGMA cell_size_check=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    return engine


def _prepare(connection: Connection, path: Path) -> None:
    """Make the tables of a new file, or bring them up to date; refuse a file that is another program's or newer."""
    format_id = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if tables and format_id != _FORMAT:
        msg = f"{path} is a database of another program; choose another file."
        raise StudyError(msg)
    if connection.exec_driver_sql("PRAGMA quick_check").scalar_one() != "ok":
        msg = f"{path} is damaged; take it from its backup."
        raise StudyError(msg)
    if not tables or revision_of(connection) != REVISION:
        upgrade(connection, str(path))
        connection.exec_driver_sql(f"PRAGMA application_id={_FORMAT}")
