"""A site's database: PostgreSQL, in which every rater writes only their own records, one review at a time."""

from __future__ import annotations

import hashlib
import json
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review.address import place_name, read_address
from napari_latent_explain.review.causes import is_lost
from napari_latent_explain.review.revision import REVISION, revision_of, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import ExceptionContext

__all__ = ["lock_rater", "open_site", "read_at_one_moment"]

_SETTINGS = {
    "synchronous_commit": "on",  # an answer that was acknowledged outlives a power cut
    "default_transaction_isolation": "read committed",
    "statement_timeout": "8s",  # less than `address.SECONDS`: the server says it better
    "lock_timeout": "4s",
    "idle_session_timeout": "0",  # a rater may have a break
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "20",  # a machine that is gone gives its lock back within a minute
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""What the connection asks for, whatever the server's defaults are; what an older server does not know is left out."""

_SET = "SELECT set_config(name, value, false) FROM json_each_text(CAST(%s AS json)) JOIN pg_settings ON name = key"

_FOREIGN = (LookupError, ValueError, TypeError, AttributeError, struct.error)
"""What pg8000 raises when that which answers is no PostgreSQL."""


def _key(words: str) -> int:
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big", signed=True)


_TABLES = _key("napari-latent-explain: tables")


def open_site(address: str, *, existing: bool = False) -> Connection:
    """Connect to a server and make its tables or bring them up to date; see `review.database.open_database`."""
    place = place_name(address)
    engine = _engine(address)
    try:
        connection = engine.connect()
    except (DBAPIError, OSError, *_FOREIGN) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, (OSError, engine.dialect.loaded_dbapi.Error)) and not is_lost(cause):
            raise
        msg = f"{place} does not answer in time, or not as PostgreSQL does; look whether it runs and its address is right."
        raise StudyError(msg) from error
    try:
        _prepare(connection, place, existing=existing)
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(address: str) -> Engine:
    url, arguments = read_address(address)
    secret = {"password": url.password or ""}  # pg8000 stumbles over None
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments | secret)
    except ModuleNotFoundError as error:
        msg = "A PostgreSQL database needs another package: pip install 'napari-latent-explain[site]'."
        raise StudyError(msg) from error

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: Any) -> None:
        cursor = raw.cursor()
        cursor.execute(_SET, (json.dumps(_SETTINGS),))
        cursor.close()
        raw.commit()
        raw.close = _without_complaint(raw.close, engine)

    @event.listens_for(engine, "handle_error")
    def see_what_is_lost(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, OSError) or is_lost(context.original_exception):
            context.is_disconnect = True  # the next answer on it might be to an earlier question

    return engine


def _without_complaint(close: Callable[[], None], engine: Engine) -> Callable[[], None]:
    """What closes a connection that may be lost already; SQLAlchemy would log that, with all of its stack."""

    def closed() -> None:
        with suppress(engine.dialect.loaded_dbapi.Error, OSError):
            close()

    return closed


def _prepare(connection: Connection, place: str, *, existing: bool) -> None:
    """Hold the tables as they are while the connection is open, once they are of this version."""
    share = text("SELECT pg_advisory_lock_shared(:key)"), {"key": _TABLES}
    connection.execute(*share)
    found = revision_of(connection)
    connection.commit()
    if found == REVISION:
        return
    if found is None and existing:
        msg = f"{place} holds no answers."
        raise StudyError(msg)
    connection.execute(text("SELECT pg_advisory_unlock_shared(:key)"), {"key": _TABLES})
    connection.commit()
    with connection.begin():  # nobody else is at work now, or the lock is not given
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TABLES})
        if revision_of(connection) != REVISION:
            upgrade(connection, place)
    connection.execute(*share)
    connection.commit()


def lock_rater(connection: Connection, study: str, rater: str, place: str) -> None:
    """Keep others from writing this rater's records of a study while the connection is open.

    Raises
    ------
    StudyError
        If somebody has them.
    """
    given = connection.execute(
        text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(f"{study}:{rater}")}
    ).scalar_one()
    if not given:
        msg = f"The answers of '{rater}' in {place} are open in another review; close it there."
        raise StudyError(msg)


def read_at_one_moment(connection: Connection) -> None:
    """Let the transaction that begins see everything as it is now, while others go on writing."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
