"""Which revision the tables of a file or database have, and how an older one becomes the newest."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

from napari_latent_explain.domain import StudyError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

__all__ = ["FIRST", "REVISION", "REVISION_TABLE", "alembic_config", "revision_of", "upgrade"]

FIRST = "0001"
REVISION = "0001"
"""The newest: with it there is nothing to do, and alembic need not be imported."""

REVISION_TABLE = "latent_explain_revision"
"""Not alembic's usual name: another program may have its tables in the same database."""

_TURN = threading.Lock()  # alembic keeps the connection that it is at in its modules, one for all threads

VERSIONS: tuple[Path, ...] = (Path(__file__).with_name("migrations") / "versions",)


def revision_of(connection: Connection) -> str | None:
    """Revision of the tables that are there; None if nothing says so."""
    if not inspect(connection).has_table(REVISION_TABLE):
        return None
    return connection.execute(select(column("version_num")).select_from(table(REVISION_TABLE))).scalar()


def alembic_config(connection: Connection) -> Config:
    """Settings of alembic for a connection; there is no alembic.ini."""
    from alembic.config import Config  # only when it is needed: its import takes as long as opening a file

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(VERSIONS[0].parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, VERSIONS)).replace("%", "%%"))
    return config


def upgrade(connection: Connection, place: str) -> None:
    """Make the tables, or take them to the newest revision, in the transaction that runs.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction: if that does not end well, everything is as it was.
    place : str
        What to call it in messages.

    Raises
    ------
    StudyError
        If the tables are of a newer revision, or another program's.
    """
    with _TURN:
        _upgrade(connection, place)


def _upgrade(connection: Connection, place: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    found = revision_of(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        msg = f"{place} was written by a newer version; update napari-latent-explain to open it."
        raise StudyError(msg)
    if found is None and (inspect(connection).has_table("log") or inspect(connection).has_table("chains")):
        if connection.dialect.name != "sqlite":
            msg = f"{place} is a database of another program: it has tables of the same names; choose another one."
            raise StudyError(msg)
        command.stamp(config, FIRST)  # files had no revision before there was a second kind of store
    command.upgrade(config, "heads")
