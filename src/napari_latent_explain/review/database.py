"""Opening a rater's file (SQLite) or a site's database (PostgreSQL), and the lock that keeps a second review out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review.schema import TABLES

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["VERSION", "lock_for", "open_database"]

VERSION = 1
_FORMAT = 0x4C4E5852  # "LNXR": SQLite files with another application id are not ours

_APPEND_ONLY = (
    "CREATE TRIGGER log_{deed} BEFORE {deed} ON log "
    "BEGIN SELECT RAISE(ABORT, 'the log is append only'); END"
)  # fmt: skip


def _file_engine(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"timeout": 0.2})

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


def _prepare_file(connection: Connection, path: Path) -> None:
    """Make the tables of a new file; refuse a file that is another program's or newer."""
    format_id = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if tables and format_id != _FORMAT:
        msg = f"{path} is a database of another program; choose another file."
        raise StudyError(msg)
    if version > VERSION:
        msg = f"{path} was written by a newer version; update napari-latent-explain to open it."
        raise StudyError(msg)
    if connection.exec_driver_sql("PRAGMA quick_check").scalar_one() != "ok":
        msg = f"{path} is damaged; take it from its backup."
        raise StudyError(msg)
    if not tables:
        TABLES.create_all(connection)
        for deed in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(_APPEND_ONLY.format(deed=deed))
        connection.exec_driver_sql(f"PRAGMA application_id={_FORMAT}")
        connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")


def open_database(where: Path | str, *, existing: bool = False) -> Connection:
    """Open a file or a database, with its tables made and of this version.

    Parameters
    ----------
    where : path or str
        A file, or an address with ``://``.
    existing : bool
        Refuse a file that is not there.

    Raises
    ------
    StudyError
        If it is another program's or of a newer version.
    sqlalchemy.exc.SQLAlchemyError, OSError
        If it can't be opened.
    """
    if "://" in str(where):
        return _open_server(str(where))
    path = Path(where)
    if existing and not path.is_file():
        msg = f"There is no file {path}; name a rater's file, such as raters/NAME.sqlite in the study's folder."
        raise StudyError(msg)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _file_engine(path).connect()
    try:
        with connection.begin():
            _prepare_file(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_server(address: str) -> Connection:
    try:
        url = make_url(address)
    except ArgumentError as error:
        msg = "The address of the database can't be read; it looks like postgresql+pg8000://user@host/name."
        raise StudyError(msg) from error
    if url.get_backend_name() != "postgresql":
        msg = f"Answers are kept in a file or in PostgreSQL, not in {url.get_backend_name()}."
        raise StudyError(msg)
    try:
        engine = create_engine(url.set(drivername="postgresql+pg8000"), poolclass=NullPool)
    except ModuleNotFoundError as error:
        msg = "A PostgreSQL database needs another package: pip install 'napari-latent-explain[site]'."
        raise StudyError(msg) from error
    connection = engine.connect()
    with connection.begin():
        TABLES.create_all(connection)
    return connection


def lock_for(connection: Connection, study: str, rater: str, place: str) -> None:
    """Keep others from writing this rater's records while the connection is open.

    Raises
    ------
    StudyError
        If somebody has them.
    """
    if connection.dialect.name == "sqlite":
        return  # opening has locked the file
    key = int.from_bytes(hashlib.sha256(f"{study}:{rater}".encode()).digest()[:8], "big", signed=True)
    if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one():
        msg = f"The answers of '{rater}' in {place} are open in another review; close it there."
        raise StudyError(msg)
